"""Where and by which engine a pipeline runs: ``device``, ``use_hpip``, ``hpi_config``, ``engine``.

PaddleX lets every model have its own; ``ocr_pipeline`` has one device and one engine for all of its models.
So ``levels`` below maps where something is said (``"SubModules.TextDetection."``, ``""`` for the top of the
file) to what is said there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from hub.errors import ConfigError
from hub.paddlex import device
from hub.paddlex.device import Device
from hub.paddlex.ocr_file import Execution
from hub.suggestion import closest

if TYPE_CHECKING:
    from hub.engines.base import Engine

#: PaddleX's ``engine`` → ours; None for what only PaddleX itself has.
_ENGINES: Final[Mapping[str, Engine | None]] = {
    "paddle": "paddle",
    "paddle_static": "paddle",
    "hpi": "hpip",
    "onnxruntime": "onnxruntime",
    **dict.fromkeys(("paddle_dynamic", "transformers", "genai_client", "flexible")),
}


def common_engine(levels: Mapping[str, Execution]) -> tuple[Engine, list[str]]:
    """Return the one engine that the models ask for, and reasons why only PaddleX can run them so.

    Raises:
        ConfigError: an engine that PaddleX does not have.
    """
    reasons: list[str] = []
    engines: dict[Engine, str] = {}
    for where in filter(None, levels):
        engine, reason = engine_of((levels[where], levels[""]))
        engines.setdefault(engine, where)
        reasons += [f"{where}{reason}"] if reason else []
    # auto and hpip choose by themselves: asked for together, the fast engines are meant.
    named = [engine for engine in engines if engine not in ("auto", "hpip")]
    if named and len(engines) > 1:
        each = ", ".join(f"{where.rstrip('.')}: {engine}" for engine, where in engines.items())
        reasons.append(f"its models run on different engines ({each})")
    return named[0] if named else "hpip" if "hpip" in engines else "auto", reasons


def engine_of(levels: Sequence[Execution]) -> tuple[Engine, str]:
    """Return the engine that is asked for, and the reason why only PaddleX has it, if so.

    ``levels`` go from the model to the whole pipeline; the first that says something counts.

    Raises:
        ConfigError: an engine that PaddleX does not have.
    """
    first = next((level for level in levels if level.engine is not None or level.use_hpip is not None), None)
    if first is not None and first.engine is not None:
        return _ours(first.engine)
    if first is None or not first.use_hpip:
        return "auto", ""
    configs = [level.hpi_config for level in levels if level.hpi_config is not None]
    backend = next((each.backend for each in configs if each.backend is not None), None)
    if backend == "tensorrt" or backend == "om":
        return "auto", f"hpi_config.backend is {backend}"
    return ("hpip" if backend is None else backend), ""


def _ours(given: str) -> tuple[Engine, str]:
    if given not in _ENGINES:
        meant = closest(given, _ENGINES)
        hint = f"did you mean {meant}?" if meant else f"allowed: {', '.join(_ENGINES)}"
        raise ConfigError(f"engine is {given!r}; {hint}")
    engine = _ENGINES[given]
    return ("auto", f"engine is {given}") if engine is None else (engine, "")


def common_device(levels: Mapping[str, Execution]) -> Device | None:
    """Return the one device that is named; raise ConfigError where models are to run on different ones."""
    given = {where: each.device for where, each in levels.items() if each.device is not None}
    devices = {device.parse(value) for value in given.values()}
    if len(devices) > 1:
        each = ", ".join(f"{where}device {value}" for where, value in given.items())
        raise ConfigError(f"the models of a pipeline run on one device here ({each})")
    return next(iter(devices), None)


def ignored_keys(levels: Mapping[str, Execution]) -> Iterator[str]:
    """Yield the keys that have no effect here, by their paths."""
    is_fast = any(each.use_hpip or each.engine == "hpi" for each in levels.values())
    for where, each in levels.items():
        if each.engine_config:
            yield f"{where}engine_config"
        given = each.hpi_config.model_fields_set if each.hpi_config is not None else set()
        yield from (f"{where}hpi_config.{key}" for key in sorted(given) if key != "backend" or not is_fast)
