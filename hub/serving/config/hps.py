"""PaddleX's environment variables of high-stability serving, as settings of ours.

PADDLEX_HPS_DEVICE_TYPE              cpu or gpu: use_gpu, and which config_<type>.pbtxt applies
PADDLEX_HPS_USE_HPIP, PADDLEX_USE_HPIP    1: --use_hpip of a pipeline; engine hpip (read by hub/engines)
PADDLEX_HPS_PIPELINE_CONFIG_PATH     the config file or a pipeline's file, where neither is given
PADDLEX_HPS_LOGGING_LEVEL            of every process's log (read by hub/serving/process/logs.py)
PADDLEX_HPS_SERIAL_NUMBER, PADDLEX_HPS_UPDATE_LICENSE    nothing: there is no licence
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub import settings
from hub.errors import ConfigError

_NO_LICENCE = ("SERIAL_NUMBER", "UPDATE_LICENSE")


def device_type() -> str | None:
    """Return ``cpu``, ``gpu`` or None where it is not set; raises ConfigError for another value."""
    given = settings.paddlex_hps("DEVICE_TYPE")
    if given is not None and given.lower() not in ("cpu", "gpu"):
        raise ConfigError(f"PADDLEX_HPS_DEVICE_TYPE is {given!r}; allowed: cpu, gpu")
    return None if given is None else given.lower()


def defaults() -> dict[str, Any]:
    """Return values for keys of the configuration that are given nowhere else; raises ConfigError."""
    settings.log_level()  # a mistake in it should be said before anything starts
    device = device_type()
    return {} if device is None else {"use_gpu": device == "gpu"}


def config_path() -> str | None:
    return settings.paddlex_hps("PIPELINE_CONFIG_PATH")


def notices() -> list[str]:
    """Return a line for each variable that is set and does nothing."""
    names = [f"PADDLEX_HPS_{name}" for name in _NO_LICENCE if settings.paddlex_hps(name) is not None]
    return [no_licence([name]) for name in names]


def no_licence(given: Sequence[str]) -> str:
    """Return the line on variables or options that are about PaddleX's licence."""
    does = "does" if len(given) == 1 else "do"
    return f"{' and '.join(given)} {does} nothing: HubServing needs no licence, serial number or activation"
