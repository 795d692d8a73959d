from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from hub.errors import ConfigError
from hub.ocr import names
from hub.ocr.names import check_names

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def said_nothing_yet() -> None:
    names._say.cache_clear()


def params(**more: Any) -> SimpleNamespace:
    return SimpleNamespace(det_model_dir="a", drop_score=0.5, long_in_slices=True, **more)


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("det_db_tresh", "det_db_thresh"),
        ("rec_char_dict_pth", "rec_char_dict_path"),
        ("DropScore", "drop_score"),
        ("order_by_line", "order_by_lines"),
    ],
)
def test_a_slip_is_an_error_that_names_what_was_meant(slip: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=f"{slip} is not known. Did you mean {meant}"):
        check_names(params(**{slip: 0.9}))


@pytest.mark.parametrize("name", ["cpu_threads", "det_box_type", "e2e_limit_side_len"])
def test_paddleocrs_names_without_effect_are_said_once(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(3):
        check_names(params(**{name: 1}))
    assert [record.message for record in caplog.records] == [
        f"params.py: PaddleOCR's names that have no effect here: {name}"
    ]


def test_other_names_are_said_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(2):
        check_names(params(my_label="x", version=3))
    assert [record.message for record in caplog.records] == [
        "params.py: unknown names, without effect: my_label, version"
    ]


def test_known_names_are_not_mentioned(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    check_names(params(visualize=True, url_timeout=5.0, return_word_box=True))
    assert not caplog.records
