"""The OCR pipeline in one process without HTTP, and its engine alone; started and told what to do by ocr.py.

    python -m benchmarks.ocr_inside FOLDER IMAGES INIT_ARGS

Reads lines ``pipeline|engine CALLERS`` and prints ``{"images_per_second": …}`` for each. "engine" runs
only the inputs that detector and recogniser were given for the same images: no decoding, no cutting out, no
text.
"""

from __future__ import annotations

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
    """Return the batches of detector and recogniser for each image."""
    pipeline = module.pipeline
    detector, recognizer = pipeline.detector.model, pipeline.recognizer.model
    pipeline.detector.model, pipeline.recognizer.model = Recorder(detector), Recorder(recognizer)
    for image in images:
        module.serving_method([image])
    found = list(zip(pipeline.detector.model.calls, pipeline.recognizer.model.calls, strict=True))
    pipeline.detector.model, pipeline.recognizer.model = detector, recognizer
    return found


def loop(work: Callable[[int], object], count: int, callers: int) -> float:
    """Return the calls per second of ``callers`` threads, with each number below ``count`` once."""
    numbers = iter(range(count))

    def call() -> None:
        for number in numbers:
            work(number)

    threads = [threading.Thread(target=call) for _ in range(callers)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return count / (time.monotonic() - begun)


def main() -> None:
    folder, images_folder, init_args = sys.argv[1:]
    module = create(Path(folder), json.loads(init_args))
    # In the order of ocr.py: by number first, so that cards and pages take turns.
    paths = sorted(Path(images_folder).glob("*.jpg"))
    images = [path.read_bytes() for path in paths]
    batches = record(module, images)
    detector, recognizer = module.pipeline.detector.model, module.pipeline.recognizer.model

    def engine(number: int) -> None:
        first, second = batches[number]
        for model, inputs in ((detector, first), (recognizer, second)):
            for _ in model.run_many(inputs):
                pass

    works: dict[str, Callable[[int], object]] = {
        "pipeline": lambda number: module.serving_method([images[number]]),
        "engine": engine,
    }
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        kind, callers = line.split()
        rate = loop(works[kind], len(images), int(callers))
        print(json.dumps({"images_per_second": rate}), flush=True)


if __name__ == "__main__":
    main()
