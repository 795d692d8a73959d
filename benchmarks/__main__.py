"""Run the benchmarks, all parts or those named:  ``python -m benchmarks [--quick] [PART …]``.

A part is a function that takes ``quick`` (fewer and shorter rounds: does it work, not what does it give),
prints its tables and returns its figures, which are written to ``benchmarks/results/PART.json``
(``PART_MODEL.json`` for another model than the default). It returns
under ``"missed"`` the targets that it did not reach; then the exit code is 1.
"""

from __future__ import annotations

import argparse
import importlib
import json
import signal
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks import machine
from hub.ocr.model_sets import DEFAULT, PRESETS

#: Name of a part → the module whose ``main(quick)`` measures it. Imported only when it is run.
PARTS = {
    "serving": "benchmarks.serving",
    "empty": "benchmarks.empty",
    "uploads": "benchmarks.uploads",
    "registry": "benchmarks.registry",
    "ocr": "benchmarks.ocr",
    "operators": "benchmarks.operators",
    "doors": "benchmarks.doors",
    "paddlex": "benchmarks.paddlex",
    "ray": "benchmarks.ray_engine",
    "attacks": "benchmarks.attacks",
    "soak": "benchmarks.soak",
    "memory": "benchmarks.memory",
    "kinds": "benchmarks.kinds",
    "jobs": "benchmarks.jobs",
}
#: Those that run a set of OCR models of one's choice.
OCR = ("doors", "soak", "memory", "jobs")
#: Those that need more than the development environment, or much time; they are run when they are named.
EXTRA = ("ray", "attacks", "soak", "memory", "kinds", "jobs")


def parsed(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n")[0])
    named = f"of: {', '.join(PARTS)} (default: all but {', '.join(EXTRA)})"
    parser.add_argument("parts", nargs="*", metavar="PART", help=named)
    parser.add_argument("--quick", action="store_true", help="short rounds, for trying it out")
    parser.add_argument("--minutes", type=float, help="of the soak (default 20)")
    parser.add_argument("--model", choices=PRESETS, default=DEFAULT, help=f"of {', '.join(OCR)} ({DEFAULT})")
    arguments = parser.parse_args(words)
    unknown = [part for part in arguments.parts if part not in PARTS]
    if unknown:
        parser.error(f"no part {unknown[0]!r}; there are: {', '.join(PARTS)}")
    return arguments


def options_of(part: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what a part's ``main`` gets besides ``quick``."""
    minutes = {"minutes": arguments.minutes} if part == "soak" and arguments.minutes else {}
    return minutes | ({"model": arguments.model} if part in OCR else {})


def main() -> int:
    arguments = parsed()
    # A terminated run ends its servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    missed: list[str] = []
    for part in arguments.parts or [part for part in PARTS if part not in EXTRA]:
        options = options_of(part, arguments)
        figures = importlib.import_module(PARTS[part]).main(arguments.quick, **options)
        missed += figures.get("missed", [])
        machine.RESULTS.mkdir(exist_ok=True)
        other = arguments.model if part in OCR and arguments.model != DEFAULT else ""
        path = machine.RESULTS / f"{part}{other and '_'}{other}.json"
        if not arguments.quick:
            path.write_text(json.dumps({"machine": machine.describe(), **figures}, indent=1) + "\n")
            print(f"written to {path.relative_to(machine.ROOT)}")
    for target in missed:
        print(f"missed: {target}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
