"""What every request handler needs, in one object that hangs on the Flask app."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flask import current_app

from hub.serving.config.server_config import ServingConfig
from hub.serving.gateway.auth import KeyRing
from hub.serving.gateway.dispatcher import Dispatcher
from hub.serving.gateway.guards import Admission, Limits
from hub.serving.gateway.handling import Endpoint
from hub.serving.gateway.metrics import RequestMetrics
from hub.serving.gateway.protocols.pipelines import ServedEndpoints
from hub.serving.gateway.runner_client import SocketDispatcher
from hub.serving.messages.state import StateReader

EXTENSION = "hub"
#: Threads beyond what the modules may queue and run: for health checks, refusals and slow senders.
RESERVE_THREADS = 16


@dataclass(frozen=True)
class Gateway:
    """The collaborators of one HTTP worker, or of the gRPC gateway."""

    config: ServingConfig
    states: StateReader
    dispatcher: Dispatcher
    limits: Limits
    admission: Admission
    keys: KeyRing
    metrics: RequestMetrics
    run_dir: Path
    new_request_id: Callable[[], str] = field(default_factory=lambda: _request_ids())
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    """The pipelines' endpoints that are served at this moment, by name."""


def build(config: ServingConfig, run_dir: Path, states: StateReader, dispatcher: Dispatcher) -> Gateway:
    """The collaborators of one process, an HTTP worker or the gRPC gateway; for after the fork."""
    limits = limits_of(config)
    return Gateway(
        config=config,
        states=states,
        dispatcher=dispatcher,
        limits=limits,
        admission=Admission(limits.max_inflight),
        keys=KeyRing.from_file(config.api_key_file),
        metrics=RequestMetrics(),
        run_dir=run_dir,
        endpoints=ServedEndpoints(states),
    )


def make_dispatcher(config: ServingConfig, run_dir: Path, states: StateReader) -> Dispatcher:
    """The way to the modules, wherever the configuration has them run; for after the fork."""
    if config.engine == "ray":
        from hub.serving.ray.gateway_side.replica_client import RayDispatcher

        return RayDispatcher(run_dir, states)
    return SocketDispatcher(states)


def _request_ids() -> Callable[[], str]:
    """Makes ids that are unique among all processes, without a system call for each; for after the fork."""
    prefix, serial = secrets.token_hex(8), itertools.count(1)
    return lambda: f"{prefix}{next(serial):016x}"


def gateway() -> Gateway:
    """The object of the app that handles the current request."""
    found: Gateway = current_app.extensions[EXTENSION]
    return found


def default_threads(config: ServingConfig) -> int:
    """Enough that every admitted request has one and surplus is refused at once, not left unseen."""
    return RESERVE_THREADS + sum(module.max_queue_size + 32 for module in config.modules_info.values())


def limits_of(config: ServingConfig) -> Limits:
    return Limits(
        max_body=int(config.max_body_mb * 1e6),
        max_inflight=int(config.max_inflight_mb * 1e6),
        body_timeout=config.body_timeout,
        max_pixels=config.max_pixels,
        max_images=config.max_images,
        allow_server_paths=config.allow_server_paths,
    )
