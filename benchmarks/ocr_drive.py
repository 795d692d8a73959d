"""The pictures of ocr.py, how a server is driven with them, and how well it read them."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

from benchmarks import load, machine
from benchmarks.kinds_score import score
from benchmarks.kinds_set import KINDS, draw_set
from benchmarks.kinds_typefaces import Typefaces
from benchmarks.ocr_servers import Contender
from hub.registry.weights import fetch

#: Those of kinds_set.py that are hard to find the lines of.
LAYOUTS: Final = ("columns kai", "columns song", "table", "tilt")


@dataclass(frozen=True)
class Drawn:
    """An image file, what sort it is, and what is written where: ``{"text", "box"}`` in reading order."""

    sort: str
    data: bytes
    rows: list[dict[str, Any]]


def draw(folder: Path, count: int) -> list[Drawn]:
    """Draw so many pictures: cards with a few words, pages, and columns, tables or tilted lines, in turn.

    Without the typefaces of the last (Debian's packages) there are fewer of them, which is said.
    """
    fetch(["NotoSansCJKsc"])  # that the script draws with
    each = count // 3
    script = machine.ROOT / "tools" / "labelled_set.py"
    counts = ["--lines", "0", "--cards", str(each), "--pages", str(each), "--seed", "7"]
    subprocess.run([sys.executable, str(script), str(folder), *counts], check=True, stdout=subprocess.DEVNULL)
    pictures = json.loads((folder / "labels.json").read_text("utf-8"))["pictures"]
    plain = [Drawn(name.partition("_")[0], (folder / name).read_bytes(), pictures[name]) for name in pictures]
    cards, pages = ([one for one in plain if one.sort == sort] for sort in ("card", "page"))
    # In turn: a slow server, which gets fewer of them in the same time, gets as many of each sort.
    return _in_turn(cards, pages, _layouts(folder / "layouts", count - 2 * each))


def _layouts(folder: Path, count: int) -> list[Drawn]:
    labels = draw_set(
        folder,
        kinds={name: KINDS[name] for name in LAYOUTS},
        typefaces=Typefaces(machine.ROOT / ".demo" / "kinds" / "typefaces"),
        pages=-(-count // len(LAYOUTS)),
        characters=1,
    )
    for name, why in labels["missing"].items():
        print(f"missing for {name}: {why}", flush=True)
    kinds = (
        [Drawn(name, (folder / file).read_bytes(), rows) for file, rows in said["pages"].items()]
        for name, said in labels["kinds"].items()
    )
    return _in_turn(*kinds)[:count]


def _in_turn(*groups: Sequence[Drawn]) -> list[Drawn]:
    return [one for each in zip_longest(*groups) for one in each if one]


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


def error_rates(contender: Contender, requests: list[bytes], drawn: list[Drawn]) -> dict[str, float]:
    """Return by sort the per cent of written characters, every image once; it warms the server up, too."""

    def ask(body: bytes) -> list[dict[str, Any]]:
        url = f"http://127.0.0.1:{contender.port}{contender.path}"
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as reply:
            lines: list[dict[str, Any]] = json.loads(reply.read())["results"][0]
            return lines

    with ThreadPoolExecutor(2) as callers:
        replies = list(callers.map(ask, requests))
    counts: dict[str, list[tuple[int, int]]] = {}
    for each, lines in zip(drawn, replies, strict=True):
        page = score(each.rows, lines)
        for sort in (each.sort, "all"):
            counts.setdefault(sort, []).append((page.errors, page.characters))
    sums = {sort: tuple(map(sum, zip(*pairs, strict=True))) for sort, pairs in counts.items()}
    return {sort: round(100 * wrong / written, 2) for sort, (wrong, written) in sums.items()}
