"""``hub serving``: start, stop, watch and change servers."""

from __future__ import annotations

import signal
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from hub import address
from hub.cli import completion, render
from hub.cli.groups import Group, json_option
from hub.cli.server_request import parse_modules
from hub.cli.start import start
from hub.errors import NotRunningError, ServerError
from hub.serving.messages import control, state
from hub.serving.messages.control import ControlRequest
from hub.serving.messages.message import OtherVersionError
from hub.serving.messages.run_dir import RunDir
from hub.serving.process import pidfile, procfs

#: Loading a large model takes its time; the server itself gives up at its load_timeout.
LONGEST_OPERATION_SECONDS = 3600.0

_port = click.option(
    "--port",
    "-p",
    type=int,
    default=8866,
    show_default=True,
    help="Port of the server.",
    shell_complete=completion.PORT.shell_complete,
)


@click.group(cls=Group)
def serving() -> None:
    """Start, stop, watch and change servers."""


serving.add_command(start)


@serving.command()
@_port
def stop(port: int) -> None:
    """End the server on a port, its running requests finished first."""
    pidfile.read(port)
    click.echo("PaddleHub Serving will stop.")
    pidfile.stop(port)
    click.echo(f"The server on port {port} has been stopped.")


@serving.command()
@_port
@json_option
def status(port: int, json_: bool) -> None:
    """Show what a server does: modules, versions, runners, state, in flight, restarts, memory, models."""
    found = _report(port)
    if json_:
        render.as_json(found)
        return
    render.line(f"{found['url']} (pid {found['pid']}), up {found['uptime_seconds']:.0f} s")
    keys = ("name", "version", "state", "runners", "in_flight", "restarts", "memory_mb", "models", "reason")
    columns = (
        "module",
        "version",
        "state",
        "runners",
        "in flight",
        "restarts",
        "memory MB",
        "models",
        "reason",
    )
    rows = [{**module, "models": ", ".join(module["models"])} for module in found["modules"]]
    render.table(columns, [[str(row[key]) for key in keys] for row in rows])


@serving.command()
@click.argument("name", required=False, type=completion.SERVED)
@_port
def reload(name: str | None, port: int) -> None:
    """Serve the newest installed version of a module, or take what changed in the config file.

    The present version serves until the new one is ready; no request fails.
    """
    _control(port, ControlRequest("reload", name or ""))


@serving.command()
@click.argument("module", type=completion.MODULE)
@_port
def load(module: str, port: int) -> None:
    """Serve one more module."""
    ((name, entry),) = parse_modules((module,)).items()
    _control(port, ControlRequest("load", name, version=entry["init_args"].get("version", "")))


@serving.command()
@click.argument("name", type=completion.SERVED)
@_port
def unload(name: str, port: int) -> None:
    """Serve a module no longer; what it is doing is finished."""
    _control(port, ControlRequest("unload", name))


@serving.command()
@click.argument("name", type=completion.SERVED)
@click.argument("runners", type=click.IntRange(1, 256))
@_port
def scale(name: str, runners: int, port: int) -> None:
    """Give a module another number of runners."""
    _control(port, ControlRequest("scale", name, runners=runners))


@serving.command()
@click.option("--follow", "-f", is_flag=True, help="Go on as lines are written.")
@click.option("--reopen", is_flag=True, help="Have the server open its log files again; for logrotate.")
@_port
def logs(follow: bool, reopen: bool, port: int) -> None:
    """Show the log of a server that was started with --daemon."""
    if reopen:
        _reopen_logs(port)
        return
    path = pidfile.log_path(port)
    if not path.exists():
        raise NotRunningError(f"there is no {path}; only a server started with --daemon writes one")
    with path.open(errors="replace") as lines:
        while True:
            for line in lines:
                click.echo(line, nl=False)
            if not follow:
                return
            time.sleep(0.2)


def _reopen_logs(port: int) -> None:
    """Have a server's processes open their log files again; raises NotRunningError, ServerError."""
    record = pidfile.running(port)
    try:
        state.read(RunDir(Path(record.run_dir)).state)  # an older server would end by the signal
    except OtherVersionError as error:
        raise ServerError(str(error)) from error
    except OSError as error:
        raise ServerError(f"the server on port {port} cannot be looked at: {error}") from error
    procfs.send_signal(record.pid, record.started, signal.SIGUSR1)


def _report(port: int) -> dict[str, Any]:
    """Return what a running server does, read from its run dir; raises NotRunningError, ServerError."""
    from hub.serving.gateway import metrics

    record = pidfile.running(port)
    run_dir = RunDir(Path(record.run_dir))
    try:
        server = state.read(run_dir.state)
        in_flight = metrics.requests_in_flight(run_dir)
    except OtherVersionError as error:
        raise ServerError(str(error)) from error
    except OSError as error:
        raise ServerError(f"the server on port {port} cannot be looked at: {error}") from error
    return {
        "pid": record.pid,
        "url": address.url("http", record.host, record.port),
        "ready": server.ready,
        "uptime_seconds": round(time.time() - record.start_time, 1),
        "modules": [
            {
                **render.fields(module, "name", "version", "generation", "state", "reason", "restarts"),
                "runners": f"{sum(runner.ready for runner in module.runners)}/{module.runners_wanted}",
                "in_flight": in_flight.get(name, 0),
                "models": list(module.manifest.models),
                "memory_mb": round(sum(runner.memory_mb for runner in module.runners)),
                "processes": [asdict(runner) for runner in module.runners],
            }
            for name, module in server.modules.items()
        ],
    }


def _control(port: int, request: ControlRequest) -> None:
    """Have a running server do something; print what it says of it."""
    record = pidfile.running(port)
    answer = control.ask(record.control_path, request, timeout=LONGEST_OPERATION_SECONDS)
    click.echo(answer.message)
