"""The table of speed and errors in README and documents:  ``python -m benchmarks.speed_page`` writes it anew.

It is made of benchmarks/results/kinds.json: of every library its CPU time of a page, and its errors over the
plain kinds of writing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks import machine
from benchmarks import page as pages
from benchmarks.kinds import PLAIN

RESULTS: Final = machine.RESULTS / "kinds.json"
BEGIN: Final = "<!-- Written by python -m benchmarks.speed_page from benchmarks/results/kinds.json -->"
#: Setting of kinds.json → its name in the table.
ROWS: Final = {
    "PP-OCRv6 small bf16": "**HubServing**, PP-OCRv6 small, bf16",
    "PP-OCRv6 small f32": "**HubServing**, PP-OCRv6 small, f32",
    "faster-paddle 1.0.4 small": "faster-paddle 1.0.4, PP-OCRv6 small",
    "RapidOCR 3.10.0": "RapidOCR 3.10, PP-OCRv6 small",
    "PP-OCRv6 tiny bf16": "**HubServing**, PP-OCRv6 tiny, bf16",
    "PP-OCRv6 tiny f32": "**HubServing**, PP-OCRv6 tiny, f32",
    "faster-paddle 1.0.4 tiny": "faster-paddle 1.0.4, PP-OCRv6 tiny",
}


@dataclass(frozen=True)
class Place:
    """A page that has the table, its headings, and the comma of its language."""

    page: Path
    heads: tuple[str, str, str]
    comma: str = ", "


_ENGLISH: Final = ("library", "CPU of a page", "wrong characters, plain kinds")
PLACES: Final = (
    Place(machine.ROOT / "README.md", _ENGLISH),
    Place(machine.ROOT / "README_zh.md", ("库", "每页 CPU 时间", "错字率，普通文字"), "，"),
    Place(machine.ROOT / "doc" / "ocr.md", _ENGLISH),
)


def write() -> None:
    """Put the table into all its pages."""
    figures = json.loads(RESULTS.read_text("utf-8"))
    for place in PLACES:
        pages.write(place.page, BEGIN, table(figures, place))


def table(figures: Mapping[str, Any], place: Place) -> str:
    """Return the table as Markdown."""
    return "\n".join(pages.table(place.heads, list(_rows(figures, place.comma))))


def _rows(figures: Mapping[str, Any], comma: str) -> Iterator[tuple[str, str, str]]:
    for setting, name in ROWS.items():
        said = figures["settings"][setting]
        kinds = [each for kind, each in said["kinds"].items() if kind in PLAIN]
        wrong = sum(each["errors"] * each["characters"] for each in kinds)
        rate = wrong / sum(each["characters"] for each in kinds)
        milliseconds = f"{said['cpu_ms_per_page']:,}".replace(",", " ")
        yield name.replace(", ", comma), f"{milliseconds} ms", f"{rate:.2f} %"


if __name__ == "__main__":
    write()
