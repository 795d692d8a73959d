"""Find a font that can draw Chinese, and open it at a size.

Looked for in this order, once per process:

1. a font installed on the system, which fontconfig knows;
2. ``fallback``, a font file or a folder holding one, which the caller provides: HubServing's
   weights store has one under the name ``NotoSansCJKsc``, and this package may not reach for it by itself;
3. Pillow's built-in font, which has no Chinese; a warning says so once.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

logger = logging.getLogger(__name__)

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

FONT_WEIGHTS_NAME = "NotoSansCJKsc"

#: Sans-serif faces made for simplified Chinese come first: they stay legible when drawn small.
_PREFERRED = ("notosanscjk", "notosanssc", "sourcehansans", "wqy", "wenquanyi", "droidsansfallback", "simhei")
_SUFFIXES = (".otf", ".ttf", ".ttc")


@dataclass(frozen=True)
class FontFile:
    """One face: a file, and its index where the file is a collection of several."""

    path: Path
    index: int = 0


def cjk_font(size: int, fallback: Path | None = None) -> Font:
    """Return a font of ``size`` pixels for Chinese, English and digits.

    Args:
        size: em height in pixels, at least 1.
        fallback: font file, or folder with one, used where the system has no such font.
    """
    face = cjk_font_file(fallback)
    if face is None:
        _warn_no_font()
        return ImageFont.load_default(size)
    return _opened(face, max(1, size))


@lru_cache(maxsize=8)
def cjk_font_file(fallback: Path | None = None) -> FontFile | None:
    """Return the face that ``cjk_font`` opens, or None where there is no Chinese font at all."""
    installed = _ask_fontconfig()
    if installed is not None or fallback is None:
        return installed
    files = [fallback] if fallback.is_file() else sorted(fallback.rglob("*"))
    return next((FontFile(path) for path in files if path.suffix.lower() in _SUFFIXES), None)


@lru_cache(maxsize=128)
def _opened(face: FontFile, size: int) -> Font:
    # The basic layout is several times faster than Raqm's, and these scripts need no shaping.
    layout = ImageFont.Layout.BASIC
    return ImageFont.truetype(str(face.path), size, index=face.index, layout_engine=layout)


@lru_cache(maxsize=1)
def _warn_no_font() -> None:
    logger.warning(
        "No font with Chinese characters was found, so they are drawn as empty boxes. "
        "Get one with: hub weights fetch %s",
        FONT_WEIGHTS_NAME,
    )


def _ask_fontconfig() -> FontFile | None:
    program = shutil.which("fc-list")
    if program is None:
        return None
    query = [program, ":lang=zh-cn", "-f", "%{index}\t%{style}\t%{family}\t%{file}\n"]
    try:
        listing = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        logger.debug("fc-list failed: %s", error)
        return None
    faces: list[tuple[tuple[list[bool], bool, bool, str], FontFile]] = []
    for line in listing.splitlines():
        index, style, family, file = line.split("\t", 3)
        path = Path(file)
        if path.suffix.lower() in _SUFFIXES and index.isdigit():
            # One Noto collection holds Japanese, Korean and both Chinese faces; SC is simplified Chinese.
            name = path.name.lower().replace("-", "").replace("_", "")
            preferred = [wanted not in name for wanted in _PREFERRED]
            order = (preferred, "SC" not in family, "regular" not in style.lower(), file)
            # The upper half of fontconfig's index numbers the instances of a variable font.
            faces.append((order, FontFile(path, int(index) & 0xFFFF)))
    return min(faces, key=lambda ranked: ranked[0])[1] if faces else None
