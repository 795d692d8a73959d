"""The subject of an SDK folder: an installed module, or a pipeline of PaddleX's.

For a pipeline that HubServing serves itself (OCR, doc_preprocessor) the module and a pipeline file of ours
are packed. Every other one is served by the real PaddleX: its own pipeline file is packed; PaddleX and the
module are not.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from hub.errors import ConfigError, ModuleNotInstalledError, RegistryError
from hub.module.info import ModuleInfo, read_module_info
from hub.paddlex import names, plan, ready
from hub.paddlex.plan import PipelineOptions
from hub.registry.local import LocalRegistry
from hub.registry.sources import bundled

#: Prints where PaddleX is installed in the environment whose Python runs this.
_WHERE = "import importlib.util as u; print(u.find_spec('paddlex').submodule_search_locations[0])"


@dataclass(frozen=True)
class Subject:
    """A module or a pipeline to pack.

    Attributes:
        title: its name, which the folder gets.
        model: its name in ``/v2``, and of its folder in the model repository.
        endpoints: of a pipeline, its routes; empty for a module.
        directory: the module's folder, to be packed; None where the server's own is to be used.
        pipeline_file: of a pipeline that PaddleX serves; the others' files are ours.
        weights: of the catalogue, which are fetched where the folder runs.
    """

    title: str
    model: str
    info: ModuleInfo
    endpoints: tuple[str, ...] = ()
    directory: Path | None = None
    pipeline_file: Path | None = None
    weights: tuple[str, ...] = ()


def subject(name: str, version: str | None) -> Subject:
    """Find an installed module or, where there is none of that name, a pipeline.

    Raises:
        ModuleNotInstalledError: neither is there; or the pipeline needs PaddleX, which is not.
        RegistryError: PaddleX has no file for the pipeline.
    """
    try:
        module = LocalRegistry().find(name, version)
    except ModuleNotInstalledError as error:
        try:
            return _pipeline(names.known(name))
        except ConfigError as no_pipeline:
            if "Did you mean" not in str(no_pipeline):
                raise error from None
            raise ModuleNotInstalledError(f"{name} is not installed, and {no_pipeline}") from error
    info = module.info
    return Subject(info.name, info.name, info, directory=module.directory, weights=info.weights)


def _pipeline(name: str) -> Subject:
    planned = plan.plan(name, PipelineOptions())
    routes = planned.routes
    installed = ready.installed(planned.module)
    directory = installed.directory if installed else bundled.folders()[planned.module]
    info = read_module_info(directory)
    if planned.module == plan.NATIVE:
        weights = planned.weights or info.weights
        return Subject(name, routes[0], info, routes, directory, weights=weights)
    ready.require_paddlex(planned)
    file = _shipped_file(name, ready.interpreter(planned))
    return Subject(name, routes[0], info, routes, pipeline_file=file)


def _shipped_file(name: str, python: Path | None) -> Path:
    where = subprocess.run(
        [python or sys.executable, "-c", _WHERE], text=True, capture_output=True, check=False, timeout=60
    )
    file = Path(where.stdout.strip()) / "configs" / "pipelines" / f"{name}.yaml"
    if where.returncode or not file.is_file():
        raise RegistryError(f"the installed PaddleX has no pipeline file for {name} ({file})")
    return file
