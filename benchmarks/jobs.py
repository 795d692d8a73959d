"""Interactive requests beside a job: what they wait for it, and how far it gets meanwhile.

Both read drawn pictures with ``ocr_system``. Requests arrive at half of the machine's rate, whether answers
have come or not (an open loop); then four callers ask again as soon as they have an answer.
"""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import requests

from benchmarks import load, machine
from benchmarks.ocr_drive import bodies, draw
from benchmarks.ocr_servers import ocr_server
from hub.client import Client, Job
from hub.ocr.model_sets import DEFAULT

SECONDS: Final = 60.0
CALLERS: Final = 4
#: The median beside a job, as a multiple of that without one; the share of what is left that the job gets;
#: and the share of all that it gets beside callers in closed loop.
MEDIAN, LEFT, BESIDE_CALLERS = 1.2, 0.7, 0.05


def main(quick: bool, model: str = DEFAULT) -> dict[str, Any]:
    seconds = 5.0 if quick else SECONDS
    with tempfile.TemporaryDirectory() as folder:
        images = [each.data for each in draw(Path(folder), 16)]
    sent = bodies(images)
    with ocr_server(model) as server, Client(server.url, timeout=60) as client:
        _closed(server.port, sent, seconds / 4)  # shapes are compiled
        rate = _closed(server.port, sent, seconds).requests_per_second
        alone = _open(server.url, sent, rate / 2, seconds)
        job = client.submit("ocr_system", images=[images[number % 16] for number in range(4000)])
        while _done(job) < 3:
            time.sleep(0.1)
        pages = _rate(job, lambda: time.sleep(seconds))
        beside: list[float] = []
        shared = _rate(job, lambda: beside.extend(_open(server.url, sent, rate / 2, seconds)))
        crowded = _rate(job, lambda: _closed(server.port, sent, seconds))
        job.cancel()
    found = {
        "requests_per_second": rate,
        "p50_alone": _percentile(alone, 50), "p50_beside": _percentile(beside, 50),
        "p99_alone": _percentile(alone, 99), "p99_beside": _percentile(beside, 99),
        "pages_per_second": pages, "pages_beside_half": shared, "pages_beside_callers": crowded,
    }  # fmt: skip
    machine.print_table(
        f"Requests at {rate / 2:.1f} a second beside a job ({model})",
        ("", "without", "with the job"),
        [
            ("p50, ms", *(f"{found[key] * 1000:.0f}" for key in ("p50_alone", "p50_beside"))),
            ("p99, ms", *(f"{found[key] * 1000:.0f}" for key in ("p99_alone", "p99_beside"))),
            ("pages/s", f"{pages:.1f}", f"{shared:.1f}; beside {CALLERS} callers {crowded:.1f}"),
        ],
    )
    return {"model": model, **found, "missed": _missed(found)}


def _missed(found: dict[str, float]) -> list[str]:
    targets = {
        f"p50 beside a job at most {MEDIAN} times": found["p50_beside"] <= MEDIAN * found["p50_alone"],
        "p99 beside a job at most a page's time more":
            found["p99_beside"] <= found["p99_alone"] + 1 / found["pages_per_second"],
        f"{LEFT:.0%} of what is left for the job":
            found["pages_beside_half"] >= LEFT * found["pages_per_second"] / 2,
        f"{BESIDE_CALLERS:.0%} for the job beside {CALLERS} callers":
            found["pages_beside_callers"] >= BESIDE_CALLERS * found["pages_per_second"],
    }  # fmt: skip
    return [target for target, is_reached in targets.items() if not is_reached]


def _closed(port: int, sent: Sequence[bytes], seconds: float) -> load.Outcome:
    """Have CALLERS ask again as soon as they have an answer."""
    wire = [load.post("/predict/ocr_system", body) for body in sent]

    def make(client: int, serial: int) -> tuple[bytes, bytes | None]:
        return wire[(client + serial) % len(wire)], None

    return load.run(port, CALLERS, seconds, make)


def _open(url: str, sent: Sequence[bytes], rate: float, seconds: float) -> list[float]:
    """Send requests at times of their own, and return how long each took."""
    took: list[float] = []

    def one(body: bytes) -> None:
        began = time.monotonic()
        headers = {"Content-Type": "application/json"}
        reply = requests.post(f"{url}/predict/ocr_system", data=body, headers=headers, timeout=60)
        reply.raise_for_status()
        took.append(time.monotonic() - began)

    chance, threads = random.Random(1), []
    due = began = time.monotonic()
    while due - began < seconds:
        due += chance.expovariate(rate)
        time.sleep(max(0.0, due - time.monotonic()))
        threads.append(threading.Thread(target=one, args=(chance.choice(sent),)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    return took


def _done(job: Job) -> int:
    return int(job.info()["pages"]["done"])


def _rate(job: Job, while_: Any) -> float:
    """Return the pages per second of a job while something goes on."""
    done, began = _done(job), time.monotonic()
    while_()
    return (_done(job) - done) / (time.monotonic() - began)


def _percentile(seconds: Sequence[float], percent: int) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
