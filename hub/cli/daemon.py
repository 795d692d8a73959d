"""``hub serving start --daemon``: the same command once more, detached, and the wait until it is ready."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import click

from hub.address import url
from hub.cli import render
from hub.errors import NotRunningError, StartupError
from hub.serving.messages.state import FAILED, ModuleState
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
    names = ", ".join(config.modules_info)
    try:
        with render.waiting(f"Loading {names} …"):
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
    modules = _modules(config.port)
    failed = [module for module in modules if module.state == FAILED]
    address = url("https" if config.certfile else "http", config.host, config.port)
    is_what = f"runs, but {len(failed)} of {len(modules)} modules failed," if failed else "is ready"
    click.echo(f"HubServing {is_what} at {address} (pid {server.pid}, log {log_path}).")
    for module in modules:
        if module in failed:
            render.problem("Warning", f"{module.name} has FAILED: {module.reason}")
        elif module.manifest.models:
            click.echo(f"  {module.name}: {', '.join(module.manifest.models)}")
    click.echo(f"Stop it with: hub serving stop -p {config.port}")


def _modules(port: int) -> list[ModuleState]:
    """Return what the server says of its modules."""
    try:
        state = pidfile.read(port).server_state()
    except NotRunningError:
        return []
    return list(state.modules.values()) if state is not None else []


def _is_ready(port: int, pid: int) -> bool:
    """Tell whether the server with this pid is ready: loaded, and it answers over its port."""
    try:
        record = pidfile.read(port)
        state = record.server_state() if record.pid == pid else None
    except NotRunningError:
        return False
    return state is not None and state.settled
