"""Draw the sample images of doc/imgs and doc/imgs_words, and write down what is written on them.

    python tools/draw_samples.py [FOLDER]        FOLDER is doc by default

Everything is drawn here: paper, wood, cardboard, light and shadow come from seeded noise, so the
same font gives the same pictures, and every text is known to the letter. ``labels.json`` beside
the pictures holds for each the list of its texts in reading order. The people, shops, numbers and
places on them are invented.
"""

from __future__ import annotations

import json
from pathlib import Path

import click
import cv2
import numpy as np
from draw_surfaces import Colour, Picture, clouds, foliage, lay, paper, photograph, tinted, wood
from PIL import Image, ImageDraw

import hub
from hub.ocr.font import cjk_font, cjk_font_file

Drawn = tuple[Picture, list[str]]

JPEG_QUALITY = 88
INK: Colour = (38, 38, 44)
GOODS = """\
商品|数量|金额
红富士苹果|2|17.80
全脂牛奶 1L|1|12.50
黑咖啡豆 250g|1|46.00
小麦面包|3|15.60
矿泉水 550ml|6|12.00"""
PAGE = """\
茶叶仓库的第一份数字档案
档案是在一个下雨的星期二开始整理的。仓库里有四百二十六只木箱，每
只箱子上都贴着手写的标签，最早的一张写于1987年3月。管理员把标签一
张一张拍下来，再由程序读出上面的字。
The labels were photographed with an ordinary phone, one at a time,
under the lamp of the loading bay. Nobody expected the first run to
go well; it read 2,318 of 2,340 characters, and the rest was coffee.
第二天下午，他们换了一盏灯，又把相机固定在三脚架上。同样的箱子，
同样的标签，这一次只有三个字读错了，其中两个本来就写错了。
一、按照年份排列，1987年至2024年共三十八个架位。
二、每个架位的温度保持在18.5度，湿度不超过百分之六十。
三、出库时登记编号、重量和日期，例如 A-0417，25.6 kg，11月20日。
By the end of the week the shelf numbers, weights and dates were in a
table that anyone could search. The oldest tea was found in box 0073,
behind a broken scale, where it had been resting for 39 years.
后来有人问，为什么不早一点这样做。管理员想了想，说以前也试过，只是
那时候机器读一张标签要等半分钟，读完还要人再核对一遍。
Now the whole room takes less time than the kettle. The machine reads,
the people taste, and the kettle is still the slowest part of the day.
四、每月15日用同一台秤称重，误差超过0.2公斤的箱子要重新登记。
五、标签破损时先拍照，再换新标签，旧标签装进信封里一起保存。
The count is kept in one plain file of 426 rows, and a copy of it hangs
by the door: box, year, weight, date, and the name of whoever read it.
如今箱子增加到五百一十二只，拍照用了四十分钟，读完全部标签用了不到
二十秒。管理员把那盏旧灯留在桌上，他说这盏灯的功劳最大。
第 12 页"""


class Sheet:
    """A flat surface to write on, which remembers what was written, in order."""

    def __init__(self, surface: Picture, font: Path | None) -> None:
        self.image = Image.fromarray(surface)
        self.draw = ImageDraw.Draw(self.image)
        self.lines: list[str] = []
        self._font = font

    def write(
        self, x: float, y: float, text: str, size: int, ink: Colour = INK, anchor: str = "la", bold: int = 0
    ) -> None:
        """Write one line; ``anchor`` as in Pillow, ``bold`` thickens the strokes by that many pixels."""
        font = cjk_font(size, self._font)
        self.draw.text((x, y), text, fill=ink, font=font, anchor=anchor, stroke_width=bold)
        self.lines.append(text)

    def row(self, y: float, size: int, *cells: tuple[float, str, str]) -> None:
        """Write cells of ``(x, text, anchor)`` on one line, from left to right."""
        for x, text, anchor in cells:
            self.write(x, y, text, size, anchor=anchor)

    def barcode(self, x: int, y: int, width: int, height: int, rng: np.random.Generator) -> None:
        """Fill a rectangle with upright bars."""
        while width > 4:
            bar, gap = (int(value) for value in rng.integers(2, 6, 2))
            self.draw.rectangle((x, y, x + min(bar, width) - 1, y + height), fill=INK)
            x, width = x + bar + gap, width - bar - gap

    @property
    def picture(self) -> Picture:
        """Return the sheet's pixels, uint8 of shape (height, width, 3), RGB."""
        return np.asarray(self.image)


