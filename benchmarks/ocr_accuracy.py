"""Character error rate of every engine, precision and padding on a labelled set.

    python tools/labelled_set.py .demo/labelled
    python -m benchmarks.ocr_accuracy .demo/labelled [--output FILE.json] [--only NAME …]

Two figures for each: the recogniser alone on pictures of one line, and the whole pipeline on pages
(detection, cutting out, recognition). Errors are insertions, deletions and replacements; spaces do not
count, and full-width forms count as their ASCII twins (NFKC), because which of two equal-looking
characters a picture shows cannot be seen. A difference comes with its 95 % interval: lines (or pages)
are drawn again a thousand times, the same ones for both sides.
"""

from __future__ import annotations

import argparse
import json
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from unittest import mock

import cv2
import numpy as np
import numpy.typing as npt

from hub.engines.openvino import engine as openvino
from hub.module.loader import create

MODULE: Final = Path(__file__).resolve().parents[1] / "deploy" / "hubserving" / "ocr_system"
#: Lines of a request in one go, so that parity mode has something to sort and pad.
LINES_PER_PAGE: Final = 12
PAGES_PER_REQUEST: Final = 4
REFERENCE: Final = "openvino f32 parity"
V4: Final = "PP-OCRv4_mobile"
V6: Final = "PP-OCRv6_small"
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Setting:
    """One row of the table: what goes into ``init_args``, and whether the CPU may compute in bf16."""

    engine: str
    precision: str = "f32"
    parity: bool = False
    model: str = V4
    has_bf16: bool = True

    @property
    def name(self) -> str:
        words = [
            "" if self.model == V4 else self.model,
            self.engine,
            self.precision,
            "parity" if self.parity else "fast",
        ]
        words += [] if self.has_bf16 else ["without bf16"]
        return " ".join(word for word in words if word)

    @property
    def init_args(self) -> dict[str, Any]:
        return {
            "engine": self.engine,
            "precision": self.precision,
            "parity": self.parity,
            "model": self.model,
        }


SETTINGS: Final = (
    Setting("openvino", "f32", True),
    Setting("openvino", "f32"),
    Setting("openvino", "bf16", True),
    Setting("openvino", "bf16"),
    Setting("paddle", "f32", True),
    Setting("paddle", "f32"),
    Setting("openvino", "f32", True, V6),
    Setting("openvino", "f32", False, V6),
    Setting("openvino", "bf16", False, V6),
    Setting("onnxruntime", "f32", True, V6),
    Setting("onnxruntime", "f32", False, V6),
)


def load(setting: Setting) -> Any:
    """Load the module, as it is on a CPU with or without bf16."""
    flags = openvino.cpu_flags() - (frozenset() if setting.has_bf16 else openvino.BF16_FLAGS)
    with mock.patch.object(openvino, "cpu_flags", lambda: flags):
        return create(MODULE, setting.init_args)


def canonical(text: str) -> str:
    """Return a text without spaces, full-width forms and curly quotes as ASCII."""
    straight = text.translate(str.maketrans("“”‘’", "\"\"''"))
    return "".join(unicodedata.normalize("NFKC", straight).split())


def errors(written: str, read: str) -> int:
    """Return the fewest insertions, deletions and replacements that make one text of the other."""
    one, other = canonical(written), canonical(read)
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        corner, row[0] = row[0], i
        for j, right in enumerate(other, 1):
            corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, corner + (left != right))
    return row[-1]


def page_errors(labels: list[dict[str, Any]], items: list[dict[str, Any]]) -> int:
    """Count the errors of one page: an item belongs to the line that its centre is in, or is too much."""
    quads = [np.array(label["box"], np.float32) for label in labels]
    found: list[list[tuple[float, str]]] = [[] for _ in labels]
    surplus = 0
    for item in items:
        x, y = np.mean(item["text_region"], axis=0)
        inside = [cv2.pointPolygonTest(quad, (float(x), float(y)), True) for quad in quads]
        best = int(np.argmax(inside)) if inside else -1
        if best >= 0 and inside[best] >= 0:
            found[best].append((float(x), item["text"]))
        else:
            surplus += len(canonical(item["text"]))
    read = ["".join(text for _, text in sorted(pieces)) for pieces in found]
    return surplus + sum(errors(label["text"], text) for label, text in zip(labels, read, strict=True))


