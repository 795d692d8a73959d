"""What a request may set for itself: checked, and stronger than every setting of the module."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import InvalidInputError
from hub.ocr.options import DetectorOptions, PipelineOptions, RecognizerOptions, checked
from hub.ocr.params import DetectorParams

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("det_limit_side_len", 31, "a whole number from 32 to 4000"),
        ("det_limit_side_len", 4001, "a whole number from 32 to 4000"),
        ("det_limit_side_len", 960.5, "a whole number from 32 to 4000"),
        ("det_limit_type", "longest", "one of min, max, resize_long"),
        ("det_db_thresh", -0.1, "a number from 0 to 1"),
        ("det_db_thresh", float("nan"), "a number from 0 to 1"),
        ("det_db_box_thresh", 1.1, "a number from 0 to 1"),
        ("det_db_unclip_ratio", 0, "a number above 0 to 100"),
        ("det_db_unclip_ratio", float("inf"), "a number above 0 to 100"),
        ("drop_score", "high", "a number from 0 to 1"),
        ("drop_score", [0.5], "a number from 0 to 1"),
        ("return_word_box", "perhaps", "true or false"),
        ("return_word_box", 2, "true or false"),
    ],
)
def test_a_value_out_of_bounds_is_refused_with_its_name_and_what_is_allowed(
    name: str, value: Any, allowed: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        checked(PipelineOptions, {name: value})

    assert str(refused.value) == f"{name} must be {allowed}, not {value!r}"


def test_a_message_shows_no_more_than_the_beginning_of_a_long_value() -> None:
    with pytest.raises(InvalidInputError) as refused:
        checked(PipelineOptions, {"det_limit_type": "x" * 1_000_000})

    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("det_limit_side_len", 32, 32),
        ("det_limit_side_len", "4000", 4000),
        ("det_db_unclip_ratio", 100, 100),
        ("drop_score", "0.25", 0.25),
        ("return_word_box", "True", True),
        ("return_word_box", None, None),
    ],
)
def test_what_is_allowed_is_taken_and_a_forms_text_is_converted(name: str, value: Any, taken: Any) -> None:
    found: dict[str, Any] = {**checked(PipelineOptions, {name: value})}

    assert found == {name: taken}
    assert type(found[name]) is type(taken) or name == "det_db_unclip_ratio"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (DetectorOptions, "drop_score"),
        (DetectorOptions, "return_word_box"),
        (RecognizerOptions, "det_db_thresh"),
        (PipelineOptions, "drop_scor"),
    ],
)
def test_an_option_of_another_step_is_refused_with_those_there_are(kind: type, name: str) -> None:
    with pytest.raises(InvalidInputError, match=f"unknown argument `{name}`; options are .*"):
        checked(kind, {name: 0.5})


def test_a_detectors_parameters_take_its_own_options_and_keep_the_rest() -> None:
    params = DetectorParams(det_model_dir="a", det_db_thresh=0.2, det_max_side_limit=2000)

    changed = params.updated({"det_limit_side_len": 320, "det_db_thresh": None, "drop_score": 0.1})

    assert changed == params.model_copy(update={"det_limit_side_len": 320})
    assert params.updated({}) == params


@pytest.mark.parametrize("limit_type", ["max", "min", "resize_long"])
def test_no_request_asks_for_more_than_the_longest_side(limit_type: Any) -> None:
    asked = checked(DetectorOptions, {"det_limit_side_len": 4000, "det_limit_type": limit_type})

    assert DetectorParams(det_model_dir="a").updated(asked).longest_side == 4000
    assert DetectorParams(det_model_dir="a", det_max_side_limit=1500).updated(asked).longest_side == 1500
