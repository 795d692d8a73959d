"""The images of ocr.py, how a server is driven with them, and how well it read them."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import load, machine
from benchmarks.ocr_accuracy import canonical, page_errors
from benchmarks.ocr_servers import Contender


@dataclass(frozen=True)
class Drawn:
    """An image file, and what is written where; see tools/labelled_set.py."""

    data: bytes
    labels: list[dict[str, Any]]


def draw(folder: Path, count: int) -> list[Drawn]:
    """Draw so many images, cards and pages in turn."""
    script = machine.ROOT / "tools" / "labelled_set.py"
    counts = ["--lines", "0", "--cards", str(count // 2), "--pages", str(count // 2), "--seed", "7"]
    subprocess.run([sys.executable, str(script), str(folder), *counts], check=True, stdout=subprocess.DEVNULL)
    pictures = json.loads((folder / "labels.json").read_text("utf-8"))["pictures"]
    # By number first: a slow server, which gets fewer of them in the same time, gets as many of each kind.
    names = sorted(pictures, key=lambda name: name.partition("_")[::-1])
    return [Drawn((folder / name).read_bytes(), pictures[name]) for name in names]


def bodies(images: Sequence[bytes]) -> list[bytes]:
    return [json.dumps({"images": [base64.b64encode(image).decode()]}).encode() for image in images]


def drive(
    contender: Contender,
    requests: list[bytes],
    callers: int,
    seconds: float,
    most: int = 2_000_000,
    first: int = 0,
) -> load.Outcome:
    """Run a closed loop over all images in turn, beginning with number ``first``."""
    sent = iter(range(first, first + most + callers))

    def make(_client: int, _serial: int) -> tuple[bytes, bytes | None]:
        return load.post(contender.path, requests[next(sent) % len(requests)]), None

    outcome = load.run(contender.port, callers, seconds, make, most)
    # What a slow server has not answered 10 s after the end counts as not served, not as a failure.
    if set(outcome.codes) != {200}:
        raise RuntimeError(f"{contender.name} failed: {outcome.codes}, {len(outcome.lost)} lost")
    return outcome


def error_rate(contender: Contender, requests: list[bytes], drawn: list[Drawn]) -> float:
    """Return the per cent of the written characters, every image once; which also warms the server up."""

    def ask(body: bytes) -> list[dict[str, Any]]:
        url = f"http://127.0.0.1:{contender.port}{contender.path}"
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as reply:
            lines: list[dict[str, Any]] = json.loads(reply.read())["results"][0]
            return lines

    with ThreadPoolExecutor(2) as callers:
        replies = list(callers.map(ask, requests))
    wrong = sum(page_errors(each.labels, lines) for each, lines in zip(drawn, replies, strict=True))
    written = sum(len(canonical(label["text"])) for each in drawn for label in each.labels)
    return round(100 * wrong / written, 2)
