"""Images come and go as base64."""

from __future__ import annotations

import numpy as np
import pytest

from hub.compat.paddlehub_api import images
from hub.errors import InvalidInputError

pytestmark = pytest.mark.unit

NOISE = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)


@pytest.mark.parametrize("text", ["%%%", "", "A"])
def test_what_is_no_base64_is_the_callers_mistake(text: str) -> None:
    with pytest.raises(InvalidInputError):
        images.base64_to_cv2(text)


def test_base64_and_back() -> None:
    assert np.array_equal(images.base64_to_cv2(images.cv2_to_base64(NOISE, ".png")), NOISE)
    assert images.base64_to_cv2("data:image/png;base64," + images.cv2_to_base64(NOISE)) is not None
    assert images.base64_to_cv2("bm8gaW1hZ2U=") is None
