"""The tables and the picture of ocr.py's figures:  ``python -m benchmarks.ocr_page`` writes them anew.

They are in doc/measurements.md, each between two marks, and in ``benchmarks/results/ocr.svg``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks import machine, ocr_plot
from benchmarks import page as pages

PAGE: Final = machine.ROOT / "doc" / "measurements.md"
RESULTS: Final = machine.RESULTS / "ocr.json"
BEGIN: Final = "<!-- Written by python -m benchmarks.ocr_page from benchmarks/results/ocr.json -->"
NOT_MEASURED: Final = "–"


def write(page: Path = PAGE, results: Path = RESULTS) -> None:
    """Put the tables into the page, between its two marks, and draw the picture."""
    figures = json.loads(results.read_text("utf-8"))
    pages.write(page, BEGIN, tables(figures))
    results.with_suffix(".svg").write_text(ocr_plot.draw(figures), "utf-8")


def show(figures: Mapping[str, Any]) -> None:
    """Print the tables."""
    print(f"\n{tables(figures)}", flush=True)


def tables(figures: Mapping[str, Any]) -> str:
    """Return all tables as Markdown."""
    parts = [_servers(figures), _errors(figures), _ratios(figures), _checks(figures)]
    return "\n\n".join("\n".join(part) for part in parts) + _missing(figures)


def _servers(figures: Mapping[str, Any]) -> Iterator[str]:
    rows = []
    for name, levels in figures["servers"].items():
        rates = [_of(levels, callers, "images_per_second", ".1f") for callers in ("1", "4", "16")]
        times = [_of(levels, "1", "p50_ms", ".0f"), _of(levels, "16", "p99_ms", ".0f")]
        cpu, megabytes = _of(levels, "4", "cpu_ms_per_image", ".0f"), str(figures["memory_mb"][name])
        rows.append((name, *rates, *times, cpu, megabytes))
    heads = ("images a second", "1 caller", "4", "16", "p50 ms at 1", "p99 ms at 16", "CPU ms/image", "MB")
    yield from pages.table(heads, rows)


def _of(levels: Mapping[str, Mapping[str, float]], callers: str, name: str, digits: str) -> str:
    return format(levels[callers][name], digits) if callers in levels else NOT_MEASURED


def _errors(figures: Mapping[str, Any]) -> Iterator[str]:
    wrong = figures["errors_percent"]
    sorts = [sort for sort in next(iter(wrong.values())) if sort != "all"]
    rows = [(name, *(f"{said[sort]:.2f}" for sort in (*sorts, "all"))) for name, said in wrong.items()]
    yield from pages.table(("errors in per cent", *sorts, "all"), rows)


def _ratios(figures: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        (
            each["row"],
            each["peer"],
            str(each["callers"]),
            f"**{each['images_per_second']} ×**",
            f"{each['cpu']} ×",
            f"{each['wanted']} ×",
        )
        for each in figures["ratios"]
    ]
    yield from pages.table(("HubServing", "peer", "callers", "images/s", "less CPU an image", "wanted"), rows)


def _checks(figures: Mapping[str, Any]) -> Iterator[str]:
    # Those of images a second are in the table of ratios.
    others = [each for each in figures["checks"] if not each["what"].endswith("images/s")]
    rows = [
        (each["what"], str(each["value"]), each["target"], "" if each["pass"] else "missed")
        for each in others
    ]
    yield from pages.table(("also", "measured", "wanted", ""), rows)


def _missing(figures: Mapping[str, Any]) -> str:
    return "".join(f"\n\nNot measured: {name}: {why}" for name, why in figures["missing"].items())


if __name__ == "__main__":
    write()
