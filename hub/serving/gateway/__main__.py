"""The gateway: Gunicorn, whose workers run the Flask app behind an event loop, on the supervisor's socket.

    python -m hub.serving.gateway --run_dir DIR --listen FD --lifeline FD

Loads no module. Started by the supervisor with exec.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401  # for the first request's host; a worker without descriptors could not
import gc
import sys
from typing import Any

from gunicorn import glogging
from gunicorn.app.base import BaseApplication

from hub.serving.config import server_config
from hub.serving.config.server_config import ServingConfig
from hub.serving.gateway import metrics
from hub.serving.gateway.app import create_app
from hub.serving.gateway.arbiter import LifelineArbiter
from hub.serving.gateway.context import Gateway, http_workers
from hub.serving.gateway.worker import LoopWorker
from hub.serving.process import helper_arguments, log_files, logs
from hub.serving.process.helper_arguments import HelperArguments


class Application(BaseApplication):  # type: ignore[misc]  # Gunicorn is not typed
    """Gunicorn's settings from ours."""

    def __init__(self, config: ServingConfig, arguments: HelperArguments) -> None:
        self.serving = config
        self.arguments = arguments
        self.run_dir = arguments.run_dir
        super().__init__()

    def load_config(self) -> None:
        settings: dict[str, Any] = {
            "bind": f"fd://{self.arguments.listen}",
            "worker_class": LoopWorker,
            "workers": http_workers(self.serving),
            "graceful_timeout": int(self.serving.graceful_timeout),
            "timeout": 60,  # guards a worker's loop only; requests have deadlines of their own
            "control_socket_disable": True,  # on by default at a path that a second server would unlink
            "worker_tmp_dir": str(self.run_dir.path),  # /tmp may be read-only, or another's
            "proc_name": f"hub gateway :{self.serving.port}",
            "loglevel": "warning",
            "logger_class": Logger,
            "certfile": str(self.serving.certfile) if self.serving.certfile else None,
            "keyfile": str(self.serving.keyfile) if self.serving.keyfile else None,
            "post_fork": lambda arbiter, _worker: arbiter.forked(),
            "child_exit": self._worker_ended,
        }
        for key, value in settings.items():
            self.cfg.set(key, value)

    def _worker_ended(self, arbiter: LifelineArbiter, worker: Any) -> None:
        arbiter.worker_ended(worker)
        metrics.settle_dead(self.run_dir)

    def load(self) -> Any:
        """Make the app; Gunicorn calls this in each worker after the fork."""
        metrics.remember_process()
        self.gateway = Gateway(self.serving, self.run_dir)
        return create_app(self.gateway)

    def run(self) -> None:
        LifelineArbiter(self).run()


class Logger(glogging.Logger):  # type: ignore[misc]  # Gunicorn is not typed
    """Gunicorn's own lines without the process id, which no line has here (logs.py)."""

    error_fmt = r"%(asctime)s [%(levelname)s] [gunicorn] %(message)s"

    def reopen_files(self) -> None:
        """Take over the parent's log files; Gunicorn's master and workers call this at SIGUSR1."""
        log_files.follow_parent()


def main() -> None:
    arguments = helper_arguments.parse("hub.serving.gateway")
    run_dir = arguments.run_dir
    config = server_config.load(run_dir.config)
    logs.set_up(config.log_format, "gateway")
    log_files.follow_on_signal()
    logs.leave_out_what_no_line_shows()
    sys.argv = sys.argv[:1]  # Gunicorn must not take our arguments for its own
    metrics.settle_dead(run_dir)
    gc.freeze()  # what is loaded stays: collections pass it over, so that workers go on sharing its memory
    Application(config, arguments).run()


if __name__ == "__main__":
    main()
