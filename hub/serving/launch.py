"""[1] From settings to a running server: find each module, plan its runners, run the supervisor."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from hub import settings
from hub.errors import ConfigError
from hub.module.info import read_module_info
from hub.registry.local import LocalRegistry
from hub.serving import placement
from hub.serving.config import ModuleConfig, ServingConfig
from hub.serving.placement import InstanceGroup, RunnerPlan
from hub.serving.spec import RunnerSpec
from hub.serving.state import ServerState
from hub.serving.supervisor import Supervisor


def serve(config: ServingConfig, on_settled: Callable[[ServerState], None]) -> None:
    """Serve until told to stop; raises HubError when the server cannot start."""
    with contextlib.ExitStack() as held:
        modules = [plan_module(name, config, held) for name in config.modules_info]
        Supervisor(config, modules).run(on_settled)


def plan_module(
    name: str, config: ServingConfig, held: contextlib.ExitStack
) -> tuple[RunnerSpec, list[RunnerPlan]]:
    """Find a module and plan its runners.

    An installed module's content is held for as long as ``held`` is open, so that an uninstall leaves
    the files of a running server alone.

    Raises:
        ModuleNotInstalledError, InvalidModuleError, ConfigError.
    """
    entry = config.modules_info[name]
    version, directory = _locate(name, entry, held)
    plans = placement.plan(_groups(entry, config), cores=cores(), visible_gpus=settings.visible_gpus())
    spec = RunnerSpec(
        name=name,
        version=version,
        directory=directory,
        init_args=entry.module_args,
        predict_args=entry.predict_args,
        use_gpu=config.use_gpu,
        max_batch_size=entry.max_batch_size,
        max_queue_delay_ms=entry.max_queue_delay_ms,
        concurrency=entry.concurrency,
    )
    return spec, plans


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0))


def _locate(name: str, entry: ModuleConfig, held: contextlib.ExitStack) -> tuple[str, str]:
    """(version, folder): ``init_args.directory`` where given (an alias), else from the registry."""
    if entry.directory is not None:
        folder = Path(entry.directory).resolve()
        info = read_module_info(folder)
        if entry.version is not None and entry.version != info.version:
            raise ConfigError(f"{name}: {folder} is version {info.version}, not {entry.version}")
        return info.version, str(folder)
    installed, descriptor = LocalRegistry().acquire(name, entry.version)
    held.callback(os.close, descriptor)
    return installed.info.version, str(installed.directory)


def _groups(entry: ModuleConfig, config: ServingConfig) -> list[InstanceGroup]:
    if entry.instances is not None:
        return [InstanceGroup(group.count, group.kind, group.gpus) for group in entry.instances]
    return placement.instance_groups(
        use_gpu=config.use_gpu,
        gpu=config.gpu,
        use_multiprocess=config.use_multiprocess,
        workers=config.workers,
        cores=cores(),
    )
