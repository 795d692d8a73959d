"""A searchable PDF of each file: the picture of every page, with the text invisible at its place."""

from __future__ import annotations

import io
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from hub import atomic_file
from hub.errors import InvalidInputError, UsageError
from hub.pictures.documents import PDF_SCALE, open_document
from hub.pictures.levels import Image
from hub.pictures.pages import chosen
from hub.predict.formats import Writer, entries
from hub.predict.journal import Record

#: Every reader of PDFs has it, so nothing is embedded; its encoding has all of Unicode.
_FONT: Final = "STSong-Light"
_INVISIBLE: Final = 3
_JPEG_QUALITY: Final = 85


def check(folder: Path | None) -> None:
    """Raise UsageError where PDFs cannot be written: no folder for them, or no library."""
    if folder is None:
        raise UsageError("--format pdf writes a PDF of each file: give --output DIR")
    if find_spec("reportlab") is None:
        raise UsageError("--format pdf needs ReportLab: pip install reportlab")


class SearchablePDF(Writer):
    """A PDF for each record, in a folder; a file's own folders are kept, so that names do not meet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, record: Record) -> None:
        """Write a file's PDF, unless it is there and newer; one that failed has none."""
        if "results" not in record:
            return
        source, target = Path(record["file"]), self.path_of(record["file"])
        try:
            if target.stat().st_mtime >= source.stat().st_mtime:
                return
        except OSError:
            pass
        found = [line for line in entries(record["results"]) if isinstance(line, dict)]
        if len(found) == 1 and "lines" in found[0]:
            found = found[0]["lines"]
        try:
            content = searchable(source.read_bytes(), found)
        except (OSError, InvalidInputError):  # it has changed since
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        atomic_file.write(target, content)

    def path_of(self, name: str) -> Path:
        """Return the place of a file's PDF."""
        parts = [part for part in Path(name).parts if part not in ("/", "..")]
        return self._folder.joinpath(*parts[:-1], f"{parts[-1]}.pdf")


def searchable(data: bytes, lines: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the PDF of a file.

    Args:
        data: a picture or document.
        lines: ``text`` and ``text_region`` (four corners in pixels) each, and ``page`` where there are some.

    Raises:
        InvalidInputError: the file cannot be read.
    """
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    by_page = defaultdict(list)
    for line in lines:
        by_page[line.get("page", 0)].append(line)
    file = io.BytesIO()
    canvas = Canvas(file, invariant=True)
    with open_document(data) as document:
        for number, page in chosen(document, None, None):
            if isinstance(page, InvalidInputError):
                continue
            _draw(canvas, page, by_page[number])
    canvas.save()
    return file.getvalue()


def _draw(canvas: Any, page: Image, lines: Sequence[Mapping[str, Any]]) -> None:
    from PIL import Image as Pillow
    from reportlab.lib.utils import ImageReader

    picture = io.BytesIO()
    Pillow.fromarray(page[:, :, ::-1]).save(picture, "JPEG", quality=_JPEG_QUALITY)
    width, height = page.shape[1] / PDF_SCALE, page.shape[0] / PDF_SCALE
    canvas.setPageSize((width, height))
    canvas.drawImage(ImageReader(picture), 0, 0, width, height)
    for line in lines:
        if line.get("text") and line.get("text_region"):
            _write(canvas, line["text"], line["text_region"], height)
    canvas.showPage()


def _write(canvas: Any, text: str, corners: Sequence[Sequence[float]], page_height: float) -> None:
    """Write a line into its box: as high, as wide and as tilted as that."""
    points = [(x / PDF_SCALE, page_height - y / PDF_SCALE) for x, y in corners]
    (left, top), (bottom_left, bottom) = points[0], points[3]
    length = math.dist(points[3], points[2])
    size = math.dist((left, top), (bottom_left, bottom))
    if min(length, size) <= 0:
        return
    angle = math.atan2(points[2][1] - bottom, points[2][0] - bottom_left)
    written = canvas.beginText()
    written.setTextRenderMode(_INVISIBLE)
    written.setFont(_FONT, size)
    written.setHorizScale(100 * length / max(canvas.stringWidth(text, _FONT, size), 1e-6))
    cos, sin = math.cos(angle), math.sin(angle)
    written.setTextTransform(cos, sin, -sin, cos, bottom_left, bottom)
    written.textOut(text)
    canvas.drawText(written)
