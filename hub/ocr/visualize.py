"""Draws the result of an OCR module: boxes on the picture, text on a white panel beside it.

Every item has one colour, the same on both sides, so that the eye finds a line again. Nothing is
read from or written to disk here except the font.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from PIL import ImageDraw

from hub.errors import HubError, InvalidInputError
from hub.ocr.font import FONT_WEIGHTS_NAME, Font, cjk_font
from hub.ocr.geometry import Box, Image, is_column, side_lengths

#: BGR, strong enough to be seen on paper and on photographs, neighbours far apart.
_PALETTE = (
    (200, 90, 20),
    (40, 40, 210),
    (60, 150, 20),
    (180, 30, 160),
    (20, 120, 230),
    (150, 130, 0),
    (100, 60, 200),
    (20, 150, 150),
)
_INK = 25
_FILL_OPACITY = 0.18
#: A picture for a reply is drawn no larger than this on its longer side: it is for the eye.
_LONGEST_SIDE = 2000
_JPEG_QUALITY = 88
#: Of a JPEG file, width and height.
_LARGEST_JPEG = (65_500, 65_500)
#: Pixels below a picture for a line that says what it is.
_CAPTION_HEIGHT = 25


def with_pictures(
    images_bgr: Sequence[Image | None],
    pages: Sequence[list[dict[str, Any]]],
    find: Callable[[str], Path],
) -> list[dict[str, Any]]:
    """Put each page's items and its drawn picture into one object, for a reply with ``visualize``.

    Args:
        images_bgr: uint8 (height, width, 3), BGR; None for one that could not be read.
        pages: the items of each, as for ``draw_ocr``.
        find: where fetched weights lie, ``hub.model_path``; asked for a font if the system has none.

    Returns:
        Per image ``{"lines": items, "image": JPEG in base64, or None without an image}``.
    """
    font = fetched_font(find)
    return [
        {"lines": items, "image": None if image is None else _drawn(image, items, font)}
        for image, items in zip(images_bgr, pages, strict=True)
    ]


def fetched_font(find: Callable[[str], Path]) -> Path | None:
    """Return the weights store's font, for a system without a Chinese one; None where it was not fetched."""
    try:
        return find(FONT_WEIGHTS_NAME)
    except HubError:
        return None


def checked_flag(value: Any) -> bool:
    """Return ``visualize`` of a request; raises InvalidInputError where it is neither true nor false."""
    if not isinstance(value, bool):
        raise InvalidInputError(f"visualize must be true or false, not {value!r}"[:200])
    return value


def _drawn(image_bgr: Image, items: Sequence[dict[str, Any]], font: Path | None) -> str:
    scale = min(1.0, _LONGEST_SIDE / max(image_bgr.shape[:2]))
    picture = draw_ocr(*_scaled(image_bgr, items, scale), fallback_font=font)
    return base64.b64encode(jpeg(picture)).decode()


def jpeg(picture_bgr: Image, max_size: tuple[int, int] | None = None) -> bytes:
    """Return a JPEG file of a picture, made smaller where it exceeds ``max_size`` (width, height)."""
    if max_size is not None:
        picture_bgr, _ = _scaled(picture_bgr, (), _fitting(picture_bgr.shape[1::-1], max_size))
    encoded = cv2.imencode(".jpg", picture_bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1]
    return encoded.tobytes()


def png(picture_bgr: Image, max_size: tuple[int, int] | None = None) -> bytes:
    """Return a PNG file of a picture, made smaller where it exceeds ``max_size`` (width, height)."""
    if max_size is not None:
        picture_bgr, _ = _scaled(picture_bgr, (), _fitting(picture_bgr.shape[1::-1], max_size))
    return cv2.imencode(".png", picture_bgr)[1].tobytes()


def side_by_side(
    pictures_bgr: Sequence[Image], captions: Sequence[str], max_size: tuple[int, int] | None
) -> Image:
    """Return pictures beside each other on white, with a line of text below each: uint8 (h, w, 3), BGR.

    Args:
        pictures_bgr: uint8 (h, w, 3), BGR.
        captions: ASCII.
        max_size: of the whole, width and height; None for any that a JPEG file can have.
    """
    width = sum(picture.shape[1] for picture in pictures_bgr)
    height = max(picture.shape[0] for picture in pictures_bgr)
    most_width, most_height = max_size or _LARGEST_JPEG
    scale = _fitting((width, height), (most_width, max(1, most_height - _CAPTION_HEIGHT)))
    scaled = [_scaled(picture, (), scale)[0] for picture in pictures_bgr]
    height = max(picture.shape[0] for picture in scaled)
    columns = []
    for picture, caption in zip(scaled, captions, strict=True):
        below = height - picture.shape[0] + _CAPTION_HEIGHT
        white = (255, 255, 255)
        column = cv2.copyMakeBorder(picture, 0, below, 0, 0, cv2.BORDER_CONSTANT, value=white)
        place = (10, height + _CAPTION_HEIGHT - 7)
        columns.append(cv2.putText(column, caption, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0)))
    return np.hstack(columns)


def drawn_jpeg(
    image_bgr: Image,
    items: Sequence[dict[str, Any]],
    *,
    max_size: tuple[int, int] | None,
    font: Path | None,
) -> bytes:
    """Return a JPEG file of what ``draw_ocr`` makes, within ``max_size`` (width, height in pixels).

    The image is made smaller first, so that what is written beside it stays sharp.
    """
    height, width = image_bgr.shape[:2]
    drawn_width = 2 * width if any(item.get("text") for item in items) else width
    scale = 1.0 if max_size is None else _fitting((drawn_width, height), max_size)
    return jpeg(draw_ocr(*_scaled(image_bgr, items, scale), fallback_font=font))


