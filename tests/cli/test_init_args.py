"""``hub serving start --set``: what is typed, and where it goes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.errors import UsageError
from tests.cli.test_server_request import home, request  # noqa: F401 - a fixture

pytestmark = pytest.mark.unit

TWO = ("-m", "ocr_rec", "-m", "ocr_det")


def init_args(*words: str) -> dict[str, Any]:
    """``init_args`` of each module that is served."""
    return {name: entry.init_args for name, entry in request(*words).config.modules_info.items()}


def test_a_key_goes_to_the_only_module() -> None:
    assert init_args("-m", "ocr_system==1.0.0", "--set", "model=PP-OCRv6_tiny") == {
        "ocr_system": {"version": "1.0.0", "model": "PP-OCRv6_tiny"}
    }


def test_a_pipelines_module_takes_it_too() -> None:
    found = init_args("--pipeline", "OCR", "--set", "model=PP-OCRv6_tiny")

    assert found["ocr_pipeline"]["model"] == "PP-OCRv6_tiny"


@pytest.mark.parametrize(
    ("given", "value"), [("true", True), ("3", 3), ('"3"', "3"), ("f32", "f32"), ("a=b", "a=b"), ("", "")]
)
def test_a_value_is_json_or_text(given: str, value: Any) -> None:
    assert init_args("-m", "mine", "--set", f"key={given}") == {"mine": {"key": value}}


def test_a_key_may_name_its_module_and_an_object_inside() -> None:
    found = init_args(*TWO, "--set", "ocr_rec.params.drop_score=0", "--set", "ocr_rec.params.rec_batch_num=1")

    assert found == {"ocr_rec": {"params": {"drop_score": 0, "rec_batch_num": 1}}, "ocr_det": {}}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("model=x", "for which module[?] Write --set ocr_rec.model=x; served are ocr_rec, ocr_det"),
        ("model", "write KEY=VALUE"),
        ("=x", "write KEY=VALUE"),
        ("ocr_rec.=x", "write KEY=VALUE"),
    ],
)
def test_what_is_not_clear_is_refused(given: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        init_args(*TWO, "--set", given)


def test_it_wins_over_a_config_file_also_when_that_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"modules_info": {"ocr_rec": {"init_args": {"model": "a", "parity": True}}}}))
    asked = request("-c", str(path), "--set", "model=b")
    again = asked.reread()

    assert again is not None
    for config in (asked.config, again):
        assert config.modules_info["ocr_rec"].init_args == {"model": "b", "parity": True}


def test_without_a_config_file_there_is_nothing_to_read_again() -> None:
    assert request("-m", "mine", "--set", "a=1").reread() is None
