"""The OCR pipeline in one process without HTTP, and its engine alone; started and told what to do by ocr.py.

    python -m benchmarks.ocr_inside FOLDER IMAGES INIT_ARGS

Reads lines ``pipeline|engine CALLERS SECONDS`` and prints ``{"images_per_second": …}`` for each. "engine"
runs only the inputs that detector and recogniser were given for the same images: no decoding, no cutting
out, no text.
"""

from __future__ import annotations

import itertools
import json
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from hub.engines.base import Batch
from hub.module.loader import create


class Recorder:
    """A model that remembers the batches of each call."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.calls: list[list[Batch]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def run_many(self, batches: Iterable[Batch]) -> Iterator[Any]:
        self.calls.append(list(batches))
        return iter(list(self._model.run_many(self.calls[-1])))


def record(module: Any, images: list[bytes]) -> list[tuple[list[Batch], list[Batch]]]:
    """The batches of detector and recogniser for each image."""
    pipeline = module.pipeline
    detector, recognizer = pipeline.detector.model, pipeline.recognizer.model
    pipeline.detector.model, pipeline.recognizer.model = Recorder(detector), Recorder(recognizer)
    for image in images:
        module.serving_method([image])
    found = list(zip(pipeline.detector.model.calls, pipeline.recognizer.model.calls, strict=True))
    pipeline.detector.model, pipeline.recognizer.model = detector, recognizer
    return found


def loop(work: Callable[[int], object], numbers: Iterator[int], callers: int, seconds: float) -> float:
    """Calls per second of ``callers`` threads, with the next of ``numbers`` each."""
    done = []
    begun = time.monotonic()

    def call() -> None:
        while time.monotonic() < begun + seconds:
            work(next(numbers))
            done.append(1)

    threads = [threading.Thread(target=call) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(done) / (time.monotonic() - begun)


def main() -> None:
    folder, images_folder, init_args = sys.argv[1:]
    module = create(Path(folder), json.loads(init_args))
    # In the order of ocr.py: by number first, so that cards and pages take turns.
    paths = sorted(Path(images_folder).glob("*.jpg"), key=lambda path: path.name.partition("_")[::-1])
    images = [path.read_bytes() for path in paths]
    batches = record(module, images)
    detector, recognizer = module.pipeline.detector.model, module.pipeline.recognizer.model

    def engine(number: int) -> None:
        first, second = batches[number % len(batches)]
        for model, inputs in ((detector, first), (recognizer, second)):
            for _ in model.run_many(inputs):
                pass

    works: dict[str, Callable[[int], object]] = {
        "pipeline": lambda number: module.serving_method([images[number % len(images)]]),
        "engine": engine,
    }
    numbers = {kind: itertools.count() for kind in works}  # go on from one measurement to the next
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        kind, callers, seconds = line.split()
        rate = loop(works[kind], numbers[kind], int(callers), float(seconds))
        print(json.dumps({"images_per_second": rate}), flush=True)


if __name__ == "__main__":
    main()
