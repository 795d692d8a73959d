"""PaddleX's environment variables of high-stability serving."""

from __future__ import annotations

import pytest

from hub import settings
from hub.errors import ConfigError
from hub.serving.config import hps, server_config

pytestmark = pytest.mark.unit

GREET = {"modules_info": {"greet": {}}}


@pytest.mark.parametrize(("value", "use_gpu"), [("cpu", False), ("GPU", True)])
def test_the_device_type_switches_the_gpu(monkeypatch: pytest.MonkeyPatch, value: str, use_gpu: bool) -> None:
    monkeypatch.setenv("PADDLEX_HPS_DEVICE_TYPE", value)

    assert server_config.build(GREET, source="test").use_gpu is use_gpu


def test_another_device_type_is_refused_with_the_allowed_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PADDLEX_HPS_DEVICE_TYPE", "npu")

    with pytest.raises(ConfigError, match="PADDLEX_HPS_DEVICE_TYPE is 'npu'; allowed: cpu, gpu"):
        server_config.build(GREET, source="test")


@pytest.mark.parametrize("name", ["PADDLEX_HPS_USE_HPIP", "PADDLEX_USE_HPIP"])
@pytest.mark.parametrize(("value", "wanted"), [("1", True), ("0", False), ("", False)])
def test_hpip_is_asked_for_in_either_spelling(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, wanted: bool
) -> None:
    monkeypatch.setenv(name, value)

    assert settings.wants_hpip() is wanted


def test_the_logging_level_is_one_of_five(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PADDLEX_HPS_LOGGING_LEVEL", "warning")
    assert settings.log_level() == "WARNING"

    monkeypatch.setenv("PADDLEX_HPS_LOGGING_LEVEL", "LOUD")
    with pytest.raises(ConfigError, match="'LOUD'; allowed: DEBUG"):
        server_config.build(GREET, source="test")


@pytest.mark.parametrize("name", ["PADDLEX_HPS_SERIAL_NUMBER", "PADDLEX_HPS_UPDATE_LICENSE"])
def test_licence_variables_do_nothing_and_say_so(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")

    (notice,) = hps.notices()
    assert notice.startswith(f"{name} does nothing")
