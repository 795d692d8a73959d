"""``hub serving start --daemon``: the same command once more, detached, and the wait until it is ready."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import click

from hub.errors import NotRunningError, StartupError
from hub.serving.process import pidfile

if TYPE_CHECKING:
    from hub.serving.config.server_config import ServingConfig


def start_daemon(config: ServingConfig) -> None:
    """Start the same command detached; wait until it is ready, or report why it is not."""
    log_path = pidfile.log_path(config.port)
    words = [word for word in sys.argv[1:] if word != "--daemon"]
    try:
        log_path.parent.mkdir(parents=True, exist_ok=True)
        begin = log_path.stat().st_size if log_path.exists() else 0
        log = log_path.open("ab")
    except OSError as error:
        raise pidfile.not_writable(log_path, error) from error
    with log:
        server = subprocess.Popen(
            [sys.executable, "-m", "hub", *words],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        while server.poll() is None and not _is_ready(config.port, server.pid):
            time.sleep(0.05)
    except KeyboardInterrupt:
        server.terminate()
        server.wait()
        raise
    if server.poll() is not None:
        said = log_path.read_bytes()[begin:].decode(errors="replace").strip().splitlines()
        reason = said[-1].removeprefix("Error: ") if said else f"exit code {server.returncode}"
        raise StartupError(f"{reason}\nThe whole log is {log_path}")
    click.echo(
        f"HubServing is ready at http://{config.host}:{config.port} (pid {server.pid}, log {log_path})."
    )
    for line in _models(config.port):
        click.echo(line)
    click.echo(f"Stop it with: hub serving stop -p {config.port}")


def _models(port: int) -> list[str]:
    """Return a line for each module that computes with models."""
    try:
        state = pidfile.read(port).server_state()
    except NotRunningError:
        return []
    modules = state.modules.values() if state is not None else ()
    return [f"  {each.name}: {', '.join(each.manifest.models)}" for each in modules if each.manifest.models]


def _is_ready(port: int, pid: int) -> bool:
    """Tell whether the server with this pid is ready: loaded, and it answers over its port."""
    try:
        record = pidfile.read(port)
        state = record.server_state() if record.pid == pid else None
    except NotRunningError:
        return False
    return state is not None and state.settled
