"""[1] The supervisor: owns every listening socket; starts, watches and replaces all other processes.

One thread, one loop. Signal handlers do nothing but wake it; what happened is found by looking.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import select
import shutil
import signal
import socket
import struct
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from hub.errors import PortBusyError, StartupError
from hub.serving import pidfile, procfs, state
from hub.serving.config import ServingConfig
from hub.serving.fleet import Fleet, FleetLimits
from hub.serving.placement import RunnerPlan
from hub.serving.process import Child
from hub.serving.restart import RestartPolicy
from hub.serving.spec import RunnerSpec
from hub.serving.state import FAILED, LOADING, ProcessState, ServerState

log = logging.getLogger("hub.supervisor")

#: The longest the loop sleeps: heartbeats and kill dates are looked at this often.
TICK_SECONDS = 0.25
#: Connections that the kernel keeps for Gunicorn while it is busy or being replaced.
HTTP_BACKLOG = 2048
#: A sender that is silent for this long in the middle of its request is cut off.
RECEIVE_TIMEOUT_SECONDS = 10
#: The gateway's own time to end after its last request.
GATEWAY_GRACE_SECONDS = 5.0


class Supervisor:
    """One server, from the bound port to the last child's end."""

    def __init__(self, config: ServingConfig, modules: Sequence[tuple[RunnerSpec, list[RunnerPlan]]]) -> None:
        """Bind the port and make the run dir; nothing is started yet.

        Raises:
            PortBusyError: somebody listens there already.
        """
        self.config = config
        pidfile.sweep()
        self._http: socket.socket | None = _bind(config.host, config.port)
        # Short on purpose: a Unix socket's path ends at 107 bytes.
        self.run_dir = Path(tempfile.mkdtemp(prefix="hub-", dir="/tmp"))  # mode 0700
        self._lifeline, self._lifeline_write = os.pipe()
        self._published: ServerState | None = None
        self._signals: list[int] = []
        self._is_stopping = False
        self._is_settled = False
        self._failure = ""
        self._gateway: Child | None = None
        self._gateway_policy = RestartPolicy(max_failures=5)
        self._gateway_born = 0.0
        self._fleets: dict[str, Fleet] = {}
        for spec, plans in modules:
            limits = limits_for(config, spec.name)
            self._fleets[spec.name] = Fleet(spec, plans, limits, self.run_dir, self._lifeline)

    def run(self, on_settled: Callable[[ServerState], None]) -> None:
        """Serve until a signal says stop.

        ``on_settled`` is called once, when every module is READY or FAILED.

        Raises:
            StartupError: no module came up, or the gateway does not; names the reason.
        """
        (self.run_dir / "config.json").write_text(self.config.model_dump_json())
        record = self._record()
        try:
            with self._signal_wakeup() as wakeup:
                pidfile.write(record)
                while not self._is_over:
                    self._handle_signals()
                    self._tick(time.monotonic())
                    self._settle(on_settled)
                    self._wait(wakeup)
        finally:
            self._end_everything()
            pidfile.remove(record)
        if self._failure:
            raise StartupError(self._failure)

    # -- the loop's steps ------------------------------------------------------------------------

    def _handle_signals(self) -> None:
        numbers, self._signals = self._signals, []
        for _ in numbers:
            if not self._is_stopping:
                log.info("stopping; running requests are finished first")
                self._stop(time.monotonic())
            else:
                log.warning("told to stop again; everything is ended now")
                self._kill_all()

    def _tick(self, now: float) -> None:
        for fleet in self._fleets.values():
            fleet.tick(now)
        self._attend_gateway(now)
        if self._is_stopping and self._gateway is None:
            # The gateway has given its last answer; only now may the runners go.
            for fleet in self._fleets.values():
                fleet.drain(now)
        self._publish()

    def _settle(self, on_settled: Callable[[ServerState], None]) -> None:
        """Once, when no module is LOADING any more: report, or stop if none came up."""
        fleets = self._fleets.values()
        if self._is_settled or self._is_stopping or any(fleet.state == LOADING for fleet in fleets):
            return
        self._is_settled = True
        if all(fleet.state == FAILED for fleet in fleets):
            reasons = "; ".join(f"{name}: {fleet.reason}" for name, fleet in self._fleets.items())
            self._fail(f"no module could be loaded. {reasons}")
        else:
            assert self._published is not None
            on_settled(self._published)

    def _wait(self, wakeup: int) -> None:
        poller = select.poll()
        poller.register(wakeup, select.POLLIN)
        for fleet in self._fleets.values():
            for descriptor in fleet.status_descriptors():
                poller.register(descriptor, select.POLLIN)
        if not self._is_over:
            poller.poll(TICK_SECONDS * 1000)
        with contextlib.suppress(BlockingIOError):
            os.read(wakeup, 4096)

    @property
    def _is_over(self) -> bool:
        if not self._is_stopping or self._gateway is not None:
            return False
        return all(fleet.is_empty for fleet in self._fleets.values())

    # -- the gateway --------------------------------------------------------------------------------

    def _attend_gateway(self, now: float) -> None:
        gateway = self._gateway
        if gateway is not None:
            gateway.enforce(now)
            if not gateway.has_exited:
                if now - self._gateway_born > 5:
                    self._gateway_policy.became_ready()
                return
            code = gateway.close()
            self._gateway = None
            if not self._is_stopping:
                log.error("the gateway ended (exit code %d); another is started", code)
                self._gateway_policy.died_loading(now)
        if self._is_stopping or not self._gateway_policy.may_start(now):
            if self._gateway_policy.gives_up and not self._is_stopping:
                self._fail("the HTTP gateway does not stay up; its log lines above say why")
            return
        if self._published is not None:  # it reads state.json, so that has to be there first
            self._start_gateway(now)

    def _start_gateway(self, now: float) -> None:
        assert self._http is not None
        descriptors = {"listen": self._http.fileno(), "lifeline": self._lifeline}
        arguments = ["hub.serving.gateway", "--run_dir", str(self.run_dir)]
        for name, descriptor in descriptors.items():
            arguments += [f"--{name}", str(descriptor)]
        self._gateway = Child(arguments, tuple(descriptors.values()))
        self._gateway_born = now

    # -- state ----------------------------------------------------------------------------------------

    def _publish(self) -> None:
        """Write state.json when something changed."""
        processes = []
        if self._gateway is not None:
            processes.append(ProcessState(self._gateway.pid, self._gateway.started))
        modules = {name: fleet.snapshot() for name, fleet in self._fleets.items()}
        current = ServerState(modules, tuple(processes), self._is_stopping)
        if current != self._published:
            state.write(self.run_dir / "state.json", current)
            self._published = current

    def _record(self) -> pidfile.PidFile:
        return pidfile.PidFile(
            pid=os.getpid(),
            module=list(self._fleets),
            start_time=time.time(),
            started=procfs.started(os.getpid()) or 0,
            boot_id=procfs.boot_id(),
            host=self.config.host,
            port=self.config.port,
            run_dir=str(self.run_dir),
            graceful_timeout=self.config.graceful_timeout,
        )

    # -- ending -----------------------------------------------------------------------------------------

    def _fail(self, reason: str) -> None:
        self._failure = reason
        self._stop(time.monotonic())

    def _stop(self, now: float) -> None:
        """Refuse new connections, let the gateway answer what it has; the runners go after it."""
        self._is_stopping = True
        if self._http is not None:
            self._http.close()
            self._http = None
        if self._gateway is not None:
            kill_at = now + self.config.graceful_timeout + GATEWAY_GRACE_SECONDS
            self._gateway.end(signal.SIGTERM, kill_at)

    def _kill_all(self) -> None:
        if self._gateway is not None:
            self._gateway.kill()
        for fleet in self._fleets.values():
            fleet.kill()

    def _end_everything(self) -> None:
        """Whatever happened: no child, socket or file of ours outlives this."""
        self._kill_all()
        deadline = time.monotonic() + pidfile.KILL_SECONDS
        while time.monotonic() < deadline:
            for fleet in self._fleets.values():
                fleet.drain(time.monotonic())
                fleet.tick(time.monotonic())
            if all(fleet.is_empty for fleet in self._fleets.values()):
                break
            time.sleep(0.02)
        for fleet in self._fleets.values():
            fleet.close()
        if self._gateway is not None:
            self._gateway.close()
        if self._http is not None:
            self._http.close()
        os.close(self._lifeline_write)
        os.close(self._lifeline)
        shutil.rmtree(self.run_dir, ignore_errors=True)

    @contextlib.contextmanager
    def _signal_wakeup(self) -> Iterator[int]:
        """Collect SIGTERM and SIGINT; wake the loop by a pipe for them and for SIGCHLD."""
        read_end, write_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        previous = {
            signal.SIGTERM: signal.signal(signal.SIGTERM, lambda number, _: self._signals.append(number)),
            signal.SIGINT: signal.signal(signal.SIGINT, lambda number, _: self._signals.append(number)),
            signal.SIGCHLD: signal.signal(signal.SIGCHLD, lambda *_: None),
        }
        previous_wakeup = signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        try:
            yield read_end
        finally:
            signal.set_wakeup_fd(previous_wakeup)
            for number, handler in previous.items():
                signal.signal(number, handler)
            os.close(read_end)
            os.close(write_end)


def limits_for(config: ServingConfig, name: str) -> FleetLimits:
    """A module's limits: its own entries over the server's."""
    module = config.modules_info[name]
    timeout = module.timeout or config.timeout
    return FleetLimits(
        timeout=timeout,
        load_timeout=config.load_timeout,
        hang_timeout=config.hang_timeout or 2 * timeout,
        graceful_timeout=config.graceful_timeout,
        max_queue_size=module.max_queue_size,
    )


def _timeval(seconds: int) -> bytes:
    return struct.pack("@ll", seconds, 0)


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise PortBusyError(f"cannot listen on host {host!r}: {error}") from error
    listener = socket.socket(family, kind)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted connections inherit it; Gunicorn itself would wait for a silent sender for ever.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(RECEIVE_TIMEOUT_SECONDS))
        listener.bind(address)
        listener.listen(HTTP_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortBusyError(f"Port {port} is occupied, please change it.") from error
        raise PortBusyError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return listener
