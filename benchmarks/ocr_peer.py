"""RapidOCR (ONNX Runtime) behind mosec or FastAPI; run by the Python of the peers' own environment.

    python ocr_peer.py mosec|fastapi PORT

Two workers with one thread each, the fastest set-up on two cores. The package that is installed tells the
models, which its wheel brings: ``rapidocr`` those of PP-OCRv6 small, ``rapidocr_onnxruntime`` those of
PP-OCRv4 mobile. Parameters are those of ocr_system with these models; no angle classifier. A request is
``{"images": ["<base64>", …]}``, the reply per image a list of texts, confidences and corners.
"""

from __future__ import annotations

import base64
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np

WORKERS = 2
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
#: Of PP-OCRv6 small.
PARAMETERS = {
    "Global.use_cls": False,
    "Global.log_level": "error",
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    "Det.limit_side_len": 960,
    "Det.limit_type": "max",
    "Det.mean": MEAN,
    "Det.std": STD,
    "Det.thresh": 0.2,
    "Det.box_thresh": 0.45,
    "Det.unclip_ratio": 1.4,
    "Det.use_dilation": False,
}
#: Of PP-OCRv4, in the config.yaml of the older package: what ocr_system has, one thread.
CHANGES = {
    "&intra_nums -1": "&intra_nums 1",
    "&inter_nums -1": "&inter_nums 1",
    "use_dilation: true": "use_dilation: false",
    "use_cls: true": "use_cls: false",
}
#: An image's lines: corners, text and confidence of each.
Reader = Callable[[Any], Iterable[tuple[Any, str, float]]]


def build() -> Reader:
    """Load and warm the models that are here."""
    reader = _present() if find_spec("rapidocr") else _older()
    reader(np.full((320, 320, 3), 255, np.uint8))
    return reader


def _present() -> Reader:
    from rapidocr import RapidOCR

    ocr = RapidOCR(params=PARAMETERS)

    def lines(image: Any) -> Iterable[tuple[Any, str, float]]:
        found = ocr(image)
        if found.boxes is None:
            return []
        return zip(found.boxes.tolist(), found.txts, found.scores, strict=True)

    return lines


def _older() -> Reader:
    import rapidocr_onnxruntime
    from rapidocr_onnxruntime.ch_ppocr_det.utils import DetPreProcess

    text = (Path(rapidocr_onnxruntime.__file__).parent / "config.yaml").read_text()
    for old, new in CHANGES.items():
        assert old in text, old
        text = text.replace(old, new)
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
        config.write(text)
        config.flush()
        ocr = rapidocr_onnxruntime.RapidOCR(config.name)
    # Its own choice is 960, 1500 or 2000 by the image's size, which costs it time.
    ocr.text_det.get_preprocess = lambda longest: DetPreProcess(960, "max", MEAN, STD)
    return lambda image: ocr(image)[0] or []


def read(reader: Reader, body: dict[str, Any]) -> list[list[dict[str, Any]]]:
    pages = []
    for text in body["images"]:
        image = cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_COLOR)
        pages.append(
            [
                {"text_region": box, "text": text, "confidence": float(score)}
                for box, text, score in reader(image)
            ]
        )
    return pages


def serve_mosec(port: int) -> None:
    from mosec import Server, Worker

    class Reader(Worker):
        def __init__(self) -> None:
            self.reader = build()

        def forward(self, data: Any) -> Any:
            return {"results": read(self.reader, data)}

    sys.argv = [sys.argv[0], "--address", "127.0.0.1", "--port", str(port), "--timeout", "60000"]
    server = Server()
    server.append_worker(Reader, num=WORKERS, start_method="fork")
    server.run()


def serve_fastapi(port: int) -> None:
    import uvicorn

    os.environ["PYTHONPATH"] = str(Path(__file__).parent)
    uvicorn.run(
        "ocr_peer:application", factory=True, host="127.0.0.1", port=port, workers=WORKERS, log_level="error"
    )


def application() -> Any:
    """Make the FastAPI app of one uvicorn worker."""
    from fastapi import FastAPI

    app, reader = FastAPI(), build()

    async def inference(body: dict[str, Any]) -> dict[str, Any]:
        # In the event loop: a worker has one thread, and a pool would only queue there.
        return {"results": read(reader, body)}

    app.post("/inference")(inference)
    app.get("/metrics")(lambda: "")
    return app


if __name__ == "__main__":
    cv2.setNumThreads(1)
    {"mosec": serve_mosec, "fastapi": serve_fastapi}[sys.argv[1]](int(sys.argv[2]))
