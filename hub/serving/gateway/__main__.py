"""The gateway: Gunicorn with threaded workers around the Flask app, on the supervisor's socket.

    python -m hub.serving.gateway --run_dir DIR --listen FD --lifeline FD

Loads no module. Started by the supervisor with exec.
"""

from __future__ import annotations

import contextlib
import gc
import http
import select
import socket
import sys
from typing import Any

from gunicorn import glogging, util
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from hub import envelope
from hub.serving.config import server_config
from hub.serving.config.server_config import ServingConfig
from hub.serving.gateway import metrics
from hub.serving.gateway.app import create_app
from hub.serving.gateway.context import Gateway, default_threads
from hub.serving.gateway.worker import DeadlineWorker, close_when_asked
from hub.serving.process import helper_arguments, log_files, logs
from hub.serving.process.helper_arguments import HelperArguments

#: When the supervisor is gone, requests get this long to finish.
ORPHAN_GRACE_SECONDS = 3


class Application(BaseApplication):  # type: ignore[misc]  # Gunicorn is not typed
    """Gunicorn's settings from ours."""

    def __init__(self, config: ServingConfig, arguments: HelperArguments) -> None:
        self.serving = config
        self.arguments = arguments
        self.run_dir = arguments.run_dir
        super().__init__()

    def load_config(self) -> None:
        threads = default_threads(self.serving)
        settings: dict[str, Any] = {
            "bind": f"fd://{self.arguments.listen}",
            "worker_class": DeadlineWorker,
            "workers": self.serving.http_workers,
            "threads": threads,
            "worker_connections": threads + 1000,
            "keepalive": 30,
            "graceful_timeout": int(self.serving.graceful_timeout),
            "timeout": 60,  # guards a worker's main loop only; requests have deadlines of their own
            "control_socket_disable": True,  # on by default at a path that a second server would unlink
            "worker_tmp_dir": str(self.run_dir.path),  # /tmp may be read-only, or another's
            "proc_name": f"hub gateway :{self.serving.port}",
            "loglevel": "warning",
            "logger_class": Logger,
            "certfile": str(self.serving.certfile) if self.serving.certfile else None,
            "keyfile": str(self.serving.keyfile) if self.serving.keyfile else None,
            "child_exit": lambda _arbiter, _worker: metrics.settle_dead(self.run_dir),
        }
        for key, value in settings.items():
            self.cfg.set(key, value)

    def load(self) -> Any:
        """Make the app; Gunicorn calls this in each worker after the fork."""
        metrics.remember_process()
        return close_when_asked(create_app(Gateway(self.serving, self.run_dir)))

    def run(self) -> None:
        LifelineArbiter(self).run()


class Logger(glogging.Logger):  # type: ignore[misc]  # Gunicorn is not typed
    """Gunicorn's own lines without the process id, which no line has here (logs.py)."""

    error_fmt = r"%(asctime)s [%(levelname)s] [gunicorn] %(message)s"

    def reopen_files(self) -> None:
        """Take over the parent's log files; Gunicorn's master and workers call this at SIGUSR1."""
        log_files.follow_parent()


class LifelineArbiter(Arbiter):  # type: ignore[misc]  # Gunicorn is not typed
    """Gunicorn's master, ending when the supervisor is gone: it would not notice by itself."""

    def murder_workers(self) -> None:
        """End when the supervisor is gone; Gunicorn's master calls this once a second."""
        super().murder_workers()
        poller = select.poll()
        poller.register(self.app.arguments.lifeline, 0)  # only its end is of interest
        if poller.poll(0):
            self.log.warning("the supervisor is gone; the gateway ends")
            self.cfg.set("graceful_timeout", ORPHAN_GRACE_SECONDS)
            raise StopIteration


def write_error(sock: socket.socket, code: int, reason: str, message: str) -> None:
    """Answer a malformed HTTP request with the envelope, as every other error, instead of Gunicorn's page."""
    body = envelope.failure(message or reason, "101")
    head = (
        f"HTTP/1.1 {code} {reason or http.HTTPStatus(code).phrase}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with contextlib.suppress(OSError):
        sock.sendall(head.encode("latin-1") + body)


def main() -> None:
    arguments = helper_arguments.parse("hub.serving.gateway")
    run_dir = arguments.run_dir
    config = server_config.load(run_dir.config)
    logs.set_up(config.log_format, "gateway")
    log_files.follow_on_signal()
    logs.leave_out_what_no_line_shows()
    sys.argv = sys.argv[:1]  # Gunicorn must not take our arguments for its own
    util.write_error = write_error
    metrics.settle_dead(run_dir)
    gc.freeze()  # what is loaded stays: collections pass it over, so that workers go on sharing its memory
    Application(config, arguments).run()


if __name__ == "__main__":
    main()
