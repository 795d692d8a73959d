"""The supervisor's run dir: made at the start, kept whole while the server runs, removed at the end.

Somebody who cleans the temporary folder may remove it or a part of it. Children that are started then would
not find what they need, so what is gone is made again.
"""

from __future__ import annotations

import logging
from typing import Final

from hub.serving.config import server_config
from hub.serving.config.server_config import ServingConfig
from hub.serving.messages.run_dir import SOCKET_BYTES, RunDir
from hub.serving.process import private_tmp
from hub.serving.process.private_tmp import PrivateFolder

log = logging.getLogger("hub.supervisor")

#: Ray's own sockets: ``/ray/session_2026-11-30_18-23-09_123456_4194304/sockets/plasma_store.10``.
_RAY_SOCKET_BYTES: Final = 71


class RunFiles:
    """The files that are there from the start; sockets are made again by who listens on them."""

    def __init__(self, config: ServingConfig) -> None:
        """Make the run dir; raises StartupError, which names the folder and the reason."""
        room = _RAY_SOCKET_BYTES if config.engine == "ray" else SOCKET_BYTES
        self._config = config
        self._folder = PrivateFolder("hub", place=config.runtime_dir, room=room)
        self._problem = ""
        self.run_dir = RunDir(self._folder.path)
        try:
            with private_tmp.explained(self._folder.path.parent):
                self._write_missing()
        except BaseException:
            self.remove()
            raise

    def renew(self) -> None:
        """Make again what is gone; where that cannot be done, say so once."""
        problem = ""
        try:
            self._write_missing()
        except OSError as error:
            problem = str(error)
        if problem and problem != self._problem:
            log.error("the run dir cannot be kept whole: %s", problem)
        self._problem = problem

    def _write_missing(self) -> None:
        self._folder.renew()
        self.run_dir.metrics.mkdir(exist_ok=True)
        if not self.run_dir.config.exists():
            server_config.save(self._config, self.run_dir.config)

    def remove(self) -> None:
        self._folder.remove()
