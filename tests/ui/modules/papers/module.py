"""Reads the pages of documents as ocr_system does, without a model: a line a page, with its number."""

from typing import Annotated, Any

from pydantic import Field

from hub.module import Module, moduleinfo, serving

Line = dict[str, Any]


@moduleinfo(name="papers", version="3.0.0", summary="numbers the pages of documents")
class Papers(Module):
    @serving(images="images", documents=True)
    def read(self, images: list[Any], pages: int | list[int] | None = None) -> list[list[Line]]:
        """Find one line on each page but the second, which is empty."""
        return [_lines_of(image) for image in images]

    @serving(images="image")
    def measure(self, image: Any, unit: Annotated[int, Field(ge=1, lt=100)] = 1) -> dict[str, int]:
        """Measure one picture.

        Args:
            image: the picture.
            unit: pixels of a unit.
        """
        height, width = image.shape[:2]
        return {"width": width // unit, "height": height // unit}

    @serving
    def shout(self, text: str, times: int = 1, words: list[str] | None = None) -> str:
        """Say a text loudly."""
        return " ".join([text.upper() + "!"] * times + (words or []))


def _lines_of(image: Any) -> list[Line]:
    if image is None:
        return []
    if not hasattr(image, "numbers"):
        return [_line(*image.shape[:2])]
    found = zip(image.numbers, image.images, strict=True)
    return [_line(*page.shape[:2], number) for number, page in found if page is not None and number != 1]


def _line(height: int, width: int, page: int | None = None) -> Line:
    left, right, top, bottom = width // 4, width * 3 // 4, height // 4, height // 2
    line = {
        "text": f"page {page}",
        "confidence": 0.9,
        "text_region": [[left, top], [right, top], [right, bottom], [left, bottom]],
    }
    return line if page is None else {**line, "page": page}
