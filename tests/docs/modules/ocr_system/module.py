"""Answers as ocr_system does, and reads nothing: its lines say how large a picture is."""

from __future__ import annotations

from typing import Any

from hub.module import Module, moduleinfo, serving


@moduleinfo(name="ocr_system", version="1.0.0", summary="answers as ocr_system does")
class Sizes(Module):
    @serving(images="images")
    def predict(self, images: list[Any]) -> list[list[dict[str, Any]]]:
        return [self._lines(*image.shape[:2]) for image in images]

    def _lines(self, height: int, width: int) -> list[dict[str, Any]]:
        region = [[0, 0], [width, 0], [width, height], [0, height]]
        texts = (f"宽 {width}", f'"{height}" high')
        return [{"text": text, "confidence": 1.0, "text_region": region} for text in texts]
