"""The jobs service: keeps jobs on the disk and sends their pages to the gateway.

    python -m hub.serving.jobs --run_dir DIR --listen FD --lifeline FD

Started by the supervisor with exec, when there is a job or the settings say so. Loads no module.
"""

from __future__ import annotations

import functools
import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Iterable
from typing import Final

from hub import atomic_file
from hub.errors import UnavailableError
from hub.serving.config import server_config
from hub.serving.config.server_config import ServingConfig
from hub.serving.jobs import answers
from hub.serving.jobs.answers import Answered, Answers
from hub.serving.jobs.folder import JobsFolder
from hub.serving.jobs.inputs import Inputs
from hub.serving.jobs.predecessor import wait_for_the_end
from hub.serving.jobs.schema import DamagedError, UnusableError
from hub.serving.jobs.sender import Sender
from hub.serving.jobs.service import Service
from hub.serving.jobs.store import Store
from hub.serving.messages.jobs import JobRequest
from hub.serving.messages.jobs_dir import JobsDir
from hub.serving.messages.run_dir import RunDir
from hub.serving.messages.state import StateReader
from hub.serving.process import helper_arguments, lifeline, log_files, logs

log = logging.getLogger("hub.jobs")

#: How often a folder that cannot be used is looked at again.
_AGAIN_SECONDS: Final = 3.0


class JobsProcess:
    """This process: it answers from the start, also that there can be no jobs, and why."""

    def __init__(self, config: ServingConfig, run_dir: RunDir) -> None:
        self._config, self._run_dir = config, run_dir
        self._answers: Answers | None = None
        self._service: Service | None = None
        self._problem = ""
        self._is_open = threading.Event()
        self._is_stopping = threading.Event()

    def answer(self, request: JobRequest) -> Iterable[Answered]:
        """Answer a question once the folder is open, or cannot be opened."""
        self._is_open.wait()
        found = self._answers
        if found is None:
            return [(answers.refusal(UnavailableError(f"no jobs: {self._problem}", retry_after=10)), b"")]
        return found.answer(request)

    def stop(self) -> None:
        self._is_stopping.set()
        if self._service is not None:
            self._service.stop()

    def run(self) -> None:
        """Run jobs until told to stop; a folder that cannot be used is tried again."""
        paths = JobsDir(self._config.jobs_folder)
        while not self._is_stopping.is_set():
            try:
                folder = JobsFolder(paths, self._config.max_jobs_gb * 1e9)
            except UnusableError as error:
                self._cannot(str(error))
                continue
            except OSError as error:
                self._cannot(f"{paths.path}: {error.strerror or error}; name another folder: jobs_dir")
                continue
            try:
                self._run(folder)
            except (DamagedError, UnusableError, OSError) as error:
                self._cannot(str(error))
            finally:
                self._answers = None
                folder.release()

    def _cannot(self, problem: str) -> None:
        if problem != self._problem:
            log.error("there can be no jobs: %s", problem)
        self._problem = problem
        self._is_open.set()
        self._is_stopping.wait(_AGAIN_SECONDS)

    def _run(self, folder: JobsFolder) -> None:
        wait_for_the_end(folder.paths, self._run_dir.path)
        store = Store(folder.paths.database, max_jobs=self._config.max_jobs)
        try:
            folder.sweep(store.jobs.ids())
            token = secrets.token_urlsafe(32)
            atomic_file.write(self._run_dir.jobs_token, token, mode=0o600)
            inputs = Inputs(self._run_dir, folder)
            sender = Sender(self._config, token)
            service = Service(self._config, store, folder, StateReader(self._run_dir.state), sender, inputs)
            self._service = service
            self._answers, self._problem = Answers(service, store, folder), ""
            self._is_open.set()
            if not self._is_stopping.is_set():
                service.run()
            if service.problem:
                raise DamagedError(service.problem)
        finally:
            store.close()


def main() -> None:
    arguments = helper_arguments.parse("hub.serving.jobs")
    run_dir = arguments.run_dir
    config = server_config.load(run_dir.config)
    logs.set_up(config.log_format, "jobs")
    log_files.follow_on_signal()
    lifeline.watch(arguments.lifeline, functools.partial(os._exit, 0))
    process = JobsProcess(config, run_dir)
    signal.signal(signal.SIGTERM, lambda *_: process.stop())
    listener = socket.socket(fileno=arguments.listen)
    threading.Thread(target=answers.serve, args=(listener, process.answer), daemon=True).start()
    process.run()
    os._exit(0)  # threads may still answer


if __name__ == "__main__":
    main()
