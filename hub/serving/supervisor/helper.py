"""The helper processes of the server that must always run: the gateway, say, or the metrics server."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import time
from collections.abc import Mapping
from pathlib import Path

from hub.serving.config.server_config import ServingConfig
from hub.serving.messages.jobs_dir import JobsDir
from hub.serving.messages.run_dir import RunDir
from hub.serving.messages.state import ProcessState
from hub.serving.process import leftovers
from hub.serving.supervisor import package_check
from hub.serving.supervisor.backoff import RestartPolicy
from hub.serving.supervisor.child import Child
from hub.serving.supervisor.guard import reason
from hub.serving.supervisor.sockets import BACKLOG, ModuleSocket, keep_from_ipv6, listen, reserve

log = logging.getLogger("hub.supervisor")

_NAMES = {
    "gateway": "HTTP gateway",
    "grpc_gateway": "gRPC gateway",
    "jobs": "jobs service",
    "metrics_server": "metrics server",
    "head": "Ray instance",
    "agent": "Ray agent",
}

#: Having run this long, a process counts as having started well.
SETTLED_SECONDS = 5.0


class Helper:
    """Keeps ``python -m MODULE --run_dir DIR --listen FD --lifeline FD`` running."""

    def __init__(
        self,
        module: str,
        listener: socket.socket | ModuleSocket | None,
        run_dir: RunDir,
        lifeline: int,
        environment: Mapping[str, str],
        *,
        announces: bool = False,
        beside: socket.socket | None = None,
        wanted: Path | None = None,
    ) -> None:
        """Prepare it; ``tick`` starts it.

        ``announces``: it opens its port by itself and makes the file ``up_mark`` of the run dir then.

        ``listener`` None: it has no port. ``beside`` is held as long as that one. ``wanted``: it is started
        when there is this file.
        """
        self.role = module.rpartition(".")[2]
        self._up = run_dir.up_mark(self.role) if announces else None
        self._sockets = [each for each in (listener, beside) if each is not None]
        self._environment = {**environment, leftovers.VARIABLE: str(run_dir.path)}
        options: dict[str, object] = {"--run_dir": run_dir.path, "--lifeline": lifeline}
        if listener is not None:
            options["--listen"] = listener.fileno()
        self._descriptors = (lifeline,) if listener is None else (listener.fileno(), lifeline)
        self._arguments = [module, *(str(word) for option in options.items() for word in option)]
        self._policy = RestartPolicy(max_failures=5)
        self._child: Child | None = None
        self._born = 0.0
        self._is_ending = False
        self._problem = ""
        self._wanted = wanted

    @property
    def name(self) -> str:
        """For people."""
        return _NAMES.get(self.role, self.role)

    @property
    def has_ended(self) -> bool:
        return self._is_ending and self._child is None

    @property
    def is_up(self) -> bool:
        """True when a connection finds somebody; the supervisor listens for those that do not announce."""
        return self._up is None or self._up.exists()

    @property
    def gives_up(self) -> bool:
        return self._policy.gives_up

    @property
    def is_running(self) -> bool:
        return self._child is not None and not self._child.has_exited

    def persist(self) -> None:
        """Start it again from now on, however often it ends."""
        self._policy.serves(time.monotonic())

    def tick(self, now: float) -> None:
        """Replace it when it has died; kill it when it takes too long to end."""
        child = self._child
        if child is not None:
            child.enforce(now)
            if child.has_exited:
                code = child.close()
                self._child = None
                if not self._is_ending:
                    log.error("the %s ended (exit code %d); another is started", self.name, code)
                    self._policy.died_loading(now)
            elif now - self._born > SETTLED_SECONDS:
                self._policy.became_ready()
        for each in self._sockets:
            if isinstance(each, ModuleSocket) and not self._is_ending:
                each.renew()
        if self._wanted is not None and not self._wanted.exists():
            return
        if self._child is None and not self._is_ending and self._policy.may_start(now) and self._may_start():
            self._start(now)

    def _start(self, now: float) -> None:
        """Start it; where that cannot be done, it counts as one that ended."""
        try:
            self._child = Child(self._arguments, self._descriptors, self._environment)
        except OSError as error:
            problem = f"it cannot be started: {reason(error)}"
            if problem != self._problem:
                log.error("the %s: %s; it is tried again", self.name, problem)
            self._problem = problem
            self._policy.died_loading(now)
        else:
            self._born, self._problem = now, ""

    def _may_start(self) -> bool:
        """Tell whether a child would be of our version; if not, say so once."""
        problem = package_check.change()
        if problem and problem != self._problem:
            log.error("the %s is not started: %s", self.name, problem)
            self._problem = problem
        return not problem

    def end(self, kill_at: float) -> None:
        """Close the socket and ask the process to finish, once; ``tick`` does the rest."""
        if self._is_ending:
            return
        self._stop_listening()
        if self._child is not None:
            self._child.end(signal.SIGTERM, kill_at)

    def kill(self) -> None:
        self._stop_listening()
        if self._child is not None:
            self._child.kill()

    def _stop_listening(self) -> None:
        self._is_ending = True
        for each in self._sockets:
            each.close()

    def snapshot(self) -> tuple[ProcessState, ...]:
        return () if self._child is None else (ProcessState(self._child.pid, self._child.started, self.role),)


def make_helpers(
    config: ServingConfig,
    run_dir: RunDir,
    lifeline: int,
    environment: Mapping[str, str],
    http: socket.socket,
    undo: contextlib.ExitStack,
) -> list[Helper]:
    """Make the HTTP gateway, which comes first, and the helpers that the configuration asks for.

    ``environment`` are variables that the gateways need in theirs, ``http`` listens on the server's port, and
    ``undo`` closes the other ports where the server does not start after all.

    Raises:
        PortBusyError: somebody listens on one of them already.
    """
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(run_dir.metrics), **environment}
    helpers = [Helper("hub.serving.gateway", http, run_dir, lifeline, environment)]
    if config.metrics_port is not None:
        port = undo.enter_context(listen(config.host, config.metrics_port))
        helpers.append(Helper("hub.serving.gateway.metrics_server", port, run_dir, lifeline, {}))
    if config.grpc_port is not None:
        holder = undo.enter_context(reserve(config.host, config.grpc_port))
        is_ipv4 = holder.getsockname()[0] == "0.0.0.0"
        beside = undo.enter_context(keep_from_ipv6(config.grpc_port)) if is_ipv4 else None
        module = "hub.serving.gateway.grpc_gateway"
        helpers.append(Helper(module, holder, run_dir, lifeline, environment, announces=True, beside=beside))
    helpers.append(_jobs_service(config, run_dir, lifeline, undo))
    return helpers


def _jobs_service(
    config: ServingConfig, run_dir: RunDir, lifeline: int, undo: contextlib.ExitStack
) -> Helper:
    """Make the jobs service, which starts when somebody asks for jobs, or when there are some already."""
    listener = ModuleSocket(run_dir.jobs)
    listener.open(BACKLOG)
    undo.callback(listener.close)
    if config.jobs or _has_jobs(config):
        run_dir.jobs_wanted.touch()
    service = Helper("hub.serving.jobs", listener, run_dir, lifeline, {}, wanted=run_dir.jobs_wanted)
    service.persist()  # a server without it serves
    return service


def _has_jobs(config: ServingConfig) -> bool:
    """Tell whether there are jobs of before; where that cannot be seen, the service says why."""
    try:
        return JobsDir(config.jobs_folder).database.exists()
    except OSError:
        return True
