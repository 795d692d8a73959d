"""From settings to a running server: find each module, plan its runners, run the supervisor."""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from hub import container, settings
from hub.engines import available
from hub.errors import ConfigError
from hub.json_words import shown
from hub.module.info import read_module_info
from hub.registry import weights
from hub.registry.local import LocalRegistry
from hub.registry.store.environment import interpreter_of
from hub.registry.store.layout import RECORD
from hub.serving.config.api_keys import read_api_keys
from hub.serving.config.module_config import ModuleConfig
from hub.serving.config.ray import RayOptions
from hub.serving.config.server_config import Reread, ServingConfig
from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.messages.state import ServerState
from hub.serving.process import descriptors
from hub.serving.supervisor import placement
from hub.serving.supervisor.loop import Supervisor
from hub.serving.supervisor.slots import FleetLimits, FleetPlan


def serve(config: ServingConfig, reread: Reread, on_settled: Callable[[ServerState], None]) -> None:
    """Serve until told to stop; raises HubError when the server cannot start."""
    descriptors.raise_limit()
    read_api_keys(config.api_key_file)  # the gateway reads it again; a mistake in it should be said here
    _check_certificate(config)
    Supervisor(config, RegistryPlanner(reread)).run(on_settled)


def _check_certificate(config: ServingConfig) -> None:
    """Raise ConfigError where the gateway would only fail to start."""
    if config.certfile is None:
        if config.keyfile is not None:
            raise ConfigError("keyfile is given without certfile; TLS needs both")
        return
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(config.certfile, config.keyfile)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(f"certfile {config.certfile}, keyfile {config.keyfile}: {error}") from error


class RegistryPlanner:
    """Plans modules from the registry, or from ``init_args.directory``."""

    def __init__(self, reread: Reread) -> None:
        self.reread = reread

    def plan(self, name: str, config: ServingConfig, generation: int) -> FleetPlan:
        """Find a module and plan its runners. Its files are held until the plan is released.

        Raises:
            ModuleNotInstalledError, InvalidModuleError, ConfigError.
        """
        entry = config.modules_info[name]
        is_here = config.engine == "local"
        ray = entry.ray or RayOptions()
        if not is_here and entry.instances and ray.autoscaling:
            raise ConfigError(
                f"{name}: instances fix the number of replicas, ray.max_replicas lets Ray Serve choose it; "
                "give one of them"
            )
        # Of a cluster's cards only Ray knows.
        visible = settings.visible_gpus() if is_here else None
        cores = config.threads or container.available()
        groups = placement.instance_groups(config, cores) if entry.instances is None else entry.instances
        places = placement.plan(groups, cores=cores, visible_gpus=visible)
        if is_here and _uses_card(name, entry, has_card=any(place.gpu is not None for place in places)):
            available.require_card()  # a module would find out later, and in words of its own
        located = _locate(name, entry)
        spec = RunnerSpec(
            name=name,
            version=located.version,
            directory=located.directory,
            interpreter=located.interpreter,
            init_args=entry.module_args,
            predict_args=entry.predict_args,
            max_batch_size=entry.max_batch_size,
            max_queue_delay_ms=entry.max_queue_delay_ms,
            preferred_batch_sizes=entry.preferred_batch_sizes,
            concurrency=entry.concurrency,
            log_format=config.log_format,
            generation=generation,
            max_pixels=config.max_pixels,
            max_images=config.max_images,
            max_total_pixels=config.max_total_pixels or 2 * config.max_pixels,
            pdf_memory_mb=config.pdf_memory_mb,
            memory_limit_mb=config.runner_memory_limit_mb,
            allow_server_paths=config.allow_server_paths,
        )
        return FleetPlan(spec, places, _limits(entry, config), located.release, ray)


class _Located(NamedTuple):
    """Where a module is, the Python it needs (None: ours), and how to let go of its files."""

    version: str
    directory: str
    interpreter: str | None
    release: Callable[[], None]


def _locate(name: str, entry: ModuleConfig) -> _Located:
    """Find ``init_args.directory`` where given, else the module by ``init_args.name`` or its own name."""
    if entry.directory is not None:
        folder = Path(entry.directory).resolve()
        info = read_module_info(folder)
        if entry.version is not None and entry.version != info.version:
            raise ConfigError(f"{name}: {folder} is version {info.version}, not {entry.version}")
        return _Located(info.version, str(folder), _python(folder.parent), weights.held(info.weights).close)
    installed, descriptor = LocalRegistry().acquire(entry.installed_name or name, entry.version)
    with contextlib.ExitStack() as held:
        held.callback(os.close, descriptor)
        held.push(weights.held(installed.info.weights))
        python = _python(installed.content)
        release = held.pop_all().close
    return _Located(installed.info.version, str(installed.directory), python, release)


def _python(content: Path) -> str | None:
    python = interpreter_of(content) if (content / RECORD).is_file() else None
    return str(python) if python else None


def _limits(entry: ModuleConfig, config: ServingConfig) -> FleetLimits:
    """Return a module's limits: its own entries over the server's."""
    timeout = entry.timeout or config.timeout
    return FleetLimits(
        timeout=timeout,
        load_timeout=config.load_timeout,
        hang_timeout=config.hang_timeout or 2 * timeout,
        graceful_timeout=config.graceful_timeout,
        max_queue_size=entry.max_queue_size,
        max_requests=config.max_requests,
        max_memory_mb=config.max_memory_mb,
    )


def _uses_card(name: str, entry: ModuleConfig, *, has_card: bool) -> bool:
    """Tell whether a module is to run on a card: as ``init_args`` say, else where its runners have one."""
    given = entry.module_args.get("use_gpu", has_card)
    if given not in (True, False, None):
        raise ConfigError(f"{name}: use_gpu in init_args must be true or false, not {shown(given)}")
    return bool(given)
