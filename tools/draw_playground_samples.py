"""Draw the samples of the playground: a text, a table, and columns of text.

    python tools/draw_playground_samples.py [FOLDER]        the gateway's static/ by default

They are small PNG files, a few kilobytes each, and everything on them is invented.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import click
import numpy as np
from draw_samples import Sheet
from draw_surfaces import Picture

import hub
from hub.ocr.font import cjk_font_file

STATIC: Final = Path(__file__).parents[1] / "hub" / "serving" / "gateway" / "static"
#: Shades of grey in a file: enough for smooth letters.
SHADES: Final = 16
RULE: Final = (120, 120, 126)
TEXT: Final = """\
Monday to Friday 09:00-17:30
Saturday 10:00-14:00
星期日休息
Ring the bell twice, please."""
TABLE: Final = """\
Tea 茶|Year|Boxes|Price
Green Hill|2024|126|18.50
Cloud Mist|2023|48|42.00
Red Kettle|2021|9|27.80
White Moon|1998|3|310.00"""
LEFT: Final = """\
The mill stands at the
bend of the river. For
ninety years it ground
flour for the valley.
Then the wheel stopped,
and the swallows came."""
RIGHT: Final = """\
Last spring the village
bought it for one coin.
Forty people came with
brooms, and on Sunday
the wheel turned again.
磨坊的水车又转了。"""


def draw_text(sheet: Sheet) -> None:
    """Draw a notice with a heading."""
    sheet.write(40, 34, "Opening hours 开放时间", 40, bold=1)
    sheet.draw.line((40, 100, 600, 100), fill=RULE, width=2)
    for index, line in enumerate(TEXT.splitlines()):
        sheet.write(40, 124 + index * 56, line, 30)


def draw_table(sheet: Sheet) -> None:
    """Draw a table with rules."""
    sheet.draw.rectangle((30, 30, 609, 89), fill=(226, 228, 232))
    for row, line in enumerate(TABLE.splitlines()):
        name, year, boxes, price = line.split("|")
        sheet.row(
            44 + row * 60, 26, (46, name, "la"), (310, year, "ma"), (430, boxes, "ma"), (590, price, "ra")
        )
    for y in range(30, 331, 60):
        sheet.draw.line((30, y, 609, y), fill=RULE, width=2)
    for x in (30, 250, 370, 490, 609):
        sheet.draw.line((x, 30, x, 330), fill=RULE, width=2)


def draw_columns(sheet: Sheet) -> None:
    """Draw a newspaper's article: a title, and two columns below it."""
    sheet.write(320, 46, "The mill turns again", 38, anchor="mm", bold=1)
    sheet.draw.line((30, 82, 610, 82), fill=RULE, width=2)
    for x, column in ((30, LEFT), (335, RIGHT)):
        for index, line in enumerate(column.splitlines()):
            sheet.write(x, 100 + index * 38, line, 24)


SAMPLES: Final[dict[str, tuple[tuple[int, int], Callable[[Sheet], None]]]] = {
    "sample_text.png": ((360, 640), draw_text),
    "sample_table.png": ((360, 640), draw_table),
    "sample_columns.png": ((344, 640), draw_columns),
}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=STATIC)
def main(folder: Path) -> None:
    """Draw the playground's samples into FOLDER."""
    try:
        font: Path | None = Path(hub.model_path("NotoSansCJKsc"))
    except (hub.HubError, ImportError):
        font = None
    if cjk_font_file(font) is None:
        raise click.ClickException("no Chinese font: hub weights fetch NotoSansCJKsc, then draw again")
    for name, ((height, width), draw) in SAMPLES.items():
        sheet = Sheet(white(height, width), font)
        draw(sheet)
        grey = sheet.image.convert("L").quantize(SHADES)
        grey.save(folder / name, optimize=True)
        print(f"{name}: {(folder / name).stat().st_size} bytes")


def white(height: int, width: int) -> Picture:
    return np.full((height, width, 3), 252, dtype=np.uint8)


if __name__ == "__main__":
    main()
