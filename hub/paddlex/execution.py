"""Where and by which engine a pipeline runs: ``device``, ``use_hpip``, ``hpi_config``, ``engine``.

PaddleX lets every model have its own; ``ocr_pipeline`` has one device and one engine for all of its models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hub.errors import ConfigError
from hub.paddlex import device
from hub.paddlex.ocr_file import Execution, Model, OCRFile
from hub.suggestion import closest

if TYPE_CHECKING:
    from hub.engines.base import Engine

#: PaddleX's ``engine`` → ours; None for what only PaddleX itself has.
_ENGINES: Final[Mapping[str, Engine | None]] = {
    "paddle": "paddle",
    "paddle_static": "paddle",
    "paddle_dynamic": None,
    "hpi": "hpip",
    "onnxruntime": "onnxruntime",
    "transformers": None,
    "genai_client": None,
    "flexible": None,
}
#: PaddleX's ``hpi_config.backend`` → ours.
_BACKENDS: Final[Mapping[str, Engine | None]] = {
    "paddle": "paddle",
    "openvino": "openvino",
    "onnxruntime": "onnxruntime",
    "tensorrt": None,
    "om": None,
}


@dataclass(frozen=True)
class Choice:
    """``device`` as the file says it; ``cannot`` and ``idle`` as in :class:`.native.Native`."""

    engine: Engine
    device: str | None
    cannot: tuple[str, ...]
    idle: tuple[str, ...]


def chosen(file: OCRFile, used: Mapping[str, Model]) -> Choice:
    """The one engine and device that the file's parts ask for.

    Raises:
        ConfigError: an engine that PaddleX does not have, or models on different devices.
    """
    models = {f"SubModules.{entry}.": model for entry, model in used.items()}
    said: dict[str, Execution] = {"": file, **models}
    cannot: list[str] = []
    engines: dict[Engine, str] = {}
    for where, model in models.items():
        engine, reason = engine_of((model, file))
        engines.setdefault(engine, where)
        cannot += [f"{where}{reason}"] if reason else []
    # The two that choose by themselves go together: asked for once, the fast engines are meant.
    named = [engine for engine in engines if engine not in ("auto", "hpip")]
    if len(named) > 1 or (named and len(engines) > 1):
        each = ", ".join(f"{where.rstrip('.')}: {engine}" for engine, where in engines.items())
        cannot.append(f"its models run on different engines ({each})")
    engine = named[0] if named else "hpip" if "hpip" in engines else "auto"
    wants_fast = any(each.use_hpip or each.engine == "hpi" for each in said.values())
    return Choice(engine, _device(said), tuple(cannot), tuple(_idle(said, wants_fast)))


def engine_of(levels: Sequence[Execution]) -> tuple[Engine, str]:
    """The engine that is asked for, and the reason for which only PaddleX has it, if so.

    ``levels`` go from the model to the whole pipeline; the first that says something counts.

    Raises:
        ConfigError: an engine that PaddleX does not have.
    """
    first = next((level for level in levels if level.engine is not None or level.use_hpip is not None), None)
    if first is not None and first.engine is not None:
        return _ours(_ENGINES, "engine", first.engine)
    if first is None or not first.use_hpip:
        return "auto", ""
    backends = [level.hpi_config.backend for level in levels if level.hpi_config is not None]
    backend = next(filter(None, backends), None)
    return ("hpip", "") if backend is None else _ours(_BACKENDS, "hpi_config.backend", backend)


def _ours(table: Mapping[str, Engine | None], key: str, given: str) -> tuple[Engine, str]:
    if given not in table:
        meant = closest(given, table)
        hint = f"did you mean {meant}?" if meant else f"allowed: {', '.join(table)}"
        raise ConfigError(f"{key} is {given!r}; {hint}")
    engine = table[given]
    return ("auto", f"{key} is {given}") if engine is None else (engine, "")


def _device(said: Mapping[str, Execution]) -> str | None:
    given = {where: each.device for where, each in said.items() if each.device is not None}
    if len({device.parse(value) for value in given.values()}) > 1:
        each = ", ".join(f"{where}device {value}" for where, value in given.items())
        raise ConfigError(f"the models of a pipeline run on one device here ({each})")
    return next(iter(given.values()), None)


def _idle(said: Mapping[str, Execution], wants_fast: bool) -> list[str]:
    idle = []
    for where, each in said.items():
        if each.engine_config:
            idle.append(f"{where}engine_config")
        given = each.hpi_config.model_fields_set if each.hpi_config is not None else set()
        without_effect = given - {"backend"} if wants_fast else given
        idle += [f"{where}hpi_config.{key}" for key in sorted(without_effect)]
    return idle
