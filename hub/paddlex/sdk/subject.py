"""The subject of an SDK folder: an installed module, or a pipeline of PaddleX's.

For a pipeline that HubServing serves itself (OCR, doc_preprocessor) the module and a pipeline file of ours
are packed. Every other one is served by the real PaddleX: its own pipeline file is packed; PaddleX and the
module are not. Where a file is named instead of a pipeline, that file is packed, with the models it names.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from hub.errors import ConfigError, ModuleNotInstalledError, RegistryError
from hub.module.info import ModuleInfo, read_module_info
from hub.paddlex import document, names, plan, ready
from hub.paddlex.plan import PipelineOptions, Plan
from hub.paddlex.sdk import pipeline_file
from hub.paddlex.sdk.pipeline_file import PipelineFile
from hub.registry.local import LocalRegistry
from hub.registry.sources import bundled

#: Prints where PaddleX is installed in the environment whose Python runs this.
_WHERE = "import importlib.util as u; print(u.find_spec('paddlex').submodule_search_locations[0])"


@dataclass(frozen=True)
class Subject:
    """A module or a pipeline to pack.

    Attributes:
        title: its name, or its file's, which the folder gets.
        model: its name in ``/v2``, and of its folder in the model repository; a pipeline's first endpoint.
        endpoints: of a pipeline, its routes; empty for a module.
        directory: the module's folder, to be packed; None where the server's own is to be used.
        pipeline_file: of a pipeline that PaddleX serves, or that was named; the others' files are ours.
        weights: of the catalogue, which are fetched where the folder runs.
    """

    title: str
    model: str
    info: ModuleInfo
    endpoints: tuple[str, ...] = ()
    directory: Path | None = None
    pipeline_file: PipelineFile | None = None
    weights: tuple[str, ...] = ()


def subject(name: str, version: str | None) -> Subject:
    """Find a pipeline's file; else an installed module or, where there is none of that name, a pipeline.

    Raises:
        ConfigError: the file cannot be read, or something in it is wrong.
        ModuleNotInstalledError: neither is there; or the pipeline needs PaddleX, which is not.
        RegistryError: PaddleX has no file for the pipeline.
    """
    if name.lower().endswith(document.SUFFIXES):
        return _pipeline(plan.plan(name, PipelineOptions()), Path(name))
    try:
        module = LocalRegistry().find(name, version)
    except ModuleNotInstalledError as error:
        try:
            return _pipeline(plan.plan(names.known(name), PipelineOptions()))
        except ConfigError as no_pipeline:
            if "Did you mean" not in str(no_pipeline):
                raise error from None
            raise ModuleNotInstalledError(f"{name} is not installed, and {no_pipeline}") from error
    info = module.info
    return Subject(info.name, info.name, info, directory=module.directory, weights=info.weights)


def _pipeline(planned: Plan, file: Path | None = None) -> Subject:
    name, routes = planned.pipeline, planned.routes
    title, packed = (name, None) if file is None else (file.stem, pipeline_file.read(file))
    installed = ready.installed(planned.module)
    directory = installed.directory if installed else bundled.folders()[planned.module]
    info = read_module_info(directory)
    if planned.module == plan.NATIVE:
        weights = planned.weights if file is not None else planned.weights or info.weights
        return Subject(title, routes[0], info, routes, directory, packed, weights)
    ready.require_paddlex(planned)
    if packed is None:
        packed = pipeline_file.read(_shipped_file(name, ready.interpreter(planned)))
    return Subject(title, routes[0], info, routes, pipeline_file=packed)


def _shipped_file(name: str, python: Path | None) -> Path:
    where = subprocess.run(
        [python or sys.executable, "-c", _WHERE], text=True, capture_output=True, check=False, timeout=60
    )
    file = Path(where.stdout.strip()) / "configs" / "pipelines" / f"{name}.yaml"
    if where.returncode or not file.is_file():
        raise RegistryError(f"the installed PaddleX has no pipeline file for {name} ({file})")
    return file