def _fitting(size: tuple[int, ...], max_size: tuple[int, int]) -> float:
    return min(1.0, max_size[0] / size[0], max_size[1] / size[1])


def _scaled(
    image_bgr: Image, items: Sequence[dict[str, Any]], scale: float
) -> tuple[Image, Sequence[dict[str, Any]]]:
    """Make image and regions smaller; a scale of 1 or more changes nothing."""
    if scale >= 1.0:
        return image_bgr, items
    height, width = image_bgr.shape[:2]
    size = max(1, int(width * scale)), max(1, int(height * scale))
    resized: Image = cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA)
    return resized, [
        {**item, "text_region": (np.asarray(item["text_region"]) * scale).tolist()} for item in items
    ]


def draw_ocr(
    image_bgr: Image, items: Sequence[dict[str, Any]], *, fallback_font: Path | None = None
) -> Image:
    """Return the picture with its boxes, and beside it the text at the same places.

    Args:
        image_bgr: uint8 of shape (height, width, 3), BGR; left as it is.
        items: what ocr_system gives for one picture, dicts of ``text``, ``confidence`` and
            ``text_region`` (four corners [x, y], clockwise from where the text begins). Where none
            has a ``text``, as from ocr_det, there is no panel. Items without a region are left out.
        fallback_font: font file or folder for a system without a Chinese font.

    Returns:
        uint8 BGR, of shape (height, 2 * width, 3) with text, else (height, width, 3).
    """
    located = [item for item in items if item.get("text_region")]
    quads = [np.asarray(item["text_region"], dtype=np.float32).reshape(4, 2) for item in located]
    boxed = draw_boxes(image_bgr, quads)
    texts = [str(item.get("text") or "") for item in located]
    if not any(texts):
        return boxed
    panel = np.full_like(image_bgr, 255)
    _outline(panel, quads, thickness=1)
    for quad, text in zip(quads, texts, strict=True):
        if text:
            _place_text(panel, quad, text, fallback_font)
    return np.hstack([boxed, panel])


def draw_boxes(image_bgr: Image, quads: Sequence[Box]) -> Image:
    """Return a copy with every quadrilateral filled lightly and outlined.

    Args:
        image_bgr: uint8 of shape (height, width, 3), BGR.
        quads: arrays of shape (4, 2), corners [x, y] in pixels.
    """
    filled = image_bgr.copy()
    for quad, colour in zip(quads, itertools.cycle(_PALETTE), strict=False):
        cv2.fillPoly(filled, [_corners(quad)], colour)
    boxed: Image = cv2.addWeighted(filled, _FILL_OPACITY, image_bgr, 1 - _FILL_OPACITY, 0)
    _outline(boxed, quads, thickness=max(1, round(min(image_bgr.shape[:2]) / 400)))
    return boxed


def _place_text(panel: Image, quad: Box, text: str, fallback_font: Path | None) -> None:
    """Draw one text into its quadrilateral, turned as the quadrilateral is."""
    width, height = (max(1, side) for side in side_lengths(quad))
    draw = _draw_line
    if is_column(quad) and len(text) > 1:
        if _is_mostly_cjk(text):
            draw = _draw_column
        else:  # a line turned clockwise: it begins at the top right corner
            quad, width, height = np.roll(quad, -1, axis=0), height, width
    ink = draw(text, width, height, fallback_font)
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    left, top = np.maximum(np.floor(quad.min(axis=0)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(quad.max(axis=0)).astype(int) + 1, panel.shape[1::-1])
    if right <= left or bottom <= top:
        return
    # Only the part of the panel under the text is warped: a page has a hundred lines.
    matrix = cv2.getPerspectiveTransform(source, quad - np.array([left, top], dtype=np.float32))
    warped = cv2.warpPerspective(ink, matrix, (int(right - left), int(bottom - top)), borderValue=255)
    region = panel[top:bottom, left:right]
    np.minimum(region, warped[:, :, None], out=region, where=warped[:, :, None] < 255)


def _draw_line(text: str, width: int, height: int, fallback_font: Path | None) -> Image:
    """Return uint8 (height, width): dark text on white, as large as fits, centred in height."""
    font = cjk_font(max(6, round(height * 0.86)), fallback_font)
    length = font.getlength(text)
    if length > width:
        font = cjk_font(max(6, int(height * 0.86 * width / length)), fallback_font)
    return _draw(width, height, [(0.0, height / 2, text)], font, anchor="lm")


def _draw_column(text: str, width: int, height: int, fallback_font: Path | None) -> Image:
    """Return uint8 (height, width): one character below the other."""
    cell = height / len(text)
    font = cjk_font(max(6, int(min(width * 0.9, cell))), fallback_font)
    places = [(width / 2, cell * (row + 0.5), character) for row, character in enumerate(text)]
    return _draw(width, height, places, font, anchor="mm")


def _draw(
    width: int, height: int, places: Sequence[tuple[float, float, str]], font: Font, *, anchor: str
) -> Image:
    canvas = Pillow.new("L", (width, height), 255)
    draw = ImageDraw.Draw(canvas)
    for x, y, text in places:
        draw.text((x, y), text, fill=_INK, font=font, anchor=anchor)
    return np.asarray(canvas)


def _outline(image: Image, quads: Sequence[Box], *, thickness: int) -> None:
    for quad, colour in zip(quads, itertools.cycle(_PALETTE), strict=False):
        cv2.polylines(image, [_corners(quad)], True, colour, thickness, cv2.LINE_AA)


def _corners(quad: Box) -> npt.NDArray[np.int32]:
    return np.rint(quad).astype(np.int32)


def _is_mostly_cjk(text: str) -> bool:
    return 2 * sum("\u2e80" <= character <= "\uffef" for character in text) >= len(text)