def draw_receipt(font: Path | None, rng: np.random.Generator) -> Drawn:
    """Draw a till receipt on a wooden table."""
    sheet = Sheet(paper(900, 540, (246, 244, 238), rng), font)
    sheet.write(270, 70, "云杉超市", 54, anchor="mm", bold=1)
    sheet.write(270, 124, "SPRUCE MARKET", 26, anchor="mm")
    sheet.write(270, 164, "人民路128号 电话 021-5550-0168", 24, anchor="mm")
    sheet.row(196, 24, (40, "收银员 王敏", "la"), (500, "2026-11-07 18:42", "ra"))
    for index, goods in enumerate(GOODS.splitlines()):
        name, count, price = goods.split("|")
        y = 262 + index * 46
        sheet.row(y, 27, (40, name, "la"), (335, count, "ma"), (500, price, "ra"))
    for index, (name, amount) in enumerate([("合计", "103.90"), ("现金", "110.00"), ("找零", "6.10")]):
        sheet.row(560 + index * 50, 32, (40, name, "la"), (500, amount, "ra"))
    sheet.write(270, 742, "谢谢惠顾 欢迎再来", 28, anchor="mm")
    sheet.barcode(110, 776, 320, 64, rng)
    for y in (246, 308, 546, 714):
        sheet.draw.line((36, y, 504, y), fill=(120, 120, 124), width=2)
    torn = np.ones((900, 540), dtype=np.float32)
    for x in range(540):
        torn[892 - abs(x % 18 - 9) :, x] = 0
    scene = lay(sheet.picture, wood(1040, 800, rng), [(152, 62), (668, 40), (700, 976), (116, 990)], torn)
    return photograph(scene, rng, light=(0.3, 0.1), blur=0.6), sheet.lines


def draw_sign(font: Path | None, rng: np.random.Generator) -> Drawn:
    """Draw a notice board at the gate of a park."""
    white: Colour = (244, 247, 244)
    sheet = Sheet(tinted((22, 84, 140), clouds(520, 860, (5, 8), rng) * 3), font)
    sheet.draw.rounded_rectangle((18, 18, 841, 501), radius=26, outline=white, width=6)
    sheet.write(430, 116, "静心湖公园", 108, ink=white, anchor="mm", bold=1)
    sheet.write(430, 216, "JINGXIN LAKE PARK", 44, ink=white, anchor="mm")
    sheet.draw.line((90, 266, 770, 266), fill=white, width=3)
    sheet.write(430, 326, "开放时间 06:00-22:00", 54, ink=white, anchor="mm")
    sheet.write(430, 420, "水深危险 请勿游泳", 62, ink=(255, 221, 87), anchor="mm", bold=1)
    rounded = Image.new("L", (860, 520), 0)
    ImageDraw.Draw(rounded).rounded_rectangle((0, 0, 859, 519), radius=38, fill=255)
    scene = foliage(760, 1040, rng)
    for x in (300, 716):
        post = tinted(
            (112, 116, 120), np.linspace(30, -45, 34, dtype=np.float32)[None, :].repeat(420, axis=0)
        )
        scene[340:, x : x + 34] = post
    outline = np.asarray(rounded, dtype=np.float32) * np.float32(1 / 255)
    corners = [(96, 92), (950, 128), (936, 622), (104, 652)]
    scene = lay(sheet.picture, scene, corners, outline, shade=0.0)
    return photograph(scene, rng, light=(0.7, 0.0), blur=0.8), sheet.lines


def draw_label(font: Path | None, rng: np.random.Generator) -> Drawn:
    """Draw a parcel label, stuck on askew."""
    sheet = Sheet(paper(560, 760, (250, 250, 247), rng), font)
    sheet.draw.rectangle((14, 14, 745, 545), outline=INK, width=4)
    sheet.draw.rectangle((14, 14, 745, 116), fill=INK)
    sheet.write(380, 64, "小心轻放 FRAGILE", 58, ink=(250, 250, 247), anchor="mm", bold=1)
    sheet.write(44, 138, "收件人 李晓明 138-0000-0000", 36)
    sheet.write(44, 200, "杭州市西湖区文三路99号3栋502室", 36)
    sheet.draw.line((14, 268, 745, 268), fill=INK, width=3)
    sheet.write(44, 286, "寄件人 云杉超市仓库", 36)
    sheet.write(44, 348, "重量 2.35 kg  共 1 件", 36)
    sheet.barcode(44, 414, 672, 66, rng)
    sheet.write(380, 512, "HB 2048 1107 5836 CN", 36, anchor="mm")
    ridges = np.sin(np.arange(1060) / 5.2, dtype=np.float32) * 4
    fibres = clouds(860, 1060, (430, 90), rng) * 4 + clouds(860, 1060, (5, 6), rng) * 5
    box = tinted((186, 146, 100), fibres + ridges[None, :])
    scene = lay(sheet.picture, box, [(206, 92), (934, 240), (836, 764), (96, 618)])
    return photograph(scene, rng, light=(0.2, 0.2), blur=0.7), sheet.lines


