"""Many pictures of many sizes for many minutes: do memory, descriptors, threads and files level off?

One server has ocr_system and ocr_pipeline. Pictures of 500 sizes go to ``/predict/ocr_system`` and to
``/ocr`` in turn, each size to both; one in twenty is the page of a PDF. Every reply brings its picture along.
Two callers share 500 pictures a minute, evenly spread where the machine is fast enough. Every 5 s it is
counted what all processes of the server have together, and the files of its run dir.

A figure levels off if its median in the last quarter of the time is hardly above that of the quarter before.
"""

from __future__ import annotations

import base64
import io
import json
import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

import requests
from PIL import Image

from benchmarks import load, machine
from benchmarks.ocr_servers import ocr_server
from benchmarks.server import HubServer
from hub.ocr.model_sets import DEFAULT

MINUTES = 20.0
QUICK_MINUTES = 0.5
PER_MINUTE = 500
SIZES = 500
PDF_EVERY = 20
CALLERS = 2
SAMPLE_SECONDS = 5.0
PICTURES = machine.ROOT / "doc" / "imgs"
#: What the last quarter may have more than the one before: a share, and what comes and goes.
GROWTH = 1.02
NOISE = {"memory_mb": 10.0, "descriptors": 4.0, "threads": 2.0, "files": 1.0}


@dataclass(frozen=True)
class Sample:
    """What there is at a time; memory is anonymous memory."""

    seconds: float
    memory_mb: float
    descriptors: int
    threads: int
    files: int


def main(quick: bool, minutes: float = MINUTES, model: str = DEFAULT) -> dict[str, Any]:
    minutes = QUICK_MINUTES if quick else minutes
    with ocr_server(model) as server:
        check_replies(server)
        outcome, samples = soak(server, minutes)
    found = quarters(samples)
    report(outcome, found, minutes)
    wanted = int(PER_MINUTE * minutes)
    missed = [f"soak: {line}" for line in growth(samples)]
    if len(outcome.seconds) < wanted:
        missed.append(f"soak: {len(outcome.seconds)} pictures in {minutes:g} minutes, {wanted} wanted")
    if not outcome.is_clean:
        missed.append(f"soak: answers {dict(outcome.codes)}, {len(outcome.lost)} lost")
    return {
        "model": model,
        "minutes": minutes,
        "pictures": len(outcome.seconds),
        "codes": dict(outcome.codes),
        "lost": len(outcome.lost),
        "quarters": found,
        "samples": [asdict(sample) for sample in samples],
        "missed": missed,
    }


def soak(server: HubServer, minutes: float) -> tuple[load.Outcome, list[Sample]]:
    """Send pictures for so long; return what came of them and what was counted meanwhile."""
    begun, samples = time.monotonic(), Samples(server)
    sampler = threading.Thread(target=samples.run, daemon=True)
    sampler.start()
    made = bodies()
    number = 0

    def make(client: int, serial: int) -> tuple[bytes, bytes | None]:
        nonlocal number
        time.sleep(max(0.0, begun + number * 60 / PER_MINUTE - time.monotonic()))
        number += 1
        return next(made)

    wanted = int(PER_MINUTE * minutes)
    outcome = load.run(server.port, CALLERS, 60 * minutes, make, max_requests=wanted, patience=60)
    samples.is_over.set()
    sampler.join()
    return outcome, samples.taken


@dataclass
class Samples:
    server: HubServer
    taken: list[Sample] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        begun = time.monotonic()
        run_dir = self.server.run_dir
        while not self.is_over.wait(SAMPLE_SECONDS):
            pids = self.server.pids
            self.taken.append(
                Sample(
                    round(time.monotonic() - begun, 1),
                    round(machine.anonymous_mb(pids), 1),
                    sum(map(machine.descriptors, pids)),
                    machine.threads(pids),
                    sum(1 for path in run_dir.rglob("*") if not path.is_dir()),
                )
            )


def bodies() -> Iterator[tuple[bytes, bytes | None]]:
    """Yield requests without end, and what their answers must contain."""
    chance = random.Random(20)
    sizes = [(chance.randrange(100, 640), chance.randrange(60, 480)) for _ in range(SIZES)]
    samples = [Image.open(path).convert("RGB") for path in sorted(PICTURES.glob("*.jpg"))]
    number = 0
    while True:
        size = sizes[number % SIZES]
        is_pdf = number % PDF_EVERY == 0
        data = encoded(samples[number % len(samples)], size, "PDF" if is_pdf else "JPEG")
        image = base64.b64encode(data).decode()
        if is_pdf or (number + number // SIZES) % 2:
            body = {"file": image, "fileType": 0 if is_pdf else 1, "visualize": True}
            yield load.post("/ocr", json.dumps(body).encode()), b'"ocrImage"'
        else:
            body = {"images": [image], "visualize": True}
            yield load.post("/predict/ocr_system", json.dumps(body).encode()), b'"image"'
        number += 1


def encoded(picture: Image.Image, size: tuple[int, int], kind: str) -> bytes:
    file = io.BytesIO()
    picture.resize(size).save(file, kind)
    return file.getvalue()


def check_replies(server: HubServer) -> None:
    """Raise where an answer is none: the soak would only repeat it."""
    made = bodies()
    for _ in range(3):
        request, expected = next(made)
        line, _, data = request.partition(b"\r\n")
        path, body = line.split()[1].decode(), data.partition(b"\r\n\r\n")[2]
        headers = {"Content-Type": "application/json"}
        reply = requests.post(server.url + path, data=body, headers=headers, timeout=120)
        if reply.status_code != 200 or expected not in reply.content:
            raise RuntimeError(f"{path} answers {reply.status_code}: {reply.text[:500]}")


def quarters(samples: Sequence[Sample]) -> list[dict[str, float]]:
    """Return the medians of the four quarters of the time."""
    size = max(1, len(samples) // 4)
    parts = [samples[size * number : size * (number + 1)] for number in range(3)]
    parts.append(samples[size * 3 :])
    return [
        {name: median(getattr(sample, name) for sample in part) for name in NOISE} for part in parts if part
    ]


def growth(samples: Sequence[Sample]) -> list[str]:
    """Say what has not levelled off."""
    found = quarters(samples)
    if len(found) < 4:
        return [f"{len(samples)} samples are too few to say anything"]
    third, last = found[2:]
    return [
        f"{name} grew from {third[name]:g} in the third quarter to {last[name]:g} in the last"
        for name, noise in NOISE.items()
        if last[name] > max(third[name] * GROWTH, third[name] + noise)
    ]


def report(outcome: load.Outcome, found: Sequence[dict[str, float]], minutes: float) -> None:
    print(
        f"{outcome.codes[200]} of {len(outcome.seconds) + len(outcome.lost)} pictures answered 200 in "
        f"{outcome.elapsed / 60:.1f} minutes; p50 {outcome.percentile(50) * 1000:.0f} ms, "
        f"p99 {outcome.percentile(99) * 1000:.0f} ms"
    )
    machine.print_table(
        f"A soak of {minutes:g} minutes: medians of its quarters",
        ("", "first", "second", "third", "last"),
        [(name, *(f"{quarter[name]:.0f}" for quarter in found)) for name in NOISE],
    )
