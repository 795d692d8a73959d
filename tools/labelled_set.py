"""Draw a labelled set for measuring OCR: lines, cards and pages whose text is known to the letter.

    python tools/labelled_set.py FOLDER [--lines 2000] [--cards 0] [--pages 100] [--seed 1]

Cards are small pictures of a few words and numbers, like labels, tickets and signs.

Chinese characters (all 3 755 of GB 2312's first level, so that no language model can guess them),
English words, numbers, dates, prices, addresses; several fonts, sizes, weights, slants and widths;
then rotation, perspective, shadow, low contrast, blur, noise and JPEG, each on some of the pictures. The same
seed and fonts give the same pictures. The text and its place go into ``labels.json``:

    {"fonts": […], "pictures": {"line_0001.jpg": [{"text": "…", "box": [[x, y], …]}], …}}

Boxes are the corners of the drawn text after all distortions, clockwise from its top left, in pixels.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

import hub
from hub.ocr.font import FontFile, cjk_font_file

Picture = np.ndarray[Any, np.dtype[np.uint8]]
Random = np.random.Generator
Corners = np.ndarray[Any, np.dtype[np.float32]]

#: GB 2312, rows 16 to 55: the characters of everyday Chinese, in the order of their sounds.
HANZI = bytes(
    byte
    for row in range(0xB0, 0xD8)
    for cell in range(0xA1, 0xFA if row == 0xD7 else 0xFF)
    for byte in (row, cell)
).decode("gb2312")
WORDS = """\
about above account address after again amount annual answer approved archive article average
balance battery before between board bottle bridge building buyer cabinet camera cancel carbon
carrier catalogue centre certificate change charge choose circuit clinic close coffee column company
contents contract copper corner count customer damage deliver deposit design detail different direct
district double driver during early eastern edition effect engine enough entrance entry equal error
evening example export fabric factory figure filter final flight folder follow foreign fragile
freight garden gather general glass global ground handle harbour height hotel hour house important
include income index industry inspect invoice island journal journey kitchen label large latest
leather library licence light limited liquid machine maintain manager market material maximum
measure meeting member message metal method minimum minute mobile model monthly morning motor museum
nation nature network number object office opening order original other outside package paper parcel
passage payment people period person photo place plastic platform please point police policy
position pressure price printed private process product public quality quantity question quick
railway reading receipt record refund register remark repair report request result return river
round safety sample school science season second section senior serial service seven shelf shipping
should signal silver simple single sixteen small society source south special speed square standard
station storage street student summer supply surface system table tariff tax technical temperature
terminal thank thirty through ticket total tower traffic train transfer travel under union until
upper urgent valid value vehicle version village volume warehouse warning water weekly weight
western wheel which window winter within without wood worker world written yellow young zone""".split()  # noqa: SIM905 - as a list it would fill the file
PUNCTUATION = "，。、：；！？（）《》“”—"


@dataclass(frozen=True)
class Face:
    """A font to draw with; only some know Chinese."""

    file: FontFile | None
    chinese: bool

    @property
    def name(self) -> str:
        return self.file.path.name if self.file else "Pillow's own"

    def open(self, size: int) -> Any:
        if self.file is None:
            return ImageFont.load_default(size)
        return ImageFont.truetype(
            str(self.file.path), size, index=self.file.index, layout_engine=ImageFont.Layout.BASIC
        )


def find_faces() -> list[Face]:
    """Return the Chinese font that ``hub.ocr.font`` finds, Pillow's own, and DejaVu's where installed."""
    try:
        fetched: Path | None = Path(hub.model_path("NotoSansCJKsc"))
    except (hub.HubError, ImportError):
        fetched = None
    chinese = cjk_font_file(fetched)
    if chinese is None:
        raise click.ClickException("no Chinese font: hub weights fetch NotoSansCJKsc, then draw again")
    wanted = (
        "DejaVuSans.ttf",
        "DejaVuSans-Bold.ttf",
        "DejaVuSerif.ttf",
        "DejaVuSerif-Italic.ttf",
        "DejaVuSansMono.ttf",
    )
    folders = [path.parent for path in Path("/usr/share/fonts").rglob("DejaVuSans.ttf")][:1]
    dejavu = [FontFile(folder / name) for folder in folders for name in wanted if (folder / name).is_file()]
    return [Face(chinese, True), Face(None, False), *(Face(file, False) for file in dejavu)]


def hanzi(rng: Random, low: int, high: int) -> str:
    """Return some Chinese characters at random."""
    return "".join(HANZI[i] for i in rng.integers(0, len(HANZI), rng.integers(low, high + 1)))


def words(rng: Random, low: int, high: int) -> str:
    """Return some English words, lower case, capitalised or in capitals."""
    chosen = " ".join(WORDS[i] for i in rng.integers(0, len(WORDS), rng.integers(low, high + 1)))
    return (chosen, chosen.capitalize(), chosen.upper())[rng.integers(0, 3)]


def digits(rng: Random, count: int) -> str:
    return "".join(str(i) for i in rng.integers(0, 10, count))


def number(rng: Random) -> str:
    """Return a date, a price, a telephone number, a code, a percentage, a size."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    kinds: list[Callable[[], str]] = [
        lambda: f"20{digits(rng, 2)}-{rng.integers(1, 13):02}-{rng.integers(1, 29):02}",
        lambda: f"¥{rng.integers(1, 99999):,}.{digits(rng, 2)}",
        lambda: f"0{digits(rng, 2)}-{digits(rng, 4)}-{digits(rng, 4)}",
        lambda: (
            f"{letters[rng.integers(0, 24)]}{letters[rng.integers(0, 24)]}{digits(rng, 6)}/{digits(rng, 2)}"
        ),
        lambda: f"{rng.integers(1, 100)}.{digits(rng, 1)}%",
        lambda: f"{digits(rng, 3)}x{digits(rng, 3)}mm",
        lambda: digits(rng, int(rng.integers(4, 16))),
        lambda: (
            f"{WORDS[rng.integers(0, len(WORDS))]}{digits(rng, 2)}@{WORDS[rng.integers(0, len(WORDS))]}.com"
        ),
    ]
    return kinds[rng.integers(0, len(kinds))]()


