"""Brings a Ray cluster to the state that the supervisor desires, and reports what it observes there.

    python -m hub.serving.ray.agent --run_dir DIR --lifeline FD

The only process of a server that changes anything on the cluster. It dies when its node's Ray does, and is
started again; then it goes by what is desired and what is there. When the supervisor is gone, it deletes what
no other server uses, and ends.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Final

from hub.errors import ServerError
from hub.serving.config import server_config
from hub.serving.messages.message import OtherVersionError
from hub.serving.process import helper_arguments, lifeline, log_files, logs
from hub.serving.ray import connection, desired_state
from hub.serving.ray.agent.cluster import Cluster
from hub.serving.ray.agent.reconciler import Reconciler
from hub.serving.ray.agent.shipping import Shipper
from hub.serving.ray.desired_state import DesiredState, ObservedState

log = logging.getLogger("hub.ray")

#: A connection that takes longer does not come about.
CONNECT_SECONDS: Final = 60.0
#: Between two looks while something changes, and while nothing does.
BUSY_SECONDS: Final = 0.25
CALM_SECONDS: Final = 1.0


def main() -> int:
    arguments = helper_arguments.parse("hub.serving.ray.agent")
    run_dir = arguments.run_dir.path
    config = server_config.load(arguments.run_dir.config)
    logs.set_up(config.log_format, "ray-agent")
    log_files.follow_on_signal()
    told_to_end = threading.Event()
    lifeline.watch(arguments.lifeline, told_to_end.set)
    try:
        _connect(run_dir, told_to_end)
        signal.signal(signal.SIGTERM, lambda *_: told_to_end.set())
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's to handle
        reconciler = Reconciler(Cluster(secrets.token_hex(8)), Shipper(run_dir / "ray-archives"))
        _loop(run_dir, reconciler, told_to_end)
    except (ServerError, OtherVersionError) as error:
        log.error("%s", error)
        _tell_problem(run_dir, str(error))
        return 1
    reconciler.leave()
    return 0


def _connect(run_dir: Path, told_to_end: threading.Event) -> None:
    """Connect to the cluster; raises ServerError when it cannot be reached."""
    _tell_problem(run_dir, "not connected to Ray yet")
    while (address := desired_state.read_address(run_dir)) is None and not told_to_end.wait(0.1):
        pass  # our own instance is starting
    if address is None:
        sys.exit(0)
    too_long = threading.Timer(CONNECT_SECONDS, _give_up, (run_dir, address))
    too_long.daemon = True
    too_long.start()
    connection.connect(address)
    too_long.cancel()
    log.info("connected to Ray at %s", address)


def _give_up(run_dir: Path, address: str) -> None:
    """End the process: Ray goes on trying for minutes, and cannot be interrupted."""
    problem = f"Ray at {address} does not answer within {CONNECT_SECONDS:.0f} s"
    log.error("%s", problem)
    _tell_problem(run_dir, problem)
    os._exit(1)


def _loop(run_dir: Path, reconciler: Reconciler, told_to_end: threading.Event) -> None:
    desired = desired_state.Reader(run_dir / desired_state.DESIRED, DesiredState())
    told: ObservedState | None = None
    next_look = 0.0
    while not told_to_end.is_set():
        has_news = told is None or desired.current().serial != told.serial
        if has_news or time.monotonic() >= next_look:
            observed = _look(reconciler, desired.current())
            if observed != told:
                desired_state.write(run_dir / desired_state.OBSERVED, observed)
                told = observed
            next_look = time.monotonic() + (BUSY_SECONDS if reconciler.is_busy else CALM_SECONDS)
        told_to_end.wait(BUSY_SECONDS)


def _look(reconciler: Reconciler, desired: DesiredState) -> ObservedState:
    try:
        return reconciler.step(desired, time.monotonic())
    except Exception as error:
        # Ray's own processes come and go; what is wrong for good shows again at the next look.
        log.warning("the cluster could not be looked at: %s", error, exc_info=True)
        return ObservedState(desired.serial, f"the cluster could not be looked at: {error}")


def _tell_problem(run_dir: Path, problem: str) -> None:
    desired_state.write(run_dir / desired_state.OBSERVED, ObservedState(problem=problem))


if __name__ == "__main__":
    sys.exit(main())
