"""Memory of a whole server: after many pictures of many sizes, after very large ones, and after PDFs.

``/predict/ocr_system`` and ``/ocr`` have a server each. What counts is what the server keeps: it is asked
some seconds after the last picture, when an idle runner has given back what it can.
"""

from __future__ import annotations

import base64
import io
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from benchmarks import load, machine
from benchmarks.ocr_drive import draw
from benchmarks.ocr_servers import init_args, weights_of
from benchmarks.server import HubServer
from hub.ocr.model_sets import DEFAULT
from hub.serving.process.memory import IDLE_SECONDS

COUNT = 500
SIZES = 200
CALLERS = 2
PATIENCE = 300.0
#: Width and height of scans, of screens put together, and of long screenshots.
LARGE: Final = ((2500, 3500), (3500, 2500), (4500, 4500), (1200, 9000), (9000, 1200), (800, 12_000))
DOCUMENTS, PAGES = 8, 4
#: Megabytes after COUNT pictures, by the set of models, and what they may grow from the 200th on.
MOST: Final = {"PP-OCRv6_small": 1100, "PP-OCRv6_tiny": 750}
GROWTH = 1.05


def main(quick: bool, model: str = DEFAULT) -> dict[str, Any]:
    count = 20 if quick else COUNT
    with tempfile.TemporaryDirectory() as folder:
        drawn = [Image.open(io.BytesIO(each.data)).convert("RGB") for each in draw(Path(folder), 48)]
    pipeline = {"directory": str(machine.ROOT / "modules" / "ocr_pipeline"), "model": model}
    modules = {
        "/predict/ocr_system": {"ocr_system": {"init_args": init_args(model)}},
        "/ocr": {"ocr_pipeline": {"init_args": pipeline}},
    }
    found = {path: measure(path, entry, model, drawn, count) for path, entry in modules.items()}
    steps = list(found["/ocr"])
    machine.print_table(
        f"Memory of a server with {model}, MB (PSS of all processes)",
        ("", *steps),
        [(path, *(str(said.get(step, "–")) for step in steps)) for path, said in found.items()],
    )
    return {"model": model, "mb": found, "missed": list(missed(model, found))}


def measure(
    path: str, modules: dict[str, Any], model: str, drawn: Sequence[Image.Image], count: int
) -> dict[str, int]:
    """Return step → megabytes that the server keeps after it."""
    sizes = [tuple(map(int, pair)) for pair in np.random.default_rng(5).integers(240, 1400, (SIZES, 2))]

    def picture(number: int, size: tuple[int, ...]) -> bytes:
        return encoded([drawn[number % len(drawn)].resize((size[0], size[1]))], "JPEG")

    def pictures(numbers: range) -> Iterator[bytes]:
        return (picture(number, sizes[number % SIZES]) for number in numbers)

    def document(number: int) -> bytes:
        pages = [drawn[(number * PAGES + page) % len(drawn)].resize((900, 1200)) for page in range(PAGES)]
        return encoded(pages, "PDF")

    with HubServer(modules, weights=weights_of(model)) as server:
        said = {"ready": kept(server)}
        for begin, end in ((0, count * 2 // 5), (count * 2 // 5, count)):
            send(server, path, list(pictures(range(begin, end))))
            said[f"{end} pictures"] = kept(server)
        send(server, path, [picture(number, size) for number, size in enumerate(LARGE)])
        said["very large ones"] = kept(server)
        if path == "/ocr":
            send(server, path, [document(number) for number in range(DOCUMENTS)], kind=0)
            said[f"{DOCUMENTS} PDFs of {PAGES} pages"] = kept(server)
    return said


def send(server: HubServer, path: str, files: Sequence[bytes], *, kind: int = 1) -> None:
    """Send files, and raise where one is not answered 200."""
    left = iter(files)

    def make(client: int, serial: int) -> tuple[bytes, bytes | None]:
        text = base64.b64encode(next(left)).decode()
        body = {"file": text, "fileType": kind} if path == "/ocr" else {"images": [text]}
        return load.post(path, json.dumps(body).encode()), None

    outcome = load.run(server.port, CALLERS, 3600.0, make, max_requests=len(files), patience=PATIENCE)
    if not outcome.is_clean:
        raise RuntimeError(f"{path} answers {dict(outcome.codes)}, {len(outcome.lost)} lost")


def kept(server: HubServer) -> int:
    time.sleep(IDLE_SECONDS + 3)
    return round(machine.memory_mb(machine.tree(server.process.pid)))


def encoded(pages: Sequence[Image.Image], kind: str) -> bytes:
    file = io.BytesIO()
    more = {"save_all": True, "append_images": pages[1:]} if kind == "PDF" else {}
    pages[0].save(file, kind, **more)
    return file.getvalue()


def missed(model: str, found: dict[str, dict[str, int]]) -> Iterator[str]:
    """Say which server keeps too much, or more and more."""
    for path, said in found.items():
        _, before, after = list(said.values())[:3]
        if after > MOST.get(model, after):
            yield f"memory: {path} keeps {after} MB, {MOST[model]} wanted"
        if after > before * GROWTH:
            yield f"memory: {path} grew from {before} to {after} MB"
