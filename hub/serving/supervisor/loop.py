"""The supervisor: owns every listening socket; starts, watches and replaces all other processes.

One thread, one loop. Signal handlers do nothing but wake it; what happened is found by looking.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import time
from collections.abc import Callable, Iterable
from functools import partial

from hub.errors import StartupError
from hub.serving.config.server_config import ServingConfig
from hub.serving.messages.state import FAILED, LOADING, ServerState
from hub.serving.process import leftovers, pidfile, procfs
from hub.serving.process.log_files import LogFiles
from hub.serving.supervisor import systemd
from hub.serving.supervisor.backend import Fleet, make_backend
from hub.serving.supervisor.child import reap_orphans, signal_all
from hub.serving.supervisor.commands import Commands, Planner
from hub.serving.supervisor.control_server import ControlSocket
from hub.serving.supervisor.folder_watch import FolderWatch
from hub.serving.supervisor.guard import Guards
from hub.serving.supervisor.helper import Helper, make_helpers
from hub.serving.supervisor.port_check import PortCheck
from hub.serving.supervisor.publisher import Publisher
from hub.serving.supervisor.run_files import RunFiles
from hub.serving.supervisor.signals import Asked, Reloads, Signals
from hub.serving.supervisor.sockets import listen

log = logging.getLogger("hub.supervisor")

#: The longest the loop sleeps: heartbeats and kill dates are looked at this often.
TICK_SECONDS = 0.25
#: The gateway's own time to end after its last request.
GATEWAY_GRACE_SECONDS = 5.0
_CONTROL = "the control socket"


class Supervisor:
    """One server, from the bound port to the last child's end."""

    def __init__(self, config: ServingConfig, planner: Planner) -> None:
        """Bind the ports, make the run dir and plan the modules; no process is started yet.

        Raises:
            PortBusyError: somebody listens there already.
            HubError: a module cannot be planned.
        """
        self.config = config
        pidfile.sweep()
        with contextlib.ExitStack() as undo:
            http = undo.enter_context(listen(config.host, config.port))
            self._files = RunFiles(config)
            undo.callback(self._files.remove)
            self.run_dir = self._files.run_dir
            self._lifeline, self._lifeline_write = os.pipe()
            self._backend = make_backend(config, self.run_dir, self._lifeline)
            self._helpers = make_helpers(
                config, self.run_dir, self._lifeline, self._backend.environment, http, undo
            )
            self._gateway = self._helpers[0]
            self._fleets: dict[str, Fleet] = {}
            self._leaving: list[Fleet] = []
            self._commands = Commands(config, planner, self._backend, self._fleets, self._leaving)
            self._folder_watch = FolderWatch(self._commands) if config.watch else None
            for name in config.modules_info:
                undo.callback(self._commands.start(name).close)
            self._control = ControlSocket(self.run_dir.control)
            undo.pop_all()
        self._signals = Signals()
        self._reloads = Reloads(self._commands.do)
        self._log_files = LogFiles()
        self._guards = Guards()
        self._port_check = PortCheck(config)
        self._publisher = Publisher(self.run_dir.state)
        self._is_stopping = False
        self._is_settled = False
        self._failure = ""

    def run(self, on_settled: Callable[[ServerState], None]) -> None:
        """Serve until a signal says stop.

        ``on_settled`` is called once, when every module is READY or FAILED.

        Raises:
            StartupError: no module came up, or the gateway does not; names the reason.
        """
        record = self._record()
        try:
            with self._signals.collected() as wakeup:
                pidfile.write(record)
                while not self._is_over:
                    self._handle_signals()
                    self._tick(time.monotonic())
                    self._guards.run("the start", lambda: self._settle(on_settled))
                    self._wait(wakeup)
        finally:
            self._end_everything()
            pidfile.remove(record)
        if self._failure:
            raise StartupError(self._failure)

    # -- the loop's steps ------------------------------------------------------------------------

    def _handle_signals(self) -> None:
        for asked in self._signals.take():
            if asked is Asked.REOPEN_LOGS:
                self._guards.run("the log files", self._log_files.reopen)
                signal_all(signal.SIGUSR1)
            elif asked is Asked.RELOAD and not self._is_stopping:
                self._reloads.ask()
            elif asked is Asked.STOP and not self._is_stopping:
                log.info("stopping; running requests are finished first")
                self._stop(time.monotonic())
            elif asked in (Asked.STOP, Asked.END):
                log.warning("told to end at once")
                self._is_stopping = True
                self._kill_all()

    def _tick(self, now: float) -> None:
        self._guards.run("the run dir", self._files.renew, now)
        self._guards.run("reaping", reap_orphans, now)
        self._guards.run(_CONTROL, lambda: self._control.tick(self._commands.do), now)
        if self._is_settled:
            self._guards.run("a reload", self._reloads.tick, now)
            if self._folder_watch is not None and not self._is_stopping:
                self._guards.run("the watched folders", partial(self._folder_watch.tick, now), now)
        self._tick_backend(now)
        for fleet in [fleet for fleet in self._leaving if fleet.is_empty]:
            self._leaving.remove(fleet)
            self._guards.run(f"closing {fleet.spec.name}", fleet.close)
        if self._publisher.has_published:  # the gateway reads state.json, so that has to be there first
            self._tick_helpers(self._helpers, now)
        for helper in self._helpers:
            if helper.gives_up and not self._is_stopping:  # none that has served does
                self._fail(f"the {helper.name} does not stay up; its log lines above say why")
        if self._gateway.has_ended:
            # It has given its last answer; only now may the runners go.
            for fleet in self._every_fleet():
                fleet.drain(now)
        self._publish()

    def _tick_backend(self, now: float) -> None:
        """Move fleets on, and the processes that they need, which end after the last of them."""
        self._guards.run("the backend", lambda: self._backend.tick(now), now)
        for fleet in self._every_fleet():
            self._guards.run(_name(fleet), partial(fleet.tick, now), now)
        is_done = self._gateway.has_ended and all(fleet.is_empty for fleet in self._every_fleet())
        for helper in self._backend.helpers:
            if is_done:
                helper.end(now + GATEWAY_GRACE_SECONDS)
        self._tick_helpers(self._backend.helpers, now)

    def _tick_helpers(self, helpers: Iterable[Helper], now: float) -> None:
        for helper in helpers:
            self._guards.run(f"the {helper.name}", partial(helper.tick, now), now)

    def _settle(self, on_settled: Callable[[ServerState], None]) -> None:
        """Report once, when no module is LOADING any more and the port answers; stop if none came up."""
        fleets = self._fleets.values()
        if self._is_settled or self._is_stopping:
            return
        if problem := self._backend.problem():
            self._fail(problem)
        if any(fleet.state == LOADING for fleet in fleets):
            return
        if not all(helper.is_up for helper in self._helpers):
            return
        if all(fleet.state == FAILED for fleet in fleets):
            reasons = "; ".join(f"{name}: {fleet.reason}" for name, fleet in self._fleets.items())
            self._fail(f"no module could be loaded. {reasons}")
            return
        expected = [200, 503] if any(fleet.state == FAILED for fleet in fleets) else [200]
        if self._port_check.status() in expected:
            self._is_settled = True
            for helper in self._helpers:
                helper.persist()
            self._publish()
            systemd.tell("READY=1")
            on_settled(self._state())

    def _wait(self, wakeup: int) -> None:
        """Sleep until a signal, a child's end or message, or a control request; a tick at most."""
        poller, now = select.poll(), time.monotonic()
        descriptors = [wakeup, *self._port_check.descriptors()]
        if not self._guards.is_pausing(_CONTROL, now):  # what nobody reads would wake it at once, for ever
            descriptors += self._control.descriptors()
        for fleet in self._every_fleet():
            if not self._guards.is_pausing(_name(fleet), now):
                descriptors += fleet.status_descriptors()
        for descriptor in descriptors:
            poller.register(descriptor, select.POLLIN)
        if not self._is_over:
            poller.poll(TICK_SECONDS * 1000)
        with contextlib.suppress(BlockingIOError):
            os.read(wakeup, 4096)

    @property
    def _is_over(self) -> bool:
        if not all(helper.has_ended for helper in (*self._helpers, *self._backend.helpers)):
            return False
        return all(fleet.is_empty for fleet in self._every_fleet())

    def _every_fleet(self) -> list[Fleet]:
        return [*self._fleets.values(), *self._leaving]

    def _publish(self) -> None:
        """Write state.json when something changed; where that fails, again as soon as it can be."""
        self._guards.run("state.json", partial(self._publisher.publish, self._state()))

    def _state(self) -> ServerState:
        helpers = (*self._helpers, *self._backend.helpers)
        processes = tuple(process for helper in helpers for process in helper.snapshot())
        modules = {name: fleet.snapshot() for name, fleet in self._fleets.items()}
        return ServerState(modules, processes, self._is_stopping, self._is_settled)

    def _record(self) -> pidfile.PidFile:
        return pidfile.PidFile(
            pid=os.getpid(),
            module=tuple(self._fleets),
            start_time=time.time(),
            started=procfs.started(os.getpid()) or 0,
            boot_id=procfs.boot_id(),
            host=self.config.host,
            port=self.config.port,
            run_dir=str(self.run_dir.path),
            graceful_timeout=self.config.graceful_timeout,
        )

    # -- ending -----------------------------------------------------------------------------------------

    def _fail(self, reason: str) -> None:
        self._failure = reason
        self._stop(time.monotonic())

    def _stop(self, now: float) -> None:
        """Refuse new connections, let the gateway answer what it has; the runners go after it."""
        self._is_stopping = True
        systemd.tell("STOPPING=1")
        self._publish()  # by this the gateway knows that nobody follows it
        for helper in self._helpers:
            helper.end(now + self.config.graceful_timeout + GATEWAY_GRACE_SECONDS)

    def _kill_all(self) -> None:
        for helper in self._helpers:
            helper.kill()
        for fleet in self._every_fleet():
            fleet.kill()

    def _end_everything(self) -> None:
        """End every child, and close every socket and file of ours, whatever happened."""
        self._kill_all()
        deadline = time.monotonic() + pidfile.KILL_SECONDS
        while not self._is_over and time.monotonic() < deadline:
            now = time.monotonic()
            for fleet in self._every_fleet():
                fleet.drain(now)
            self._tick_backend(now)
            self._tick_helpers(self._helpers, now)
            time.sleep(0.01)
        for helper in self._backend.helpers:
            helper.kill()
        for fleet in self._every_fleet():
            self._guards.run(f"closing {fleet.spec.name}", fleet.close)
        self._port_check.close()
        self._control.close()
        os.close(self._lifeline_write)
        os.close(self._lifeline)
        leftovers.end_owned(self.run_dir.path)
        self._files.remove()


def _name(fleet: Fleet) -> str:
    return f"the runners of {fleet.spec.name}"
