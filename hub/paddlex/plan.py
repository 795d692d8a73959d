"""From a pipeline's name or file to the module that serves it here, and to the server's configuration.

OCR is served by ``ocr_pipeline``, with HubServing's own models and engines. Every other pipeline, and an OCR
pipeline that asks for more than that module does, is served by ``paddlex_pipeline``: the real PaddleX.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from hub import settings
from hub.errors import ConfigError
from hub.paddlex import device, document, foreign, names
from hub.paddlex.device import Device
from hub.paddlex.document import Document
from hub.paddlex.execution import engine_of
from hub.paddlex.native import native
from hub.paddlex.ocr_file import Execution
from hub.serving.config import hps, server_config, validation
from hub.serving.config.server_config import ServingConfig

NATIVE: Final = "ocr_pipeline"
BRIDGE: Final = "paddlex_pipeline"
#: The port of PaddleX's server.
PORT: Final = 8080


@dataclass(frozen=True)
class Asked:
    """What the command line says of how a pipeline runs; None where it says nothing."""

    device: str | None = None
    use_hpip: bool | None = None
    hpi_config: dict[str, Any] | None = None
    engine: str | None = None
    allow_urls: bool | None = None

    def keys(self) -> dict[str, Any]:
        """What of it may also stand in a pipeline's file."""
        said = {"use_hpip": self.use_hpip, "hpi_config": self.hpi_config, "engine": self.engine}
        return {key: value for key, value in said.items() if value is not None}


@dataclass(frozen=True)
class Plan:
    """How a pipeline is served.

    Attributes:
        pipeline: its name.
        module: ``ocr_pipeline`` or ``paddlex_pipeline``.
        init_args: what the module is initialised with.
        weights: names of the catalogue that it needs besides those that the module declares.
        device: where it shall run; None where neither file nor command line say.
        cannot: for an OCR pipeline that ``paddlex_pipeline`` is to serve: why ``ocr_pipeline`` cannot.
        idle: keys of the file that are accepted and have no effect.
    """

    pipeline: str
    module: str
    init_args: dict[str, Any] = field(default_factory=dict)
    weights: tuple[str, ...] = ()
    device: Device | None = None
    cannot: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()

    @property
    def routes(self) -> tuple[str, ...]:
        """Where it answers, without the slash."""
        return names.PIPELINES[self.pipeline].routes


def is_pipeline_file(path: str, keys: object) -> bool:
    """Tell whether a config file that was read is PaddleX's, of a pipeline, and not one of ours."""
    return path.lower().endswith(document.SUFFIXES) and document.describes_pipeline(keys)


def plan(given: str, asked: Asked, keys: Mapping[str, Any] | None = None) -> Plan:
    """Plan a pipeline by its name, or by the path of its file, which ends in .yaml, .yml or .json.

    ``keys`` is what the file says, where it has been read before.

    Raises:
        ConfigError: there is no such pipeline or file, or something in it is wrong.
    """
    if given.lower().endswith(document.SUFFIXES):
        found = _from_file(document.read(given, keys), asked)
    else:
        found = _from_name(names.known(given), asked)
    if asked.allow_urls:
        found = replace(found, init_args={**found.init_args, "allow_urls": True})
    where = found.device if asked.device is None else device.parse(asked.device)
    if where is None or where.is_ours:
        return replace(found, device=where)
    if found.module == NATIVE:
        raise ConfigError(
            f"device {where}: {found.pipeline} runs on cpu and gpu (NVIDIA), not on {where.kind}"
        )
    return replace(found, device=where, init_args={**found.init_args, "device": str(where)})


def _from_name(name: str, asked: Asked) -> Plan:
    if name != "OCR":
        return Plan(name, BRIDGE, {"pipeline": name, **asked.keys()})
    try:
        engine, cannot = engine_of([Execution.model_validate(asked.keys())])
    except ValidationError as error:
        raise ConfigError(f"command line: {validation.problems(error, Execution)}") from error
    if cannot:
        return Plan(name, BRIDGE, {"pipeline": name, **asked.keys()}, cannot=(cannot,))
    return Plan(name, NATIVE, {"engine": engine})


def _from_file(read: Document, asked: Asked) -> Plan:
    if read.pipeline != "OCR":
        return Plan(read.pipeline, BRIDGE, _bridged(read, asked), device=_device(foreign.check(read)))
    found = native(read, asked.keys())
    where = _device(found.device)
    if found.cannot:
        return Plan(read.pipeline, BRIDGE, _bridged(read, asked), device=where, cannot=found.cannot)
    return Plan(read.pipeline, NATIVE, found.init_args, found.weights, where, idle=found.idle)


def _bridged(read: Document, asked: Asked) -> dict[str, Any]:
    """PaddleX reads its own file itself, but for the older form, which it no longer knows, and JSON."""
    is_readable = not read.is_older and read.path.suffix in (".yaml", ".yml")
    return {"pipeline": str(read.path) if is_readable else read.keys, **asked.keys()}


def _device(given: str | None) -> Device | None:
    return None if given is None else device.parse(given)


def configuration(
    planned: Plan, given: Mapping[str, Any], *, python: Callable[[], Path | None] = lambda: None
) -> ServingConfig:
    """The configuration of a server for a pipeline.

    Args:
        given: settings of the server by the command line, ``modules_info`` of further modules among them.
        python: tells the interpreter whose Paddle finds the device, where nothing names one.

    Raises:
        ConfigError: a setting is wrong.
    """
    values, defaults = dict(given), {"port": PORT}
    if planned.device is not None:
        values |= planned.device.settings
    elif (
        not {"use_gpu"} & values.keys() and not settings.from_environment("use_gpu") and not hps.device_type()
    ):
        defaults |= device.default(python()).settings
    others = values.pop("modules_info", {})
    values["modules_info"] = {planned.module: {"init_args": planned.init_args}, **others}
    # A model repository as PaddleX ships it has a folder for each route, not for the module.
    folders = {planned.module: planned.routes[0]}
    return server_config.build(values, "command line", defaults=defaults, folders=folders)
