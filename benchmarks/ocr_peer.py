"""Another OCR library behind mosec; run by the Python of that library's environment.

    python ocr_peer.py PORT WORKERS THREADS LIBRARY OPTIONS

LIBRARY is ``faster_paddle`` (OPTIONS are those of its OcrEngine), ``rapidocr`` or ``rapidocr_onnxruntime``
(RapidOCR from release 2 on, and before). There are so many WORKERS, processes of one engine with so many
THREADS each. A request is ``{"images": ["<base64>", …]}``, the reply per image a list of texts and corners.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

#: From the bytes of an image to its texts, with their corners (4, 2) as (x, y).
Read = Callable[[bytes], list[tuple[str, Any]]]


def faster_paddle(threads: int, options: dict[str, Any]) -> Read:
    import faster_paddle

    engine = faster_paddle.OcrEngine(threads=threads, **options)

    def read(image: bytes) -> list[tuple[str, Any]]:
        return [(each["text"], _corners(each)) for each in engine.ocr(image)["bounds"].values()]

    return read


def _corners(piece: dict[str, Any]) -> list[list[float]]:
    (left, top), (right, bottom) = (map(float, piece[key]) for key in ("topLeftCoord", "bottomRightCoord"))
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def rapidocr(threads: int, _options: dict[str, Any]) -> Read:
    from rapidocr import RapidOCR

    engine = "EngineConfig.onnxruntime"
    settings = {f"{engine}.intra_op_num_threads": threads, f"{engine}.inter_op_num_threads": 1}
    ocr = RapidOCR(params={"Global.log_level": "error", **settings})

    def read(image: bytes) -> list[tuple[str, Any]]:
        found = ocr(image)
        return [] if found.boxes is None else list(zip(found.txts, found.boxes.tolist(), strict=True))

    return read


def rapidocr_onnxruntime(threads: int, _options: dict[str, Any]) -> Read:
    from rapidocr_onnxruntime import RapidOCR

    ocr = RapidOCR(intra_op_num_threads=threads, inter_op_num_threads=1)

    def read(image: bytes) -> list[tuple[str, Any]]:
        return [(text, box) for box, text, _ in ocr(image)[0] or []]

    return read


LIBRARIES: dict[str, Callable[[int, dict[str, Any]], Read]] = {
    each.__name__: each for each in (faster_paddle, rapidocr, rapidocr_onnxruntime)
}


def main() -> None:
    from mosec import Server, Worker

    port, workers, threads, library, options = sys.argv[1:]
    cv2.setNumThreads(1)  # its threads would not survive the fork
    blank = cv2.imencode(".png", np.full((320, 320, 3), 255, np.uint8))[1].tobytes()

    class Reader(Worker):
        def __init__(self) -> None:
            self.read = LIBRARIES[library](int(threads), json.loads(options))
            self.read(blank)

        def forward(self, data: Any) -> Any:
            pages = (self.read(base64.b64decode(image)) for image in data["images"])
            return {"results": [[{"text": text, "text_region": box} for text, box in page] for page in pages]}

    sys.argv = [sys.argv[0], "--address", "127.0.0.1", "--port", port, "--timeout", "60000"]
    server = Server()
    server.append_worker(Reader, num=int(workers), start_method="fork")
    server.run()


if __name__ == "__main__":
    main()
