"""The tables of doc/ocr_kinds.md, made from benchmarks/results/kinds.json."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks import machine
from benchmarks import page as pages

PAGE: Final = machine.ROOT / "doc" / "ocr_kinds.md"
RESULTS: Final = machine.RESULTS / "kinds.json"
BEGIN: Final = "<!-- Written by python -m benchmarks.kinds --page from benchmarks/results/kinds.json -->"
#: What a table says of a kind that a setting has not read in full.
NOT_READ: Final = "–"
#: Heading → what the names of its settings begin with.
GROUPS: Final = {
    "PP-OCRv6 small and tiny": ("PP-OCRv6",),
    "Other libraries": ("faster-paddle", "RapidOCR"),
    "PP-OCRv5 and PP-OCRv4": ("PP-OCRv5", "PP-OCRv4"),
}


def write(page: Path = PAGE, results: Path = RESULTS) -> None:
    """Put the tables into the page, between its two marks."""
    figures = json.loads(results.read_text("utf-8"))
    pages.write(page, BEGIN, tables(figures))


def show(figures: Mapping[str, Any]) -> None:
    """Print the tables."""
    print(f"\n{tables(figures)}", flush=True)


def tables(figures: Mapping[str, Any]) -> str:
    """Return all tables as Markdown."""
    parts: list[str] = []
    for heading, beginnings in GROUPS.items():
        names = [name for name in figures["settings"] if name.startswith(beginnings)]
        if names:
            parts.append(f"### {heading}\n\n" + "\n".join(_errors(figures, names)))
    spaces = "\n".join(_spaces(figures))
    parts += [f"### Spaces between Latin words\n\n{spaces}"] if spaces else []
    compared = [name for name, said in figures["settings"].items() if "more" in said]
    for name in compared:
        said = figures["settings"][name]
        parts.append(f"### {name} against {said['against']}\n\n" + "\n".join(_differences(said["more"])))
    parts.append("### The set\n\n" + "\n".join(_kinds(figures)))
    parts.append("### What is missing\n\n" + "\n".join(_missing(figures)))
    return "\n\n".join(parts)


def _errors(figures: Mapping[str, Any], names: Sequence[str]) -> Iterator[str]:
    read = [figures["settings"][name]["kinds"] for name in names]
    rows = [(kind, *(_cell(said.get(kind)) for said in read)) for kind in figures["kinds"]]
    every = ("all kinds", *(_all(said) if len(said) == len(figures["kinds"]) else NOT_READ for said in read))
    times = ("CPU of a page", *(f"{figures['settings'][name]['cpu_ms_per_page']} ms" for name in names))
    yield from pages.table(("kind", *names), [*rows, every, times])


def _cell(said: Mapping[str, Any] | None) -> str:
    if said is None:
        return NOT_READ
    low, high = said["errors_interval"]
    return f"{said['errors']:.2f} ({low:.2f}–{high:.2f}) · {said['ordered']:.2f}"


def _all(kinds: Mapping[str, Mapping[str, Any]]) -> str:
    written = sum(said["characters"] for said in kinds.values())
    rates = [
        sum(said[name] * said["characters"] for said in kinds.values()) / written
        for name in ("errors", "ordered")
    ]
    return f"{rates[0]:.2f} · {rates[1]:.2f}"


def _spaces(figures: Mapping[str, Any]) -> Iterator[str]:
    read = {name: said["kinds"] for name, said in figures["settings"].items()}
    kinds = [
        kind for kind in figures["kinds"] if any("spaces" in said.get(kind, {}) for said in read.values())
    ]
    rows = [(name, *(_space_cell(said.get(kind)) for kind in kinds)) for name, said in read.items()]
    if kinds:
        yield from pages.table(("wrong, of 100 written", *kinds), rows)


def _space_cell(said: Mapping[str, Any] | None) -> str:
    if said is None:
        return NOT_READ
    low, high = said["space_errors_interval"]
    return f"{said['space_errors']:.2f} ({low:.2f}–{high:.2f})"


def _differences(more: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    rows = [
        (kind, _signed(said, "errors"), _signed(said, "ordered"), "**worse**" if said["worse"] else "")
        for kind, said in more.items()
    ]
    yield from pages.table(("kind", "points of errors more", "with the order of lines", ""), rows)


def _signed(said: Mapping[str, Any], name: str) -> str:
    low, high = said[f"{name}_interval"]
    return f"{said[name]:+.2f} ({low:+.2f} … {high:+.2f})"


def _kinds(figures: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        (kind, str(said["pages"]), str(said["characters"]), ", ".join(said["typefaces"]))
        for kind, said in figures["kinds"].items()
    ]
    yield from pages.table(("kind", "pages", "characters", "typefaces"), rows)


def _missing(figures: Mapping[str, Any]) -> Iterator[str]:
    for kind, why in figures["missing_typefaces"].items():
        part = "in part" if kind in figures["kinds"] else "the whole kind"
        yield f"- {kind}, {part}: {why}"
    for name, why in figures["missing_settings"].items():
        yield f"- {name}: {why}"
    if not figures["missing_typefaces"] and not figures["missing_settings"]:
        yield "Nothing."
