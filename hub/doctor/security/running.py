"""The settings of a running server, with the modules that it serves now."""

from __future__ import annotations

from pathlib import Path

from hub.errors import ServerError
from hub.serving.config import server_config
from hub.serving.config.module_config import ModuleConfig
from hub.serving.config.server_config import ServingConfig
from hub.serving.messages import state
from hub.serving.messages.message import OtherVersionError
from hub.serving.messages.run_dir import RunDir
from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.process.pidfile import PidFile


def settings(record: PidFile) -> ServingConfig:
    """Return a server's settings; raises ServerError where they cannot be read.

    They are those of its start, but for its modules: these may have been loaded or reloaded since.
    """
    run_dir = RunDir(Path(record.run_dir))
    try:
        config = server_config.load(run_dir.config)
        served = state.read(run_dir.state).modules
        modules = {
            name: _entry(run_dir, name, module.generation) or config.modules_info.get(name, ModuleConfig())
            for name, module in served.items()
        }
    except OtherVersionError as error:
        raise ServerError(str(error)) from error
    except (OSError, ValueError) as error:
        raise ServerError(f"the server on port {record.port} cannot be looked at: {error}") from error
    return config.model_copy(update={"modules_info": modules or config.modules_info})


def _entry(run_dir: RunDir, name: str, generation: int) -> ModuleConfig | None:
    """Return what a module's runners were started with, None where they have no file."""
    try:
        spec = RunnerSpec.read(run_dir.spec(name, generation))
    except FileNotFoundError:  # a module that has not come so far
        return None
    return ModuleConfig(init_args={**spec.init_args, "directory": spec.directory})
