"""The collaborators of a gateway process, and the current request's context: what every handler needs."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from flask import current_app, request

from hub import container
from hub.serving.config.server_config import ServingConfig
from hub.serving.gateway import json_structure
from hub.serving.gateway.admission import Admission, RequestLimits
from hub.serving.gateway.auth import KeyRing
from hub.serving.gateway.delivery import Dispatcher
from hub.serving.gateway.exchange import Request
from hub.serving.gateway.inflight import InflightBytes
from hub.serving.gateway.job_pages import JobPages
from hub.serving.gateway.jobs_client import JobsClient
from hub.serving.gateway.metrics import RequestMetrics
from hub.serving.gateway.quarantine import Quarantine
from hub.serving.gateway.request_context import RequestContext
from hub.serving.gateway.runner_client import RunnerClient
from hub.serving.messages.run_dir import RunDir
from hub.serving.messages.state import StateReader

EXTENSION = "hub"
#: In the variables of WSGI: the Exchange of the request.
EXCHANGE: Final = "hub.exchange"
#: Threads beyond what the modules may queue and run: for refusals and the pages.
RESERVE_THREADS = 16
#: One HTTP worker for so many cores, up to so many workers.
_CORES_PER_WORKER: Final = 4
_MOST_WORKERS: Final = 4


class Gateway:
    """The collaborators of one HTTP worker, or of the gRPC gateway; to be made after the fork."""

    def __init__(self, config: ServingConfig, run_dir: RunDir) -> None:
        self.config = config
        self.run_dir = run_dir
        self.states = StateReader(run_dir.state)
        self.dispatcher = _make_dispatcher(config, run_dir, self.states)
        self.limits = RequestLimits.of(config)
        self.inflight = InflightBytes(self.limits.max_inflight, run_dir.inflight)
        self.admission = Admission(self.inflight, run_dir.admitted)
        json_structure.share(run_dir.large_json)
        self.keys = KeyRing.of(config.api_key_file)
        self.metrics = RequestMetrics()
        self.job_pages = JobPages(run_dir.jobs_token, self.keys)
        self.jobs = JobsClient(run_dir)
        self.new_request_id = _request_ids()


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request over HTTP, what is known of it, and the collaborators that answer it."""

    gateway: Gateway
    request: Request
    context: RequestContext


def _make_dispatcher(config: ServingConfig, run_dir: RunDir, states: StateReader) -> Dispatcher:
    """Make the way to the modules, wherever the configuration has them run."""
    quarantine = Quarantine(run_dir.quarantine)
    if config.engine == "ray":
        from hub.serving.ray.gateway_side.replica_client import ReplicaClient

        return ReplicaClient(run_dir.path, states, quarantine)
    return RunnerClient(states, quarantine)


def _request_ids() -> Callable[[], str]:
    """Make ids that are unique among all processes, without a system call for each."""
    prefix, serial = secrets.token_hex(8), itertools.count(1)
    return lambda: f"{prefix}{next(serial):016x}"


def current_gateway() -> Gateway:
    """Return the collaborators of the app that handles the current request."""
    found: Gateway = current_app.extensions[EXTENSION]
    return found


def current_exchange() -> Exchange:
    """Return the request that Flask answers now, with all that is known of it."""
    found: Exchange = request.environ[EXCHANGE]
    return found


def request_context() -> RequestContext:
    """Return the context of the request that Flask answers now."""
    return current_exchange().context


def default_threads(config: ServingConfig) -> int:
    """Return so many that every admitted request has one and surplus is refused at once, not left unseen.

    ``http_threads`` of the configuration comes first.
    """
    enough = RESERVE_THREADS + sum(module.max_queue_size + 32 for module in config.modules_info.values())
    return config.http_threads or enough


def http_workers(config: ServingConfig) -> int:
    """Return how many processes speak HTTP: one for four cores that this process may use, at most four.

    ``http_workers`` of the configuration comes first.
    """
    return config.http_workers or min(_MOST_WORKERS, max(1, container.available() // _CORES_PER_WORKER))
