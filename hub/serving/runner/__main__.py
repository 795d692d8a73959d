"""A runner: one loaded copy of one module, taking requests from its module's shared socket.

    python -m hub.serving.runner NAME --spec FILE --listener FD --lifeline FD --status FD --heartbeat FD

Started by the supervisor with exec. It calls ``accept()`` only when it has room, so the kernel's queue is
the module's queue. It loads the module, says READY (or why not) on the status pipe, then serves until it is
told to drain (SIGTERM) or its lifeline ends (the supervisor died).

It imports the standard library, the module, and what the module imports: never Flask or Gunicorn.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import faulthandler
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TextIO

from hub import output
from hub.errors import HubError
from hub.serving.messages.heartbeat import Heartbeat
from hub.serving.messages.message import OtherVersionError
from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.messages.runner_status import RunnerStatus
from hub.serving.process import leftovers, lifeline, log_files, logs
from hub.serving.process.memory import Trimmer
from hub.serving.runner.executor import Executor
from hub.serving.runner.loader import load, load_error
from hub.serving.runner.receiver import Intake, SocketRequest

log = logging.getLogger("hub.runner")

#: How often an idle thread ticks; the supervisor's idle timeout is several of these.
TICK_SECONDS = 1.0
#: After the supervisor died, running batches get this long before the process ends.
ORPHAN_GRACE_SECONDS = 5.0


def main() -> int:
    arguments = _parse_arguments()
    output.accept_all_text()  # of modules that print what is sent
    try:
        spec = RunnerSpec.read(arguments.spec)
    except OtherVersionError as error:
        with os.fdopen(arguments.status, "w") as status:
            _tell(status, RunnerStatus(ready=False, reason=str(error)))
        return 1
    logs.set_up(spec.log_format, f"{spec.name}#{os.getpid()}")
    log_files.follow_on_signal()
    atexit.register(_end_helpers)  # before anybody else, hence after their own handlers
    drain = Drain()
    _handle_signals(drain)
    trimmer = Trimmer()
    sys.path.insert(0, str(Path.cwd()))  # PaddleHub modules expect the folder the server was started in
    with os.fdopen(arguments.status, "w") as status:
        try:
            lifeline.watch(arguments.lifeline, partial(_end_orphaned, drain))
            executor, concurrency = load(spec, use_gpu=arguments.use_gpu, run_dir=arguments.spec.parent)
        except BaseException as error:
            final = isinstance(error, HubError)
            if final:  # its text says it all, and where in our code it was found helps nobody
                log.error("module %s did not load: %s", spec.name, error)
            else:
                log.exception("module %s did not load", spec.name)
            _tell(status, RunnerStatus(ready=False, reason=load_error(error), final=final))
            return 1
        _handle_signals(drain)  # Paddle, when it is imported, takes SIGTERM for itself, and dies of it
        if any(manifest.images for manifest in executor.manifest.each):
            trimmer.expect_images()
        heartbeat = Heartbeat(int(arguments.heartbeat), concurrency)
        listener = socket.socket(fileno=arguments.listener)
        intake = Intake(listener, drain.fileno(), executor.policies)
        threads = Threads(partial(_serve, executor, intake, heartbeat, drain, trimmer), concurrency)
        try:
            threads.start()
        except RuntimeError as error:  # the kernel refuses a thread: a limit of processes
            _tell(status, RunnerStatus(ready=False, reason=f"{error} ({concurrency} are needed)"))
            return 1
        _tell(status, RunnerStatus(ready=True, manifest=executor.manifest, concurrency=concurrency))
    threads.run()
    return 0


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m hub.serving.runner")
    parser.add_argument("name")
    parser.add_argument("--spec", type=Path, required=True)
    parser.add_argument("--use_gpu", action="store_true", help="this runner has a card")
    # Text: a supervisor of version 0.1.0 names a file, and is to be told of its version.
    parser.add_argument("--heartbeat", required=True)
    for descriptor in ("--listener", "--lifeline", "--status"):
        parser.add_argument(descriptor, type=int, required=True)
    return parser.parse_args()


def _handle_signals(drain: Drain) -> None:
    faulthandler.disable()
    faulthandler.enable()  # the watchdog's SIGABRT leaves every thread's stack in the log
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's to handle
    signal.signal(signal.SIGTERM, lambda *_: drain.set())


class Drain:
    """A flag that threads can poll for: set once, by the signal handler or the lifeline's end."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.is_set = False

    def set(self) -> None:
        self.is_set = True
        with contextlib.suppress(BlockingIOError):
            os.write(self._write, b"x")  # never read, so every polling thread sees it

    def fileno(self) -> int:
        return self._read


def _end_orphaned(drain: Drain) -> None:
    drain.set()
    time.sleep(ORPHAN_GRACE_SECONDS)
    _end_helpers()
    os._exit(1)


def _end_helpers() -> None:
    """End what the module has started: when the supervisor is gone, nobody else would."""
    leftovers.end_session(os.getpid())


class Threads:
    """The threads that take requests: this one, which has slot 0 of the heartbeat, and others.

    A module that is not thread-safe is both loaded and called in the main thread, as it always was.
    """

    def __init__(self, serve: Callable[[int], None], count: int) -> None:
        self._serve = serve
        self._count = count
        self._may_serve = threading.Event()
        self._is_off = False
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the others, which wait for ``run``; raises RuntimeError where there are too many threads.

        It is done before the runner calls itself ready: one that cannot do its work must not say so.
        """
        try:
            for slot in range(1, self._count):
                thread = threading.Thread(target=self._begin, args=(slot,))
                thread.start()
                self._threads.append(thread)
        except RuntimeError:
            self._is_off = True
            self._may_serve.set()
            raise

    def _begin(self, slot: int) -> None:
        self._may_serve.wait()
        if not self._is_off:
            self._serve(slot)

    def run(self) -> None:
        """Serve until drained."""
        self._may_serve.set()
        self._serve(0)
        for thread in self._threads:
            thread.join()


def _serve(
    executor: Executor, intake: Intake, heartbeat: Heartbeat, drain: Drain, trimmer: Trimmer, slot: int
) -> None:
    """Take requests and answer them until drained."""
    while not drain.is_set:
        heartbeat.idle(slot)
        batch = intake.next_batch(TICK_SECONDS, partial(heartbeat.busy, slot))
        if batch:
            _run(executor, batch)
            heartbeat.served(slot, len(batch))
            trimmer.worked()
        if slot == 0:
            trimmer.trim_when_due()


def _run(executor: Executor, batch: list[SocketRequest]) -> None:
    try:
        executor.run(batch)
    except Exception:
        # A mistake of ours: the callers must not wait for it, nor the next request suffer from it.
        log.exception("a batch could not be run")
        for request in batch:
            request.drop()


def _tell(pipe: TextIO, status: RunnerStatus) -> None:
    # ``state`` is for a supervisor of version 0.1.0, under which the package was replaced.
    fields = {"state": "ready" if status.ready else "failed", **status.to_json()}
    with contextlib.suppress(BrokenPipeError):
        pipe.write(json.dumps(fields, default=str) + "\n")
        pipe.flush()


if __name__ == "__main__":
    sys.exit(main())