def draw_page(font: Path | None, rng: np.random.Generator) -> Drawn:
    """Draw a scanned page full of text, lying not quite straight, with the shadow of the spine."""
    sheet = Sheet(paper(1320, 980, (248, 246, 240), rng), font)
    title, *lines, number = PAGE.splitlines()
    sheet.write(490, 110, title, 44, anchor="mm", bold=1)
    for index, line in enumerate(lines):
        sheet.write(86, 170 + index * 44, line, 26)
    sheet.write(490, 1270, number, 24, anchor="mm")
    spine = 1 - 0.3 * np.exp(-np.arange(980) / 42)
    shaded = (sheet.picture * spine[None, :, None]).astype(np.uint8)
    tilt = cv2.getRotationMatrix2D((490, 660), 0.7, 1.0)
    scan = cv2.warpAffine(shaded, tilt, (980, 1320), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return photograph(scan, rng, light=(0.6, 0.3), blur=0.5), sheet.lines


def draw_empty(_font: Path | None, rng: np.random.Generator) -> Drawn:
    """Draw a sheet of paper on a table, with nothing on it."""
    blank = paper(700, 520, (248, 247, 243), rng)
    scene = lay(blank, wood(760, 860, rng), [(164, 44), (690, 66), (706, 716), (142, 702)])
    return photograph(scene, rng, light=(0.5, 0.1), blur=0.7), []


def draw_word(
    text: str, font: Path | None, rng: np.random.Generator, *, upside_down: bool = False
) -> Picture:
    """One line cut out of a page, as ocr_rec and ocr_cls expect it."""
    width = round(cjk_font(34, font).getlength(text)) + 24
    sheet = Sheet(paper(56, width, (244, 242, 234), rng), font)
    sheet.write(12, 28, text, 34, anchor="lm")
    picture = photograph(sheet.picture, rng, light=(0.5, 0.5), blur=0.6)
    return np.ascontiguousarray(picture[::-1, ::-1]) if upside_down else picture


def save(folder: Path, pictures: dict[str, Drawn]) -> None:
    """Write the pictures (RGB) as JPEG, and labels.json."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (picture, _) in pictures.items():
        bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
        (folder / name).write_bytes(cv2.imencode(".jpg", bgr, options)[1].tobytes())
    labels = {name: lines for name, (_, lines) in pictures.items()}
    (folder / "labels.json").write_text(json.dumps(labels, ensure_ascii=False, indent=2) + "\n", "utf-8")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("doc"))
def main(folder: Path) -> None:
    """Draw the sample images into FOLDER/imgs and FOLDER/imgs_words."""
    try:
        font: Path | None = Path(hub.model_path("NotoSansCJKsc"))
    except (hub.HubError, ImportError):
        font = None
    if cjk_font_file(font) is None:
        raise click.ClickException("no Chinese font: hub weights fetch NotoSansCJKsc, then draw again")
    painters = [draw_receipt, draw_sign, draw_label, draw_page, draw_empty]
    pages = {
        # Each picture has a seed of its own: changing one leaves the others as they are.
        paint.__name__.removeprefix("draw_") + ".jpg": paint(font, np.random.default_rng(seed))
        for seed, paint in enumerate(painters)
    }
    save(folder / "imgs", pages)
    words = ["云杉超市收银小票", "Invoice No. 2026-1107", "静心湖公园开放时间"]
    rng = np.random.default_rng(100)
    crops = {f"word_{index}.jpg": (draw_word(text, font, rng), [text]) for index, text in enumerate(words, 1)}
    crops["word_4_upside_down.jpg"] = (draw_word(words[2], font, rng, upside_down=True), [words[2]])
    save(folder / "imgs_words", crops)
    print(f"{len(pages) + len(crops)} pictures drawn with {cjk_font_file(font)} in {folder}")


if __name__ == "__main__":
    main()
