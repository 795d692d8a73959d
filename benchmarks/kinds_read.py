"""Read pages with one OCR library:  ``python -P kinds_read.py READER OPTIONS FOLDER OUTPUT [KIND …]``.

Run by the Python of that library's environment, so it imports nothing else of this package. OUTPUT gets a
line of JSON for each page, at once: ``{"page": …, "items": [{"text", "text_region"}, …], "cpu_ms": …}``.
Pages that are in it already are not read again, so a run that was ended goes on where it stopped.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2

Items = list[dict[str, Any]]
#: From a page, uint8 (h, w, 3), BGR, and its file to what was read.
Read = Callable[[Any, Path], Items]


def hubserving(options: dict[str, Any]) -> Read:
    """Load a module folder with init_args; also that of another version of HubServing, by PYTHONPATH."""
    from hub.module.loader import create

    module = create(Path(options["module"]), options["init_args"])

    def read(image: Any, _path: Path) -> Items:
        items: Items = module.predict(images=[image])[0]
        return items

    return read


def rapidocr(_options: dict[str, Any]) -> Read:
    """Load RapidOCR 3 as it is: its own models and settings."""
    from rapidocr import RapidOCR

    logging.disable(logging.INFO)
    engine = RapidOCR()

    def read(image: Any, _path: Path) -> Items:
        found = engine(image)
        boxes = [] if found.boxes is None else found.boxes
        return [
            {"text": text, "text_region": box.tolist()}
            for box, text in zip(boxes, found.txts or (), strict=True)
        ]

    return read


def faster_paddle(options: dict[str, Any]) -> Read:
    """Load faster-paddle as it is, with one of its two sizes of model."""
    import faster_paddle

    engine = faster_paddle.OcrEngine(model_size=options["model"])

    def read(_image: Any, path: Path) -> Items:
        bounds = engine.ocr(path.read_bytes())["bounds"]
        return [
            {"text": piece["text"], "text_region": _corners(piece)}
            for _, piece in sorted(bounds.items(), key=lambda pair: int(pair[0]))
        ]

    return read


def _corners(piece: dict[str, Any]) -> list[list[float]]:
    (left, top), (right, bottom) = (map(float, piece[key]) for key in ("topLeftCoord", "bottomRightCoord"))
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


READERS = {"hubserving": hubserving, "rapidocr": rapidocr, "faster_paddle": faster_paddle}


def main() -> None:
    name, options, folder, output = sys.argv[1], json.loads(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])
    kinds = json.loads((folder / "labels.json").read_text("utf-8"))["kinds"]
    pages = [page for kind in sys.argv[5:] or kinds for page in kinds[kind]["pages"]]
    done: set[str] = set()
    if output.exists():
        # A line that was cut off by the end of a run is not one.
        whole = output.read_text("utf-8").rpartition("\n")[0]
        lines = whole.splitlines()
        output.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        done = {json.loads(line)["page"] for line in lines}
    left = [page for page in pages if page not in done]
    if not left:
        return
    read = READERS[name](options)
    with output.open("a", encoding="utf-8") as file:
        for page in left:
            image = cv2.imread(str(folder / page))
            began = time.process_time()
            items = read(image, folder / page)
            spent = time.process_time() - began
            kept = [{"text": item["text"], "text_region": item["text_region"]} for item in items]
            said = {"page": page, "items": kept, "cpu_ms": round(1000 * spent, 1)}
            print(json.dumps(said, ensure_ascii=False), file=file, flush=True)


if __name__ == "__main__":
    main()
