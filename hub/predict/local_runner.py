"""One module's runner without a server: for a command that calls a module many times and ends.

The runner is the same as a server's (the module's own Python, images decoded, one request that crashes it
fails alone, another runner takes over), and so is the way to it; only HTTP is left out.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from multiprocessing.connection import wait
from pathlib import Path
from typing import Self

from hub.errors import StartupError
from hub.serving.config.server_config import ServingConfig
from hub.serving.gateway import body
from hub.serving.gateway.admission import RequestLimits
from hub.serving.gateway.delivery import ModuleReply, refuse_unless_served
from hub.serving.gateway.request_context import RequestContext
from hub.serving.gateway.runner_client import RunnerClient
from hub.serving.messages import death
from hub.serving.messages.manifest import Manifest
from hub.serving.messages.run_dir import RunDir
from hub.serving.messages.state import LOADING, READY, ModuleState, ServerState, StateReader
from hub.serving.process import pidfile, private_tmp
from hub.serving.supervisor.fleet import RunnerFleet
from hub.serving.supervisor.planning import RegistryPlanner

log = logging.getLogger("hub.local")

#: How often deaths and hangs are looked for; a message of the runner is taken in at once.
TICK_SECONDS = 0.1
_FOLDER = "hub-local"


class LocalModule:
    """The first module of ``config``, loaded while the context is open. Several threads may call it.

    Attributes:
        name: the module's.
    """

    def __init__(self, config: ServingConfig) -> None:
        """Find the module.

        Raises:
            ModuleNotInstalledError, InvalidModuleError, ConfigError.
        """
        self.name = next(iter(config.modules_info))
        self._plan = RegistryPlanner(lambda: None).plan(self.name, config, generation=1)
        self._limits = RequestLimits.of(config)
        self._states = _OwnState()
        self._dispatcher = RunnerClient(self._states)
        self._changed = threading.Condition()
        self._is_ending = False
        self._keeper = threading.Thread(target=self._keep, name="hub-local", daemon=True)

    def __enter__(self) -> Self:
        """Start it and wait until it is loaded; raises StartupError with the reason why it is not."""
        private_tmp.sweep(_FOLDER)  # killed ones left theirs behind; their runners end by themselves
        with ExitStack() as opened:  # Ctrl-C closes it, too
            folder = private_tmp.make(_FOLDER)
            opened.callback(folder.remove)
            # Only the write end's closing tells the runner that we are gone, so it must not be inherited.
            lifeline, write_end = os.pipe()
            opened.callback(os.close, lifeline)
            opened.callback(os.close, write_end)
            self._fleet = RunnerFleet(self._plan, RunDir(folder.path), lifeline)
            opened.callback(self._end_fleet)
            self._states.show(self._fleet.snapshot())
            self._keeper.start()
            opened.callback(self._end_keeper)
            with self._changed:
                self._changed.wait_for(lambda: self._state.state != LOADING)
            if self._state.state != READY:
                raise StartupError(f"{self.name} could not be loaded: {self._state.reason}")
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def _end_keeper(self) -> None:
        self._is_ending = True
        self._keeper.join()

    def _end_fleet(self) -> None:
        self._fleet.drain(time.monotonic())
        deadline = time.monotonic() + pidfile.KILL_SECONDS
        while not self._fleet.is_empty:
            if time.monotonic() > deadline:
                self._fleet.kill()
            self._fleet.tick(time.monotonic())
            time.sleep(0.01)
        self._fleet.close()

    @property
    def manifest(self) -> Manifest:
        """The module's arguments and traits, as its runner found them."""
        return self._state.manifest

    def call(self, data: bytes, *, timeout: float, strict: bool = True) -> ModuleReply:
        """Call the module with a JSON object of arguments.

        Args:
            data: the JSON.
            timeout: seconds; the module's own limit may be shorter.
            strict: an image that cannot be read is an error; else the module gets None.

        Raises:
            RequestError: as a server would answer.
        """
        module = refuse_unless_served(self.name, self._state)
        content = body.from_json(data, module.manifest.images, self._limits)
        context = RequestContext(secrets.token_hex(8), time.monotonic(), timeout=timeout, strict=strict)
        return self._dispatcher.call(module, content, context)

    @property
    def _state(self) -> ModuleState:
        return self._states.current().modules[self.name]

    def _keep(self) -> None:
        """Do the work of the supervisor's loop, for one module, in a thread."""
        while not self._is_ending:
            wait(self._fleet.status_descriptors(), TICK_SECONDS)
            self._fleet.tick(time.monotonic())
            with self._changed:
                self._states.show(self._fleet.snapshot())
                self._changed.notify_all()


class _OwnState(StateReader):
    """The state of the fleet in this process, where others read a supervisor's file."""

    def __init__(self) -> None:
        super().__init__(Path(os.devnull))
        self._shown = ServerState()

    def show(self, module: ModuleState) -> None:
        """Publish the state; a kill from outside is the file's fault here, for there is no deadline."""
        deaths = tuple(
            replace(each, cause=death.CRASHED) if each.cause == death.KILLED else each
            for each in module.deaths
        )
        self._shown = ServerState({module.name: replace(module, deaths=deaths)})

    def current(self) -> ServerState:
        return self._shown
