"""Error rates by kind of writing, of every model and precision, the state before, and two other libraries.

    python -m benchmarks kinds
    python -m benchmarks.kinds --only "PP-OCRv6 small bf16" --kinds tilt    reads a part
    python -m benchmarks.kinds --page                   writes the tables of doc/ocr_kinds.md again

Draws the labelled set (kinds_set.py) into .demo/kinds where it is not yet, lets each setting
(kinds_settings.py) read it, and compares. What has been read stays beside the set, page by page, so a run
that was ended goes on where it stopped. Character results do not depend on how busy the machine is; the CPU
times do.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks import kinds_page, machine
from benchmarks.kinds_score import Page, difference, score, summary
from benchmarks.kinds_set import KINDS, draw_set
from benchmarks.kinds_settings import SETTINGS, Setting, UnavailableError, read
from benchmarks.ocr_accuracy import canonical

FOLDER: Final = machine.ROOT / ".demo" / "kinds"
#: Most errors in per cent of the default, PP-OCRv6 small, over these kinds together, and in each of them.
PLAIN: Final = (
    *("hei", "song", "kai", "serif", "bold", "traditional", "Latin serif", "Latin mono"),
    *("numbers", "mixed lines", "columns kai", "columns song", "table", "tilt"),
)
TOGETHER: Final = 0.6
EACH: Final = 1.0
IN_COLUMNS: Final = 1.2
DEFAULTS: Final = ("PP-OCRv6 small bf16", "PP-OCRv6 small f32")

Pages = dict[str, dict[str, Page]]


def main(quick: bool, only: Sequence[str] = (), kinds: Sequence[str] = ()) -> dict[str, Any]:
    """Draw, read and compare; returns the figures, with those of the settings that were read in full."""
    folder = FOLDER / ("quick" if quick else "pages")
    labels = _labels(folder, quick=quick)
    readings = folder.parent / "readings" / labels["digest"]
    missing: dict[str, str] = {}
    for setting in SETTINGS:
        if not only or setting.name in only:
            print(f"reading: {setting.name}", flush=True)
            try:
                read(setting, folder, readings_file(readings, setting), kinds)
            except UnavailableError as error:
                missing[setting.name] = str(error)
                print(f"missing: {error}", flush=True)
    figures = compare(labels, readings, missing)
    kinds_page.show(figures)
    return figures


def _labels(folder: Path, *, quick: bool) -> dict[str, Any]:
    path = folder / "labels.json"
    if path.is_file():
        labels: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return labels
    print(f"drawing into {folder.relative_to(machine.ROOT)}", flush=True)
    return draw_set(folder, pages=1, characters=1) if quick else draw_set(folder)


def readings_file(readings: Path, setting: Setting) -> Path:
    return readings / f"{setting.name.replace(' ', '_')}.jsonl"


def compare(labels: Mapping[str, Any], readings: Path, missing: Mapping[str, str]) -> dict[str, Any]:
    """Return the figures of what was read; a kind that was not read in full has none."""
    missing = dict(missing)
    scored: dict[str, Pages] = {}
    settings: dict[str, Any] = {}
    for setting in SETTINGS:
        read_pages = _readings(readings_file(readings, setting))
        pages = scored[setting.name] = _scores(labels, read_pages)
        if len(pages) < len(labels["kinds"]):
            missing.setdefault(setting.name, f"{len(pages)} of {len(labels['kinds'])} kinds were read")
        if not pages:
            continue
        times = [read_pages[page]["cpu_ms"] for each in pages.values() for page in each]
        settings[setting.name] = {
            "cpu_ms_per_page": round(sum(times) / len(times)),
            "kinds": {
                kind: summary(list(each.values()), spaces=KINDS[kind].spaces) for kind, each in pages.items()
            },
        }
    for setting in SETTINGS:
        one, other = scored[setting.name], scored.get(setting.against or "", {})
        both = [kind for kind in one if kind in other]
        if both:
            settings[setting.name]["against"] = setting.against
            settings[setting.name]["more"] = {
                kind: difference(list(one[kind].values()), list(other[kind].values())) for kind in both
            }
    return {
        "seed": labels["seed"],
        "kinds": {kind: _described(said) for kind, said in labels["kinds"].items()},
        "missing_typefaces": labels["missing"],
        "missing_settings": missing,
        "settings": settings,
        "missed": [*_worse(settings), *too_many(settings)],
    }


def _described(kind: Mapping[str, Any]) -> dict[str, Any]:
    rows = [row for page in kind["pages"].values() for row in page]
    characters = sum(len(canonical(row["text"])) for row in rows)
    return {"typefaces": kind["typefaces"], "pages": len(kind["pages"]), "characters": characters}


def _readings(path: Path) -> dict[str, dict[str, Any]]:
    if not path.exists():
        return {}
    lines = path.read_text("utf-8").rpartition("\n")[0].splitlines()
    return {said["page"]: said for said in map(json.loads, lines)}


def _scores(labels: Mapping[str, Any], read_pages: Mapping[str, Mapping[str, Any]]) -> Pages:
    return {
        kind: {page: score(rows, read_pages[page]["items"]) for page, rows in said["pages"].items()}
        for kind, said in labels["kinds"].items()
        if all(page in read_pages for page in said["pages"])
    }


def _worse(settings: Mapping[str, Any]) -> Iterable[str]:
    """Name the kinds in which a setting is worse than before."""
    for name, said in settings.items():
        for kind, more in said.get("more", {}).items():
            if more["worse"]:
                order = f"{more['ordered']:+.2f} with the order of lines"
                yield f"{kind}: {name} has {more['errors']:+.2f} points of errors, {order}"


def too_many(settings: Mapping[str, Any]) -> Iterable[str]:
    """Name what is above the most errors that the default may have."""
    for name in DEFAULTS:
        kinds = {
            kind: each for kind, each in settings.get(name, {}).get("kinds", {}).items() if kind in PLAIN
        }
        if not kinds:
            continue
        written = sum(each["characters"] for each in kinds.values())
        together = sum(each["errors"] * each["characters"] for each in kinds.values()) / written
        if together > TOGETHER:
            yield f"{name}: {together:.2f} % of errors over all plain kinds, not {TOGETHER}"
        for kind, each in kinds.items():
            most = IN_COLUMNS if kind.startswith("columns") else EACH
            if each["errors"] > most:
                yield f"{name}: {each['errors']:.2f} % of errors in {kind}, not {most}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", nargs="*", default=[], help="names of settings to read")
    parser.add_argument("--kinds", nargs="*", default=[], choices=KINDS, help="kinds to read, in this order")
    parser.add_argument("--page", action="store_true", help="read nothing; write the tables into the page")
    options = parser.parse_args()
    if options.page:
        kinds_page.write()
        sys.exit()
    main(False, options.only, options.kinds)
