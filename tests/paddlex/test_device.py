"""``--device``: what is read, and which one is taken where none is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import ConfigError
from hub.paddlex import device, plan
from hub.paddlex.plan import PipelineOptions

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PADDLEX_HPS_DEVICE_TYPE", "HUB_USE_GPU", "HUB_PORT"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("given", "settings"),
    [
        ("cpu", {"use_gpu": False}),
        ("gpu", {"use_gpu": True, "gpu": (0,)}),
        ("gpu:2", {"use_gpu": True, "gpu": (2,)}),
        ("GPU:0,1", {"use_gpu": True, "gpu": (0, 1)}),
    ],
)
def test_a_device_is_read(given: str, settings: dict[str, object]) -> None:
    assert device.parse(given).settings == settings


@pytest.mark.parametrize("given", ["cpu:0", "gpu:", "gpu:x", "gpu:0,", "tpu", ""])
def test_what_is_no_device_is_refused_with_those_there_are(given: str) -> None:
    with pytest.raises(ConfigError, match="allowed: cpu, gpu, gpu:0, gpu:0,1"):
        device.parse(given)


def test_a_device_of_another_maker_is_for_pipelines_that_paddlex_runs() -> None:
    with pytest.raises(ConfigError, match="device npu:0: OCR runs on cpu and gpu"):
        plan.plan("OCR", PipelineOptions(device="npu:0"))

    config = plan.configuration(plan.plan("image_classification", PipelineOptions(device="npu:0")), {})
    assert config.use_gpu is False
    assert config.modules_info["paddlex_pipeline"].init_args["device"] == "npu:0"


@pytest.mark.parametrize(
    ("cuda", "cards", "seen"), [(True, 2, 2), (True, 0, 0), (False, 0, 0)], ids=["cards", "none", "CPU build"]
)
def test_cards_are_counted_by_the_paddle_of_the_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cuda: bool, cards: int, seen: int
) -> None:
    """With a Paddle of a few lines: this machine need not have a card."""
    package = tmp_path / "paddle"
    package.mkdir()
    (package / "__init__.py").write_text(
        f"is_compiled_with_cuda = lambda: {cuda}\n"
        f"class device:\n    class cuda:\n        device_count = staticmethod(lambda: {cards})\n"
        "class version:\n    full_version, cuda = '3', staticmethod(lambda: '12')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    assert device.cards_seen() == seen


def test_an_interpreter_without_paddle_sees_no_card(tmp_path: Path) -> None:
    assert device.cards_seen(tmp_path / "no_python") == 0


@pytest.mark.parametrize(("driver", "cards", "taken"), [(True, 1, True), (True, 0, False), (False, 9, False)])
def test_without_a_device_the_first_card_is_taken_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, driver: bool, cards: int, taken: bool
) -> None:
    monkeypatch.setattr(device, "has_driver", lambda: driver)
    monkeypatch.setattr(device, "cards_seen", lambda python: cards)
    config = plan.configuration(plan.plan("OCR", PipelineOptions()), {})

    assert (config.use_gpu, config.gpu) == (taken, (0,) if taken else ())


@pytest.mark.parametrize(
    ("given", "variables"),
    [
        ({}, {"PADDLEX_HPS_DEVICE_TYPE": "gpu"}),
        ({}, {"HUB_USE_GPU": "true"}),
        ({"use_gpu": True}, {}),
        ({"use_gpu": True}, {"PADDLEX_HPS_DEVICE_TYPE": "cpu"}),
    ],
    ids=str,
)
def test_what_is_said_anywhere_is_not_looked_for(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, object], variables: dict[str, str]
) -> None:
    monkeypatch.setattr(device, "default", lambda python: pytest.fail("nobody should look"))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert plan.configuration(plan.plan("OCR", PipelineOptions()), given).use_gpu is True


def test_a_pipeline_listens_where_paddlex_does_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    planned = plan.plan("OCR", PipelineOptions(device="cpu"))
    assert plan.configuration(planned, {}).port == 8080
    assert plan.configuration(planned, {"port": 9000}).port == 9000

    monkeypatch.setenv("HUB_PORT", "9001")
    assert plan.configuration(planned, {}).port == 9001
