"""From a pipeline's name or file to the module that serves it here, and to the server's configuration.

OCR and doc_preprocessor are served by ``ocr_pipeline``, with HubServing's own models and engines. Every other
pipeline, and one of these that asks for more than that module does, is served by ``paddlex_pipeline``: the
real PaddleX.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from hub import settings, validation
from hub.errors import ConfigError
from hub.paddlex import bridged_file, device, document, names, native
from hub.paddlex.document import Document
from hub.paddlex.execution import engine_of
from hub.paddlex.native import Translation
from hub.paddlex.ocr_file import Execution
from hub.serving.config import hps, server_config
from hub.serving.config.server_config import ServingConfig

NATIVE: Final = "ocr_pipeline"
BRIDGE: Final = "paddlex_pipeline"
#: The port of PaddleX's server.
PORT: Final = 8080


@dataclass(frozen=True)
class PipelineOptions:
    """The command line's options of a pipeline; None where it has none."""

    device: str | None = None
    use_hpip: bool | None = None
    hpi_config: dict[str, Any] | None = None
    engine: str | None = None
    allow_urls: bool | None = None

    def keys(self) -> dict[str, Any]:
        """Return those that may also be in a pipeline's file."""
        given = {"use_hpip": self.use_hpip, "hpi_config": self.hpi_config, "engine": self.engine}
        return {key: value for key, value in given.items() if value is not None}


@dataclass(frozen=True)
class Plan(Translation):
    """How a pipeline, by its name, is served, by ``ocr_pipeline`` or ``paddlex_pipeline``."""

    pipeline: str
    module: str

    @property
    def routes(self) -> tuple[str, ...]:
        """Where it answers, without the slash."""
        return names.PIPELINES[self.pipeline].routes


def is_pipeline_file(path: str, keys: object) -> bool:
    """Tell whether a config file that was read is PaddleX's, of a pipeline, and not one of ours."""
    return path.lower().endswith(document.SUFFIXES) and document.describes_pipeline(keys)


def plan(given: str, options: PipelineOptions, keys: Mapping[str, Any] | None = None) -> Plan:
    """Plan a pipeline by its name, or by the path of its file, which ends in .yaml, .yml or .json.

    ``keys`` is the file's content, where it has been read before.

    Raises:
        ConfigError: there is no such pipeline or file, or something in it is wrong.
    """
    if given.lower().endswith(document.SUFFIXES):
        found = _from_file(document.read(given, keys), options)
    else:
        found = _from_name(names.known(given), options)
    if options.allow_urls:
        found = replace(found, init_args={**found.init_args, "allow_urls": True})
    place = found.device if options.device is None else device.parse(options.device)
    if place is None or place.is_ours:
        return replace(found, device=place)
    if found.module == NATIVE:
        raise ConfigError(
            f"device {place}: {found.pipeline} runs on cpu and gpu (NVIDIA), not on {place.kind}"
        )
    return replace(found, device=place, init_args={**found.init_args, "device": str(place)})


def _from_name(name: str, options: PipelineOptions) -> Plan:
    reason = ""
    if name in native.PIPELINES:
        try:
            engine, reason = engine_of([Execution.model_validate(options.keys())])
        except ValidationError as error:
            raise ConfigError(validation.told(error, Execution, "command line", options.keys())) from error
        if not reason and name == native.PREPROCESSOR:
            return Plan(name, NATIVE, **vars(native.preprocessor_by_name(engine)))
        if not reason:
            return Plan(name, NATIVE, init_args={"engine": engine})
    bridged = {"pipeline": name, **options.keys()}
    return Plan(name, BRIDGE, init_args=bridged, unsupported=(reason,) if reason else ())


def _from_file(read: Document, options: PipelineOptions) -> Plan:
    # PaddleX reads its own file, except JSON and the older form, which it no longer knows.
    is_readable = not read.is_older and read.path.suffix in (".yaml", ".yml")
    bridged = {"pipeline": str(read.path) if is_readable else read.keys, **options.keys()}
    if read.pipeline not in native.PIPELINES:
        bridged_file.check(read)
        given = read.keys.get("device")
        place = None if given is None else device.parse(str(given))
        return Plan(read.pipeline, BRIDGE, init_args=bridged, device=place)
    found = native.translate(read, options.keys())
    if found.unsupported:
        unsupported = found.unsupported
        return Plan(read.pipeline, BRIDGE, init_args=bridged, device=found.device, unsupported=unsupported)
    return Plan(read.pipeline, NATIVE, **vars(found))


def configuration(
    planned: Plan, given: Mapping[str, Any], *, python: Callable[[], Path | None] = lambda: None
) -> ServingConfig:
    """Return the configuration of a server for a pipeline.

    Args:
        planned: the pipeline.
        given: settings of the server by the command line; ``modules_info`` may have further modules.
        python: tells the interpreter whose Paddle finds the device, where nothing names one.

    Raises:
        ConfigError: a setting is wrong.
    """
    values, defaults = dict(given), {"port": PORT, "paddlex_errors": True}
    if planned.device is not None:
        values |= planned.device.settings
    elif "use_gpu" not in values and not settings.from_environment("use_gpu") and not hps.device_type():
        defaults |= device.default(python()).settings
    others = values.pop("modules_info", {})
    values["modules_info"] = {planned.module: {"init_args": planned.init_args}, **others}
    # A model repository as PaddleX ships it has a folder for each route, not for the module.
    folders = {planned.module: planned.routes[0]}
    return server_config.build(values, "command line", defaults=defaults, folders=folders)
