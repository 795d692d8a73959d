"""Answers as ocr_system does, without a model: lines at fixed places of every picture."""

import base64
import time
from typing import Any

from hub.errors import InvalidInputError
from hub.module import Module, moduleinfo, serving

LINES = (("HubServing", 0.998), ("静心湖公园", 0.93), ("hard to read", 0.61))


@moduleinfo(name="boxes", version="2.0.0", summary="finds the same lines everywhere")
class Boxes(Module):
    @serving(batch="images", images="images", thread_safe=True)
    def find(
        self, images: list[Any], visualize: bool = False, sleep: float = 0.0
    ) -> list[list[dict[str, Any]]] | list[dict[str, Any]]:
        """Find three lines in each picture.

        Args:
            images: pictures.
            visualize: also give each picture with its boxes.
            sleep: seconds to take.
        """
        time.sleep(min(max(sleep, 0.0), 5.0))
        if not images:
            raise InvalidInputError("no images")
        pages = [[] if image is None else found(*image.shape[:2]) for image in images]
        if not visualize:
            return pages
        picture = base64.b64encode(b"\xff\xd8no picture").decode()
        return [{"lines": page, "image": picture} for page in pages]


def found(height: int, width: int) -> list[dict[str, Any]]:
    lines = []
    for number, (text, confidence) in enumerate(LINES):
        top, bottom = height * (2 * number + 1) // 8, height * (2 * number + 2) // 8
        left, right = width // 10, width * 9 // 10
        region = [[left, top], [right, top], [right, bottom], [left, bottom]]
        lines.append({"text": text, "confidence": confidence, "text_region": region})
    return lines
