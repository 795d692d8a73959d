"""Draw the labelled set by kind of writing:  ``python -m benchmarks.kinds_set FOLDER [--seed 1]``.

At least 14 pages and 4 000 characters of each kind, spaces not counted. The same seed and typefaces give the
same pages, whatever other kinds are drawn. ``labels.json`` says what is written where, in reading order:

    {"seed": 1, "digest": of all pages, "missing": {KIND: why}, "kinds": {KIND: {"typefaces": […], "pages":
        {FILE: [{"text": "…", "box": [[x, y], …]}, …]}}}}

A box is the corners of a row, in pixels of the page, the first two along the way of reading.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from benchmarks import kinds_draw as draw
from benchmarks import kinds_text as text
from benchmarks.kinds_draw import Face, Random, Sheet
from benchmarks.kinds_typefaces import MissingTypefaceError, Typeface, Typefaces
from benchmarks.ocr_accuracy import canonical

PAGES: Final = 14
CHARACTERS: Final = 4000
#: A page that says nothing else is compressed so little.
_QUALITY: Final = (88, 97)

ZENHEI: Final = Typeface("fonts-wqy-zenhei", "truetype/wqy/wqy-zenhei.ttc")
MICROHEI: Final = Typeface("fonts-wqy-microhei", "truetype/wqy/wqy-microhei.ttc")
SUNG: Final = Typeface("fonts-arphic-gbsn00lp", "truetype/arphic-gbsn00lp/gbsn00lp.ttf")
UMING: Final = Typeface("fonts-arphic-uming", "truetype/arphic/uming.ttc")
KAITI: Final = Typeface("fonts-arphic-gkai00mp", "truetype/arphic-gkai00mp/gkai00mp.ttf")
UKAI: Final = Typeface("fonts-arphic-ukai", "truetype/arphic/ukai.ttc")
FANGSONG: Final = Typeface("fonts-cwtex-fs", "truetype/cwtex/cwfs.ttf")
NOTO_SANS: Final = Typeface("fonts-noto-cjk", "opentype/noto/NotoSansCJK-Regular.ttc", 2)
NOTO_SANS_TW: Final = Typeface("fonts-noto-cjk", "opentype/noto/NotoSansCJK-Regular.ttc", 3)
NOTO_BOLD: Final = Typeface("fonts-noto-cjk", "opentype/noto/NotoSansCJK-Bold.ttc", 2)
NOTO_SERIF: Final = Typeface("fonts-noto-cjk", "opentype/noto/NotoSerifCJK-Regular.ttc", 2)
NOTO_SERIF_BOLD: Final = Typeface("fonts-noto-cjk", "opentype/noto/NotoSerifCJK-Bold.ttc", 2)
GOTHIC: Final = Typeface("fonts-ipafont-gothic", "opentype/ipafont-gothic/ipag.ttf")
MINCHO: Final = Typeface("fonts-ipafont-mincho", "opentype/ipafont-mincho/ipam.ttf")
KILOJI: Final = Typeface("fonts-kiloji", "truetype/kiloji/kiloji.ttf")


def _liberation(name: str) -> Typeface:
    return Typeface("fonts-liberation2", f"truetype/liberation2/Liberation{name}-Regular.ttf")


def _dejavu(name: str) -> Typeface:
    return Typeface("fonts-dejavu-core", f"truetype/dejavu/DejaVu{name}.ttf")


@dataclass(frozen=True)
class Kind:
    """A kind of writing.

    Attributes:
        faces: the typefaces that it is drawn with; those that are missing are left out.
        draw: a page from a random generator and the typefaces.
        spaces: whether those between words are counted, in a column of their own.
        quality: of the JPEG, from and to.
    """

    faces: Sequence[Typeface]
    draw: Callable[[Random, Sequence[Face]], Sheet]
    spaces: bool = False
    quality: tuple[int, int] = _QUALITY


def _latin(*faces: Typeface) -> Kind:
    return Kind(faces, partial(draw.lines, say=text.english, count=9, length=44), spaces=True)


def _tilted(rng: Random, faces: Sequence[Face]) -> Sheet:
    return draw.turned(rng, draw.lines(rng, faces))


def _coarse(rng: Random, faces: Sequence[Face]) -> Sheet:
    return draw.coarse(rng, draw.lines(rng, faces, sizes=(23, 29)))


KINDS: Final[Mapping[str, Kind]] = {
    "hei": Kind((ZENHEI, MICROHEI, NOTO_SANS), draw.lines),
    "song": Kind((SUNG, UMING), draw.lines),
    "kai": Kind((KAITI, UKAI), draw.lines),
    "fangsong": Kind((FANGSONG,), partial(draw.lines, say=text.traditional)),
    "serif": Kind((NOTO_SERIF,), draw.lines),
    "bold": Kind((NOTO_BOLD, NOTO_SERIF_BOLD), draw.lines),
    "traditional": Kind((UMING, UKAI, NOTO_SANS_TW), partial(draw.lines, say=text.traditional)),
    "Japanese": Kind((GOTHIC, MINCHO), partial(draw.lines, say=text.japanese)),
    "Latin serif": _latin(_liberation("Serif"), _dejavu("Serif")),
    "Latin sans": _latin(_liberation("Sans"), _dejavu("Sans")),
    "Latin mono": _latin(_liberation("Mono"), _dejavu("SansMono")),
    "numbers": Kind(
        (NOTO_SANS, _liberation("Serif"), _dejavu("Sans")), partial(draw.lines, say=text.numbers, count=12)
    ),
    "mixed lines": Kind(
        (ZENHEI, NOTO_SANS, NOTO_SERIF), partial(draw.lines, say=text.mixed, count=10, length=30)
    ),
    "columns kai": Kind((KAITI, UKAI), draw.columns),
    "columns song": Kind((SUNG, UMING), draw.columns),
    "table": Kind((ZENHEI, SUNG, NOTO_SANS), draw.table),
    "tilt": Kind((ZENHEI, SUNG, KAITI), _tilted),
    "small": Kind((ZENHEI, UMING, NOTO_SANS), partial(draw.lines, sizes=(10, 15))),
    "low resolution": Kind((ZENHEI, SUNG, NOTO_SANS), _coarse, quality=(40, 70)),
    "screenshot": Kind((NOTO_SANS, MICROHEI), draw.screen),
    "receipt": Kind((ZENHEI, NOTO_SANS), draw.receipt, quality=(60, 90)),
    "coloured ground": Kind((ZENHEI, SUNG, NOTO_SANS), draw.coloured),
    "handwriting-like": Kind((KAITI, UKAI, KILOJI), draw.handwriting),
}


def draw_set(
    folder: Path,
    seed: int = 1,
    *,
    kinds: Mapping[str, Kind] = KINDS,
    typefaces: Typefaces | None = None,
    pages: int = PAGES,
    characters: int = CHARACTERS,
) -> dict[str, Any]:
    """Draw the kinds into a folder; returns what is in its labels.json.

    Args:
        folder: for the pages; made where it is not there.
        seed: another one draws other pages.
        kinds: what to draw.
        typefaces: where packages are unpacked; beside the pages if not given.
        pages: of each kind, at least.
        characters: of each kind, at least.
    """
    folder.mkdir(parents=True, exist_ok=True)
    typefaces = typefaces or Typefaces(folder.parent / "typefaces")
    said: dict[str, Any] = {"seed": seed, "digest": "", "missing": {}, "kinds": {}}
    digest = hashlib.sha256()
    for name, kind in kinds.items():
        found, missing = _found(kind.faces, typefaces)
        if missing:
            said["missing"][name] = "; ".join(missing)
        if not found:
            continue
        labels: dict[str, Any] = {}
        written = 0
        while len(labels) < pages or written < characters:
            # A seed for each page: another number of pages leaves the others as they are.
            rng = np.random.default_rng([seed, zlib.crc32(name.encode()), len(labels)])
            face = list(found.values())[len(labels) % len(found)]
            sheet = kind.draw(rng, [face])
            file = f"{name.replace(' ', '_')}_{len(labels) + 1:03}.jpg"
            quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(*kind.quality))]
            pixels = cv2.cvtColor(np.asarray(sheet.picture), cv2.COLOR_RGB2BGR)
            data = cv2.imencode(".jpg", pixels, quality)[1].tobytes()
            (folder / file).write_bytes(data)
            digest.update(data)
            labels[file] = [{**row, "box": np.round(row["box"], 1).tolist()} for row in sheet.rows]
            written += sum(len(canonical(row["text"])) for row in sheet.rows)
        said["kinds"][name] = {"typefaces": list(found), "pages": labels}
    said["digest"] = digest.hexdigest()[:12]
    (folder / "labels.json").write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return said


def _found(faces: Sequence[Typeface], typefaces: Typefaces) -> tuple[dict[str, Face], list[str]]:
    """Return the typefaces that are there, by name, and why others are not."""
    found: dict[str, Face] = {}
    missing = []
    for face in faces:
        try:
            found[f"{Path(face.file).name} ({face.package})"] = typefaces.path(face), face.index
        except MissingTypefaceError as error:
            missing.append(str(error))
    return found, missing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    said = draw_set(options.folder, options.seed)
    for name, kind in said["kinds"].items():
        print(f"{name}: {len(kind['pages'])} pages, {', '.join(kind['typefaces'])}")
    for name, why in said["missing"].items():
        print(f"missing for {name}: {why}")


if __name__ == "__main__":
    main()