@dataclass(frozen=True)
class Result:
    """Errors and characters of each picture, and the time that all of them took."""

    errors: Counts
    characters: Counts
    seconds: float

    @property
    def rate(self) -> float:
        """Per cent."""
        return 100 * float(self.errors.sum()) / float(self.characters.sum())

    def difference(self, other: Result) -> tuple[float, float, float]:
        """Return the points more than ``other`` has, and the ends of the 95 % interval."""
        rng = np.random.default_rng(0)
        gap = self.errors - other.errors
        samples = rng.integers(0, len(gap), (1000, len(gap)))
        rates = 100 * gap[samples].sum(axis=1) / self.characters[samples].sum(axis=1)
        low, high = np.percentile(rates, (2.5, 97.5))
        return self.rate - other.rate, float(low), float(high)


class LabelledSet:
    """A folder that tools/labelled_set.py has drawn."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.labels = json.loads((folder / "labels.json").read_text("utf-8"))["pictures"]

    def groups(self, kind: str, size: int) -> Iterator[list[str]]:
        names = [name for name in self.labels if name.startswith(kind)]
        for start in range(0, len(names), size):
            yield names[start : start + size]

    def read(self, name: str) -> Any:
        return cv2.imread(str(self.folder / name))


def measure_lines(module: Any, labelled: LabelledSet) -> Result:
    """Measure the recogniser alone."""
    wrong, characters, seconds = [], [], 0.0
    for names in labelled.groups("line", LINES_PER_PAGE):
        images = [labelled.read(name) for name in names]
        started = time.process_time()
        (readings,) = module.pipeline.recognizer.recognize([images])
        seconds += time.process_time() - started
        for name, reading in zip(names, readings, strict=True):
            written = labelled.labels[name][0]["text"]
            wrong.append(errors(written, reading.text))
            characters.append(len(canonical(written)))
    return Result(np.array(wrong), np.array(characters), seconds)


def measure_pages(module: Any, labelled: LabelledSet) -> Result:
    """Measure the whole pipeline, angle classifier and all."""
    wrong, characters, seconds = [], [], 0.0
    for names in labelled.groups("page", PAGES_PER_REQUEST):
        images = [labelled.read(name) for name in names]
        started = time.process_time()
        results = module.predict(images=images)
        seconds += time.process_time() - started
        for name, items in zip(names, results, strict=True):
            wrong.append(page_errors(labelled.labels[name], items))
            characters.append(sum(len(canonical(label["text"])) for label in labelled.labels[name]))
    return Result(np.array(wrong), np.array(characters), seconds)


def row(name: str, results: dict[str, Result], reference: dict[str, Result]) -> dict[str, Any]:
    """Return the row of one setting, in the table and the JSON."""
    said: dict[str, Any] = {"setting": name}
    for kind, result in results.items():
        difference, low, high = result.difference(reference[kind])
        said[kind] = {
            "error_rate_percent": round(result.rate, 3),
            "points_more": round(difference, 3),
            "interval": [round(low, 3), round(high, 3)],
            "pictures": len(result.errors),
            "characters": int(result.characters.sum()),
            "cpu_seconds_ratio": round(result.seconds / reference[kind].seconds, 3),
        }
    return said


def markdown(rows: list[dict[str, Any]]) -> str:
    """Return the table of doc/measurements.md."""
    heads = ("setting", "lines", "against parity f32", "pages", "against parity f32", "CPU time, pages")
    lines = ["| " + " | ".join(heads) + " |", "| --- " * len(heads) + "|"]
    for each in rows:
        cells = [each["setting"]]
        for kind in ("lines", "pages"):
            part = each[kind]
            low, high = part["interval"]
            cells += [
                f"{part['error_rate_percent']:.2f} %",
                f"{part['points_more']:+.2f} ({low:+.2f} … {high:+.2f})",
            ]
        lines.append("| " + " | ".join([*cells, f"{each['pages']['cpu_seconds_ratio']:.2f} ×"]) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="what tools/labelled_set.py has drawn")
    parser.add_argument("--output", type=Path, help="write the rows there as JSON")
    parser.add_argument("--only", nargs="*", help="names of settings; the reference is always measured")
    options = parser.parse_args()
    labelled = LabelledSet(options.folder)
    rows: list[dict[str, Any]] = []
    reference: dict[str, Result] = {}
    for setting in SETTINGS:
        if options.only and setting.name not in (*options.only, REFERENCE):
            continue
        module = load(setting)
        results = {"lines": measure_lines(module, labelled), "pages": measure_pages(module, labelled)}
        reference = reference or results
        rows.append(row(setting.name, results, reference))
        print(json.dumps(rows[-1], ensure_ascii=False), flush=True)
    print(markdown(rows))
    if options.output:
        options.output.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