def sentence(rng: Random, *, chinese: bool) -> str:
    """Return the text of one line."""
    if not chinese:
        kind = rng.integers(0, 3)
        return (words(rng, 1, 5), number(rng), f"{words(rng, 1, 2)} {number(rng)}")[kind]
    kind = rng.integers(0, 5)
    mark = PUNCTUATION[rng.integers(0, len(PUNCTUATION))]
    return (
        hanzi(rng, 2, 8),
        hanzi(rng, 6, 20),
        f"{hanzi(rng, 2, 8)}{mark}{hanzi(rng, 2, 10)}",
        f"{hanzi(rng, 2, 6)}：{number(rng)}",
        f"{hanzi(rng, 2, 4)} {words(rng, 1, 2)}",
    )[kind]


def entry(rng: Random, *, chinese: bool) -> str:
    """Return the text of one place of a card."""
    if not chinese:
        return (words(rng, 1, 2), number(rng))[rng.integers(0, 2)]
    return (hanzi(rng, 2, 6), f"{hanzi(rng, 2, 4)}：{number(rng)}")[int(rng.random() < 0.2)]


def colours(rng: Random) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Ink and paper; a third of the pairs have little contrast, a quarter is light on dark."""
    paper = rng.integers(170, 256, 3)
    distance = rng.integers(35, 70) if rng.random() < 0.33 else rng.integers(90, 165)
    ink = np.clip(paper - distance - rng.integers(0, 25, 3), 0, 255)
    pair = (tuple(map(int, ink)), tuple(map(int, paper)))
    return (pair[1], pair[0]) if rng.random() < 0.25 else pair


def write(
    rng: Random,
    faces: list[Face],
    sheet: Image.Image,
    x: int,
    y: int,
    ink: tuple[int, ...],
    say: Callable[..., str] = sentence,
) -> dict[str, Any]:
    """Write one line with its top left at (x, y); returns its text and its box before distortion."""
    chinese = bool(rng.random() < 0.6)
    able = [face for face in faces if face.chinese == chinese]
    face = able[rng.integers(0, len(able))]
    size = int(rng.integers(15, 44))
    text = say(rng, chinese=chinese)
    bold = int(size > 22 and rng.random() < 0.25)
    font = face.open(size)
    left, top, right, bottom = font.getbbox(text, stroke_width=bold)
    line = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4), 0)
    ImageDraw.Draw(line).text((2 - left, 2 - top), text, fill=255, font=font, stroke_width=bold)
    # Condensed, wide or slanted: what other cuts of a font would look like.
    width = max(8, round(line.width * rng.uniform(0.8, 1.2))) if rng.random() < 0.4 else line.width
    slant = rng.uniform(-0.05, 0.25) if rng.random() < 0.25 else 0.0
    line = line.resize((width, line.height), Image.Resampling.BICUBIC)
    extra = round(abs(slant) * line.height)
    line = line.transform(
        (line.width + extra, line.height),
        Image.Transform.AFFINE,
        (1, slant, -extra if slant > 0 else 0, 0, 1, 0),
        Image.Resampling.BICUBIC,
    )
    sheet.paste(Image.new("RGB", line.size, ink), (x, y), line)  # type: ignore[arg-type]
    box = [[x, y], [x + line.width, y], [x + line.width, y + line.height], [x, y + line.height]]
    return {"text": text, "box": box}


def distort(rng: Random, picture: Picture, boxes: list[Any], *, tilt: float) -> tuple[Picture, list[Corners]]:
    """Turn and bend a picture (RGB) as a camera does; boxes go along."""
    height, width = picture.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    angle = np.deg2rad(rng.uniform(-tilt, tilt)) if rng.random() < 0.6 else 0.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
    moved = ((corners - corners.mean(0)) @ turn.T).astype(np.float32)
    if rng.random() < 0.4:
        moved += rng.uniform(-0.025, 0.025, (4, 2)).astype(np.float32) * min(width, 8 * height)
    moved -= moved.min(0)
    target = np.ceil(moved.max(0)).astype(int)
    matrix = cv2.getPerspectiveTransform(corners, moved)
    flags = cv2.INTER_AREA if rng.random() < 0.5 else cv2.INTER_LINEAR
    bent = cv2.warpPerspective(picture, matrix, target.tolist(), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return bent, [cv2.perspectiveTransform(np.array([box], np.float32), matrix)[0] for box in boxes]


def wear(rng: Random, picture: Picture) -> bytes:
    """Shadow, blur, noise and JPEG, each on some of the pictures (RGB); the bytes of a .jpg."""
    seen = picture.astype(np.float32)
    height, width = picture.shape[:2]
    if rng.random() < 0.4:
        light = np.linspace(rng.uniform(0.55, 1), rng.uniform(0.55, 1), width, dtype=np.float32)
        seen *= (
            light[None, :, None]
            * np.linspace(1, rng.uniform(0.7, 1), height, dtype=np.float32)[:, None, None]
        )
    if rng.random() < 0.35:
        seen = cv2.GaussianBlur(seen, (0, 0), rng.uniform(0.5, 1.3))
    if rng.random() < 0.1:
        seen = cv2.blur(seen, (int(rng.integers(2, 5)), 1))  # moved
    if rng.random() < 0.4:
        seen += rng.normal(0, rng.uniform(3, 16), picture.shape).astype(np.float32)
    quality = int(rng.integers(25, 60)) if rng.random() < 0.4 else int(rng.integers(75, 96))
    worn = np.clip(seen, 0, 255).astype(np.uint8)
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return bytes(cv2.imencode(".jpg", cv2.cvtColor(worn, cv2.COLOR_RGB2BGR), options)[1].tobytes())


def draw_line(rng: Random, faces: list[Face]) -> tuple[bytes, list[dict[str, Any]]]:
    """One line, cut out about as tightly as a detector would."""
    ink, paper = colours(rng)
    wide = Image.new("RGB", (1400, 100), paper)  # type: ignore[arg-type]
    item = write(rng, faces, wide, 20, 20, ink)
    (left, top), _, (right, bottom), _ = item["box"]
    margin = rng.integers(1, 7, 4)
    sheet = np.asarray(wide)[top - margin[0] : bottom + margin[1], left - margin[2] : right + margin[3]]
    box = np.array(item["box"]) - [left - margin[2], top - margin[0]]
    bent, boxes = distort(rng, np.ascontiguousarray(sheet), [box], tilt=2.0)
    return wear(rng, bent), [{"text": item["text"], "box": boxes[0].round(1).tolist()}]


def draw_card(rng: Random, faces: list[Face]) -> tuple[bytes, list[dict[str, Any]]]:
    """One to six short entries below each other."""
    ink, paper = colours(rng)
    sheet = Image.new("RGB", (900, 700), paper)  # type: ignore[arg-type]
    items: list[dict[str, Any]] = []
    bottom = 12
    for _ in range(int(rng.integers(1, 7))):
        x, y = 16 + int(rng.integers(0, 60)), bottom + int(rng.integers(8, 40))
        items.append(write(rng, faces, sheet, x, y, ink, entry))
        bottom = items[-1]["box"][2][1]
    right = max(item["box"][2][0] for item in items)
    card = np.asarray(sheet)[: bottom + int(rng.integers(14, 60)), : right + int(rng.integers(14, 60))]
    bent, boxes = distort(rng, card, [item["box"] for item in items], tilt=4.0)
    return wear(rng, bent), _labels(items, boxes)


def draw_page(rng: Random, faces: list[Face]) -> tuple[bytes, list[dict[str, Any]]]:
    """Several lines, in one or two columns, on paper of any shape."""
    ink, paper = colours(rng)
    width, height = int(rng.integers(360, 1100)), int(rng.integers(320, 1000))
    sheet = Image.new("RGB", (width + 900, height + 80), paper)  # type: ignore[arg-type]
    items = []
    for column in range(1 + int(width > 700)):
        y = int(rng.integers(24, 60))
        while y < height - 60:
            item = write(rng, faces, sheet, 30 + column * width // 2 + int(rng.integers(0, 30)), y, ink)
            # The paper covers text that reaches into the next column or over the edge.
            (left, top), _, (right, bottom), _ = item["box"]
            if right > (column + 1) * (width // 2 if width > 700 else width) - 10:
                sheet.paste(paper, (left - 4, top - 4, right + 4, bottom + 4))  # type: ignore[arg-type]
                continue
            items.append(item)
            y = bottom + int(rng.integers(10, 70))
    bent, boxes = distort(rng, np.asarray(sheet)[:height, :width], [item["box"] for item in items], tilt=4.0)
    return wear(rng, bent), _labels(items, boxes)


def _labels(items: list[dict[str, Any]], boxes: list[Corners]) -> list[dict[str, Any]]:
    return [
        {"text": item["text"], "box": box.round(1).tolist()} for item, box in zip(items, boxes, strict=True)
    ]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--lines", default=2000, show_default=True, help="pictures of one line each")
@click.option("--cards", default=0, show_default=True, help="small pictures of a few entries")
@click.option("--pages", default=100, show_default=True, help="pictures of several lines")
@click.option("--seed", default=1, show_default=True)
def main(folder: Path, lines: int, cards: int, pages: int, seed: int) -> None:
    """Draw a labelled set into FOLDER."""
    faces = find_faces()
    folder.mkdir(parents=True, exist_ok=True)
    pictures: dict[str, Any] = {}
    kinds = (("line", lines, draw_line), ("card", cards, draw_card), ("page", pages, draw_page))
    for kind, count, draw in kinds:
        for index in range(count):
            # A seed for each: drawing more, or changing one kind, leaves the others as they are.
            rng = np.random.default_rng([seed, len(kind), ord(kind[0]), index])
            data, labels = draw(rng, faces)
            name = f"{kind}_{index + 1:04}.jpg"
            (folder / name).write_bytes(data)
            pictures[name] = labels
    content = {"fonts": [face.name for face in faces], "seed": seed, "pictures": pictures}
    (folder / "labels.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
    print(f"{len(pictures)} pictures drawn in {folder} with {', '.join(content['fonts'])}")


if __name__ == "__main__":
    main()
