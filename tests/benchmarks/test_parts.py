"""Each part of the benchmarks can be begun, with the model that was asked for."""

from __future__ import annotations

import importlib
import inspect

import pytest

from benchmarks import __main__ as command
from benchmarks import ocr_servers
from hub.ocr.model_sets import DEFAULT, PRESETS

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("part", [part for part in command.PARTS if part != "ray"])  # it needs the extra
def test_a_part_is_there(part: str) -> None:
    main = importlib.import_module(command.PARTS[part]).main

    assert ("model" in inspect.signature(main).parameters) is (part in command.OCR)


@pytest.mark.parametrize(
    ("words", "model"), [([], DEFAULT), (["--model", "PP-OCRv4_mobile"], "PP-OCRv4_mobile")]
)
def test_parts_with_ocr_get_the_model_and_others_do_not(words: list[str], model: str) -> None:
    arguments = command.parsed([*words, "--minutes", "5"])

    assert command.options_of("doors", arguments) == {"model": model}
    assert command.options_of("soak", arguments) == {"model": model, "minutes": 5}
    assert command.options_of("serving", arguments) == {}


@pytest.mark.parametrize("model", PRESETS)
def test_all_weights_of_a_set_are_named(model: str) -> None:
    assert ocr_servers.weights_of(model) == (f"{model}_det", f"{model}_rec", "ch_ppocr_mobile_v2.0_cls")
