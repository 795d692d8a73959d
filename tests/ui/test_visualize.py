"""``visualize``: the reply also has the picture with what was found on it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from hub import settings
from hub.errors import InvalidInputError, WeightsError
from hub.ocr.visualize import checked_flag, with_pictures
from tests.serving.running import ROOT, Server

LINES = [{"text": "文字", "confidence": 0.9, "text_region": [[10, 10], [90, 10], [90, 30], [10, 30]]}]


def no_font(name: str) -> Path:
    raise WeightsError(f"{name} is not here")


def decoded(text: str) -> Any:
    return cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_COLOR)


def test_each_page_gets_its_lines_and_its_picture() -> None:
    white = np.full((40, 100, 3), 255, np.uint8)
    (drawn,) = with_pictures([white], [LINES], no_font)
    picture = decoded(drawn["image"])

    assert drawn["lines"] == LINES
    assert picture.shape == (40, 200, 3)  # the picture, and beside it the text
    assert picture[10:31, 10:91].min() < 200


def test_what_is_no_picture_has_none() -> None:
    assert with_pictures([None], [[]], no_font) == [{"lines": [], "image": None}]


def test_a_large_picture_is_drawn_small_and_its_lines_keep_their_places() -> None:
    wide = np.full((100, 40_000, 3), 255, np.uint8)
    (drawn,) = with_pictures([wide], [LINES], no_font)

    assert decoded(drawn["image"]).shape == (5, 4000, 3)
    assert drawn["lines"] == LINES


@pytest.mark.parametrize("value", [1, "true", None, [True]])
def test_it_is_true_or_false(value: Any) -> None:
    with pytest.raises(InvalidInputError, match="visualize must be true or false"):
        checked_flag(value)


@pytest.fixture(scope="module")
def ocr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The real ocr_system and ocr_det."""
    home = tmp_path_factory.mktemp("home")
    weights = settings.hub_home() / "weights"
    weights.mkdir(parents=True, exist_ok=True)
    (home / "weights").symlink_to(weights)
    modules = {
        name: {"init_args": {"directory": str(ROOT / "deploy" / "hubserving" / name)}}
        for name in ("ocr_system", "ocr_det")
    }
    with Server(home, modules) as running:
        yield running


def sign() -> str:
    return base64.b64encode((ROOT / "doc" / "imgs" / "sign.jpg").read_bytes()).decode()


@pytest.mark.models
@pytest.mark.parametrize(("module", "widths"), [("ocr_system", 2), ("ocr_det", 1)])
def test_the_results_are_the_same_with_and_without(ocr: Server, module: str, widths: int) -> None:
    plain = ocr.post(module, {"images": [sign()]}).json()["results"]
    drawn = ocr.post(module, {"images": [sign()], "visualize": True}).json()["results"]
    height, width = decoded(sign()).shape[:2]

    assert [page["lines"] for page in drawn] == plain
    assert decoded(drawn[0]["image"]).shape == (height, widths * width, 3)
    assert isinstance(plain[0], list)


@pytest.mark.models
def test_a_wrong_value_is_the_callers_mistake(ocr: Server) -> None:
    reply = ocr.post("ocr_system", {"images": [sign()], "visualize": "yes"})

    assert (reply.status_code, reply.json()["status"]) == (400, "101")


@pytest.mark.models
def test_an_unknown_argument_is_refused_with_the_accepted_names(ocr: Server) -> None:
    reply = ocr.post("ocr_system", {"images": [sign()], "visualise": True})

    assert reply.status_code == 400
    # Not `paths`, which is refused over HTTP.
    assert "accepted: `images`, `visualize`, `pages`, " in reply.json()["msg"]
    assert reply.json()["msg"].endswith("Did you mean visualize?")
