"""The pages of the labelled set by kind: lines, columns, tables, screens, receipts, and what wears them.

A page is drawn upright with the place of every row; what then turns or shrinks it moves the places, too. A
row is all that is read beside each other, such as a row of a table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from PIL import Image, ImageDraw

from benchmarks import kinds_text as text
from benchmarks.kinds_typefaces import has, opened

Random = np.random.Generator
Picture = np.ndarray[Any, np.dtype[np.uint8]]
Colour = tuple[int, int, int]
Say = Callable[[Random, int], str]
#: A file of a typeface, and the index in it.
Face = tuple[Path, int]
#: Left, top, right, bottom, in pixels.
Box = tuple[float, float, float, float]

#: A row's place reaches so far beyond its letters, as a part of the size: where a detector's centre may be.
_AROUND: Final = 0.2


@dataclass
class Sheet:
    """A page in the making.

    Attributes:
        picture: RGB.
        rows: ``{"text": …, "box": [[x, y], …]}`` in reading order. The corners are clockwise, the first two
            along the way of reading.
    """

    picture: Image.Image
    rows: list[dict[str, Any]] = field(default_factory=list)

    def write(self, face: Face, size: int, at: tuple[int, int], words: str, ink: Colour) -> Box:
        """Write words from a place on; returns where their ink is."""
        font = opened(*face, size)
        ImageDraw.Draw(self.picture).text(at, words, fill=ink, font=font)
        left, top, right, bottom = font.getbbox(words)
        return at[0] + left, at[1] + top, at[0] + right, at[1] + bottom

    def row(self, words: str, boxes: Sequence[Box], around: float, *, downwards: bool = False) -> None:
        """Note a row: what is written in some boxes, with a margin around them."""
        edges = np.array(boxes, np.float64)
        left, top = (edges[:, :2].min(axis=0) - around).tolist()
        right, bottom = (edges[:, 2:].max(axis=0) + around).tolist()
        box = [[left, top], [right, top], [right, bottom], [left, bottom]]
        self.rows.append({"text": words, "box": box[1:] + box[:1] if downwards else box})


def known(face: Face, words: str) -> str:
    """Return a text without the characters that a typeface lacks."""
    return "".join(character for character in words if has(*face, character))


def page_colours(rng: Random) -> tuple[Colour, Colour]:
    """Return ink and paper of a print."""
    shade, dark = int(rng.integers(238, 256)), int(rng.integers(0, 60))
    return (dark, dark, dark), (shade, shade, max(0, shade - int(rng.integers(0, 10))))


def _blank(width: int, height: int, paper: Colour) -> Sheet:
    return Sheet(Image.new("RGB", (width, height), paper))


def lines(
    rng: Random,
    faces: Sequence[Face],
    say: Say = text.simplified,
    *,
    count: int = 15,
    length: int = 20,
    sizes: tuple[int, int] = (20, 30),
    colours: Callable[[Random], tuple[Colour, Colour]] = page_colours,
) -> Sheet:
    """Draw lines below each other, in one typeface and size."""
    face, size = faces[int(rng.integers(0, len(faces)))], int(rng.integers(*sizes))
    ink, paper = colours(rng)
    pitch, margin = round(size * rng.uniform(1.4, 1.9)), round(size * rng.uniform(1, 2.5))
    said = [known(face, say(rng, length)) for _ in range(count)]
    width = max(round(opened(*face, size).getlength(words)) for words in said)
    sheet = _blank(width + 2 * margin, pitch * count + 2 * margin, paper)
    for number, words in enumerate(said):
        y = margin + number * pitch
        sheet.row(words, [sheet.write(face, size, (margin, y), words, ink)], _AROUND * size)
    return sheet


def columns(rng: Random, faces: Sequence[Face], *, count: int = 14, length: int = 18) -> Sheet:
    """Draw columns from top to bottom, the first on the right."""
    face, size = faces[int(rng.integers(0, len(faces)))], int(rng.integers(24, 34))
    ink, paper = page_colours(rng)
    step, pitch = round(size * rng.uniform(1.02, 1.15)), round(size * rng.uniform(1.5, 2.0))
    margin = round(size * rng.uniform(1, 2.5))
    width, height = 2 * margin + pitch * count, 2 * margin + step * length
    sheet = _blank(width, height, paper)
    for number in range(count):
        words = known(face, text.without_marks(text.simplified(rng, length)))
        x = width - margin - (number + 1) * pitch
        boxes = [
            sheet.write(face, size, (x, margin + place * step), character, ink)
            for place, character in enumerate(words)
        ]
        sheet.row(words, boxes, _AROUND * size, downwards=True)
    return sheet


def table(rng: Random, faces: Sequence[Face]) -> Sheet:
    """Draw a table with ruled cells: words on the left, words and numbers beside them."""
    face, size = faces[int(rng.integers(0, len(faces)))], int(rng.integers(18, 26))
    ink, paper = page_colours(rng)
    count, cells, margin = 13, int(rng.integers(3, 5)), 30
    pitch, width = round(size * rng.uniform(1.6, 2.2)), round(size * 9)
    sheet = _blank(2 * margin + cells * width, 2 * margin + count * pitch, paper)
    pen, rule = ImageDraw.Draw(sheet.picture), (150, 150, 150)
    for number in range(count + 1):
        y = margin + number * pitch
        pen.line([(margin, y), (margin + cells * width, y)], fill=rule)
    for cell in range(cells + 1):
        x = margin + cell * width
        pen.line([(x, margin), (x, margin + count * pitch)], fill=rule)
    for number in range(count):
        y = margin + number * pitch + (pitch - size) // 2
        words = [known(face, (text.pick(rng, text.PEOPLE), text.pick(rng, text.THINGS))[number % 2])]
        for _ in range(cells - 1):
            words.append(known(face, text.number(rng)[:12] if rng.random() < 0.5 else text.hanzi(rng, 4)))
        places = [margin + cell * width + size // 2 for cell in range(cells)]
        boxes = [sheet.write(face, size, (x, y), each, ink) for x, each in zip(places, words, strict=True)]
        sheet.row("".join(words), boxes, _AROUND * size)
    return sheet


def screen(rng: Random, faces: Sequence[Face]) -> Sheet:
    """Draw a screen of an application: bar, rows of a form, running text, a button; light or dark."""
    face, size, width = faces[int(rng.integers(0, len(faces)))], int(rng.integers(14, 19)), 640
    dark = bool(rng.random() < 0.4)
    paper, ink = ((32, 33, 36), (232, 234, 237)) if dark else ((255, 255, 255), (32, 33, 36))
    accents: list[Colour] = [(26, 115, 232), (24, 128, 56), (192, 57, 43), (95, 99, 104)]
    accent, pitch = accents[int(rng.integers(0, 4))], round(size * 2.1)
    sheet = _blank(width, pitch * 21, paper)
    pen, white = ImageDraw.Draw(sheet.picture), (255, 255, 255)

    def row(y: int, words: str, colour: Colour = ink, x: int = 24) -> None:
        words = known(face, words)
        sheet.row(words, [sheet.write(face, size, (x, y), words, colour)], _AROUND * size)

    pen.rectangle([0, 0, width, pitch + 6], fill=accent)
    row(pitch // 3, text.pick(rng, text.THINGS) + text.pick(rng, text.ENDINGS), white)
    for number in range(10):
        y = pitch * (number + 2)
        label, value = (known(face, each) for each in text.label_and_value(rng))
        boxes = [sheet.write(face, size, (24, y), label, ink)]
        boxes.append(sheet.write(face, size, (width // 2, y), value, (138, 180, 248) if dark else accent))
        sheet.row(label + value, boxes, _AROUND * size)
        pen.line([(16, y - pitch // 4), (width - 16, y - pitch // 4)], fill=(128, 128, 128))
    for number in range(7):
        row(pitch * (number + 12), text.simplified(rng, 28))
    words = text.pick(rng, text.VERBS)
    pen.rounded_rectangle([40, pitch * 19, 80 + size * 8, pitch * 20], radius=8, fill=accent)
    row(pitch * 19 + pitch // 4, words, white, 60)
    return sheet


def receipt(rng: Random, faces: Sequence[Face]) -> Sheet:
    """Draw a receipt of a thermal printer: shop, goods with count and price, sum; faint in bands."""
    face, size, width = faces[int(rng.integers(0, len(faces)))], int(rng.integers(17, 21)), 400
    shade, count, pitch = int(rng.integers(40, 110)), 16, round(size * 1.6)
    ink: Colour = (shade, shade, shade + 10)
    sheet = _blank(width, pitch * (count + 6), (250, 250, 246))

    def row(y: int, parts: Sequence[tuple[int, str]]) -> None:
        boxes = [sheet.write(face, size, (x, y), words, ink) for x, words in parts]
        sheet.row("".join(words for _, words in parts), boxes, _AROUND * size)

    row(pitch, [(90, known(face, text.hanzi(rng, 4) + "购物广场"))])
    row(pitch * 2, [(20, f"20{text.digits(rng, 2)}-0{rng.integers(1, 10)}-1{text.digits(rng, 1)}")])
    for number in range(count):
        thing = known(face, text.pick(rng, text.THINGS))[:6]
        price = f"{rng.integers(1, 300)}.{text.digits(rng, 2)}"
        row(pitch * (number + 3), [(20, thing), (200, str(rng.integers(1, 30))), (290, price)])
    row(pitch * (count + 3), [(20, "合计"), (290, f"{rng.integers(100, 3000)}.{text.digits(rng, 2)}")])
    row(pitch * (count + 4), [(20, known(face, text.pick(rng, text.ENDINGS)))])
    seen = np.asarray(sheet.picture).astype(np.float32)
    band = 1 - 0.35 * rng.random((1, width, 1)).astype(np.float32) * (rng.random((1, width, 1)) < 0.06)
    seen = 250 - (250 - seen) * band * rng.uniform(0.75, 1, (len(seen), 1, 1)).astype(np.float32)
    seen = cv2.GaussianBlur(seen + rng.normal(0, 4, seen.shape).astype(np.float32), (0, 0), 0.7)
    sheet.picture = Image.fromarray(np.clip(seen, 0, 255).astype(np.uint8))
    return sheet


def coloured(rng: Random, faces: Sequence[Face]) -> Sheet:
    """Draw lines on a ground that runs from one colour to another, with clouds in it."""
    light = bool(rng.random() < 0.6)
    one, other = (rng.integers(150, 250, 3) if light else rng.integers(10, 100, 3) for _ in range(2))
    ink = rng.integers(0, 60, 3) if light else rng.integers(215, 256, 3)
    sheet = lines(rng, faces, colours=lambda _: ((255, 255, 255), (0, 0, 0)))
    mask = np.asarray(sheet.picture)[..., 0].astype(np.float32) / 255
    height, width = mask.shape
    run = np.linspace(0, 1, width if rng.random() < 0.5 else height, dtype=np.float32)
    share = np.broadcast_to(run[None, :] if len(run) == width else run[:, None], mask.shape)[..., None]
    clouds = cv2.resize(
        rng.normal(0, 14, (6, 8, 3)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    ground = one * (1 - share) + other * share + clouds
    seen = ground * (1 - mask[..., None]) + ink * mask[..., None]
    sheet.picture = Image.fromarray(np.clip(seen, 0, 255).astype(np.uint8))
    return sheet


def handwriting(rng: Random, faces: Sequence[Face]) -> Sheet:
    """Draw characters one by one, each turned, moved and of a size of its own, then bend the page."""
    face, size = faces[int(rng.integers(0, len(faces)))], int(rng.integers(26, 34))
    _, paper = page_colours(rng)
    ink: Colour = [(20, 20, 30), (20, 40, 140), (60, 60, 60)][int(rng.integers(0, 3))]
    count, length, pitch = 14, 20, round(size * 1.7)
    sheet = _blank(size * (length + 3), pitch * count + 2 * size, paper)
    for number in range(count):
        words = known(face, text.without_marks(text.simplified(rng, length)))
        x, y = size + int(rng.integers(0, size // 2)), size + number * pitch
        boxes: list[Box] = []
        for character in words:
            own = round(size * rng.uniform(0.88, 1.08))
            tile = Image.new("L", (2 * own, 2 * own), 0)
            ImageDraw.Draw(tile).text((own // 2, own // 2), character, fill=255, font=opened(*face, own))
            tile = tile.rotate(float(rng.normal(0, 3.5)), Image.Resampling.BICUBIC)
            lift = round(float(rng.normal(0, 0.05 * size)))
            sheet.picture.paste(Image.new("RGB", tile.size, ink), (x - own // 2, y - own // 2 + lift), tile)
            boxes.append((x, y, x + own, y + size))
            x += round(own * rng.uniform(0.98, 1.12))
        sheet.row(words, boxes, 0.3 * size)
    sheet.picture = Image.fromarray(_waved(rng, np.asarray(sheet.picture), 0.05 * size))
    return sheet


def _waved(rng: Random, picture: Picture, strength: float) -> Picture:
    """Move each part of a picture a little, neighbours alike."""
    height, width = picture.shape[:2]
    shape = (height // 24 + 2, width // 24 + 2)
    shift = [
        cv2.resize(
            rng.normal(0, strength, shape).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
        )
        for _ in range(2)
    ]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return cv2.remap(picture, x + shift[0], y + shift[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def turned(rng: Random, sheet: Sheet, least: float = 2.0, most: float = 8.0) -> Sheet:
    """Turn a page by some degrees to either side, on a larger sheet of its paper."""
    picture = np.asarray(sheet.picture)
    height, width = picture.shape[:2]
    angle = float(rng.uniform(least, most)) * (1 if rng.random() < 0.5 else -1)
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    cosine, sine = abs(matrix[0, 0]), abs(matrix[0, 1])
    target = round(width * cosine + height * sine), round(width * sine + height * cosine)
    matrix[:, 2] += (target[0] - width) / 2, (target[1] - height) / 2
    paper = tuple(int(value) for value in picture[0, 0])
    bent = cv2.warpAffine(picture, matrix, target, flags=cv2.INTER_CUBIC, borderValue=paper)
    rows = [{**row, "box": (np.c_[row["box"], np.ones(4)] @ matrix.T).tolist()} for row in sheet.rows]
    return Sheet(Image.fromarray(bent), rows)


def coarse(rng: Random, sheet: Sheet) -> Sheet:
    """Halve a page, as a poor scan does; every other one is enlarged again."""
    picture = np.asarray(sheet.picture)
    small = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        enlarged = cv2.resize(small, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        return Sheet(Image.fromarray(enlarged), sheet.rows)
    rows = [{**row, "box": (np.array(row["box"]) / 2).tolist()} for row in sheet.rows]
    return Sheet(Image.fromarray(small), rows)
