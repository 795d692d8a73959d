"""The CPU time of the gateway for a picture of 1 MB, by each way to send it.

A JPEG of noise goes to a module that takes images, and to one that gets them as base64: as a file of a form,
as the body itself, and as base64 in JSON. One caller with one connection, requests one after the other. The
ways take turns; the figure is the median of the rounds. The runner, which decodes the picture, does not
count.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from statistics import median
from typing import Any, Final

import cv2
import numpy as np

from benchmarks import load, machine
from benchmarks.server import HubServer

DECODED, AS_SENT = "/predict/picture", "/predict/noop"
SIZE: Final = 1_000_000
FORM: Final = "form"
#: Milliseconds of CPU for a form.
TARGET: Final = 1.5
_BOUNDARY: Final = "----WebKitFormBoundary7MA4YWxkTrZu0gW"


def main(quick: bool) -> dict[str, Any]:
    rounds, count = (2, 20) if quick else (9, 100)
    ways = _ways(_picture())
    found: dict[str, list[float]] = {name: [] for name in ways}
    with HubServer({"picture": {}, "noop": {}}) as server:
        gateway = [pid for pid in server.pids if b"hub.serving.gateway" in _words(pid)]
        for number in range(-1, rounds):  # the first only warms up
            for name in list(ways)[:: 1 if number % 2 else -1]:
                used = _measure(server.port, gateway, ways[name], count)
                if number >= 0:
                    found[name].append(used * 1000)
    costs = {name: round(median(each), 2) for name, each in found.items()}
    rows = [(name, f"{cost:.2f} ms") for name, cost in costs.items()]
    machine.print_table("A picture of 1 MB", ("sent as", "CPU of the gateway"), rows)
    missed = [f"uploads: a form takes {costs[FORM]} ms, more than {TARGET}"] if costs[FORM] > TARGET else []
    return {"cpu_ms": costs, "rounds": found, "missed": missed}


def _picture() -> bytes:
    """Return a JPEG of about SIZE bytes."""
    noise = np.random.default_rng(1).integers(0, 256, (920, 920, 3), np.uint8)
    for quality in range(95, 50, -1):
        data: bytes = cv2.imencode(".jpg", noise, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(data) <= SIZE:
            return data
    raise RuntimeError("no quality gives a picture of that size")


def _ways(picture: bytes) -> dict[str, bytes]:
    head = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="images"; filename="page.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    form = head.encode() + picture + f"\r\n--{_BOUNDARY}--\r\n".encode()
    kind = f"multipart/form-data; boundary={_BOUNDARY}"
    text = json.dumps({"images": [base64.b64encode(picture).decode()]}).encode()
    return {
        FORM: load.post(DECODED, form, kind),
        "body": load.post(DECODED, picture, "image/jpeg"),
        "base64 in JSON": load.post(DECODED, text),
        "form, for a module that decodes base64": load.post(AS_SENT, form, kind),
        "body, for a module that decodes base64": load.post(AS_SENT, picture, "image/jpeg"),
        "base64 in JSON, for a module that decodes it": load.post(AS_SENT, text),
    }


def _words(pid: int) -> bytes:
    """Return a process's command line."""
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def _measure(port: int, gateway: list[int], request: bytes, count: int) -> float:
    """Return the seconds of CPU that a request takes in the gateway."""
    before = machine.cpu_seconds(gateway)
    outcome = load.run(port, 1, 60.0, lambda client, serial: (request, None), max_requests=count)
    if not outcome.is_clean or len(outcome.seconds) != count:
        raise RuntimeError(f"requests failed: {outcome.codes}, {len(outcome.lost)} lost")
    return (machine.cpu_seconds(gateway) - before) / count
