"""``hub serving``: start, stop, watch and change servers."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from hub.errors import StartupError, UsageError

if TYPE_CHECKING:
    from hub.serving.config import ServingConfig
    from hub.serving.launch import Reread
    from hub.serving.state import ServerState

#: PaddleHub's own flags, which a config file overrides altogether.
OVERRIDDEN_BY_CONFIG = ("modules", "port", "use_gpu", "gpu", "use_multiprocess", "workers")


#: Loading a large model takes its time; the server itself gives up at its load_timeout.
LONGEST_OPERATION_SECONDS = 3600.0

_port = click.option("--port", "-p", type=int, default=8866, show_default=True, help="Port of the server.")


@click.group()
def serving() -> None:
    """Start, stop, watch and change servers."""


@serving.command()
@click.option(
    "--modules", "-m", "modules", multiple=True, metavar="NAME[==VERSION]", help="Modules to serve."
)
@click.argument("more_modules", nargs=-1, metavar="[NAME[==VERSION]]...")
@click.option(
    "--config", "-c", type=click.Path(), help="A config.json; PaddleHub's other flags are then ignored."
)
@click.option("--port", "-p", type=int, help="Port to listen on.  [default: 8866]")
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1, this machine only]")
@click.option("--use_multiprocess", is_flag=True, default=None, help="Several runners per module.")
@click.option("--workers", "-w", type=int, help="Runners per module.  [default: 2 * cores - 1]")
@click.option("--use_gpu", is_flag=True, default=None, help="Run on the GPU.")
@click.option("--gpu", "-i", help="Cards to use, like 0,1.  [default: 0]")
@click.option("--no_ui", "ui", flag_value=False, default=None, help="No web pages: no playground, no /docs.")
@click.option("--grpc_port", type=int, help="Also serve the Open Inference Protocol over gRPC there.")
@click.option("--metrics_port", type=int, help="Also serve /metrics and /health there, always answering.")
@click.option("--model_repo", type=click.Path(), help="A Triton model repository: config.pbtxt files.")
@click.option(
    "--allow_model_control", is_flag=True, default=None, help="Let clients load and unload modules."
)
@click.option("--daemon", is_flag=True, help="Return when the server is ready and leave it running.")
def start(daemon: bool, **options: Any) -> None:
    """Serve modules over HTTP until Ctrl-C or `hub serving stop`."""
    config, reread = _settings(options)
    if daemon:
        _start_daemon(config)
        return
    from hub.serving import logs
    from hub.serving.launch import serve

    logs.set_up(config.log_format, "supervisor")
    serve(config, reread, lambda state: _announce(config, state))


@serving.command()
@_port
def stop(port: int) -> None:
    """End the server on a port, its running requests finished first."""
    from hub.serving import pidfile

    pidfile.read(port)
    click.echo("PaddleHub Serving will stop.")
    pidfile.stop(port)
    click.echo(f"The server on port {port} has been stopped.")


@serving.command()
@_port
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def status(port: int, as_json: bool) -> None:
    """Show what a server does: modules, versions, runners, state, in flight, restarts, memory."""
    from hub.cli import render
    from hub.serving.report import report

    found = report(port)
    if as_json:
        render.as_json(found)
        return
    render.line(f"{found['url']} (pid {found['pid']}), up {found['uptime_seconds']:.0f} s")
    columns = ("module", "version", "state", "runners", "in flight", "restarts", "memory MB", "reason")
    keys = ("name", "version", "state", "runners", "in_flight", "restarts", "memory_mb", "reason")
    render.table(columns, [[str(module[key]) for key in keys] for module in found["modules"]])


@serving.command()
@click.argument("name", required=False)
@_port
def reload(name: str | None, port: int) -> None:
    """Serve the newest installed version of a module, or take what changed in the config file.

    The present version serves until the new one is ready; no request fails.
    """
    _control(port, {"do": "reload", "module": name})


@serving.command()
@click.argument("module", metavar="NAME[==VERSION]")
@_port
def load(module: str, port: int) -> None:
    """Serve one more module."""
    ((name, entry),) = parse_modules((module,)).items()
    _control(port, {"do": "load", "module": name, "version": entry["init_args"].get("version")})


@serving.command()
@click.argument("name")
@_port
def unload(name: str, port: int) -> None:
    """Serve a module no longer; what it is doing is finished."""
    _control(port, {"do": "unload", "module": name})


@serving.command()
@click.argument("name")
@click.argument("runners", type=click.IntRange(1, 256))
@_port
def scale(name: str, runners: int, port: int) -> None:
    """Give a module another number of runners."""
    _control(port, {"do": "scale", "module": name, "runners": runners})


@serving.command()
@click.option("--follow", "-f", is_flag=True, help="Go on as lines are written.")
@_port
def logs(follow: bool, port: int) -> None:
    """Show the log of a server that was started with --daemon."""
    from hub.errors import NotRunningError
    from hub.serving import pidfile

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


def _control(port: int, request: dict[str, Any]) -> None:
    """Have a running server do something; print what it says of it."""
    from hub.serving import control, pidfile

    record = pidfile.running(port)
    answer = control.ask(record.control_path, request, timeout=LONGEST_OPERATION_SECONDS)
    click.echo(answer["message"])


def parse_modules(given: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """``modules_info`` from the ways in which the documents name modules.

    ``a b==1.0.0``, ``a,b`` and ``[a==1.0.0, b]`` are all read; raises UsageError.
    """
    modules: dict[str, dict[str, Any]] = {}
    for word in re.split(r"[\s,\[\]]+", " ".join(given)):
        if not word:
            continue
        name, separator, version = word.partition("==")
        if not name or (separator and not version):
            raise UsageError(f"{word!r} is not NAME or NAME==VERSION")
        if name in modules:
            raise UsageError(f"module {name} is named twice; a server has one version of it")
        modules[name] = {"init_args": {"version": version} if version else {}}
    return modules


def _settings(options: dict[str, Any]) -> tuple[ServingConfig, Reread]:
    """One validated configuration from the file or the flags, and the way to read the file again."""
    from hub import settings
    from hub.serving import config, hps

    for notice in hps.notices():
        click.echo(f"Note: {notice}", err=True)
    names = (*options.pop("modules"), *options.pop("more_modules"))
    path = options.pop("config") or (None if names else hps.config_path())
    given = {key: value for key, value in options.items() if value is not None}
    if path is None:
        values = {**given, "modules_info": parse_modules(names)}
        if given.get("model_repo") or settings.from_environment("model_repo"):
            return config.build(values, source="command line"), partial(config.build, values, "command line")
        if not names:
            raise UsageError("name the modules to serve (-m NAME), or a config file (-c config.json)")
        return config.build(values, source="command line"), lambda: None
    ignored = [f"--{key}" for key in OVERRIDDEN_BY_CONFIG if key in given or (key == "modules" and names)]
    if ignored:
        click.echo(f"Warning: {', '.join(ignored)} ignored; with --config, {path} decides", err=True)
    kept = {key: value for key, value in given.items() if key not in OVERRIDDEN_BY_CONFIG}
    return config.from_file(path, kept), lambda: config.from_file(path, kept)


def _start_daemon(config: ServingConfig) -> None:
    """Start the same command detached; wait until it is ready, or report why it is not."""
    from hub.serving import pidfile

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
        while server.poll() is None and not _is_settled(config.port, server.pid):
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
    click.echo(f"Stop it with: hub serving stop -p {config.port}")


def _is_settled(port: int, pid: int) -> bool:
    """Whether the server with this pid has every module READY, or FAILED but for at least one."""
    from hub.errors import NotRunningError
    from hub.serving import pidfile
    from hub.serving.state import LOADING, READY

    try:
        record = pidfile.read(port)
        state = record.server_state() if record.pid == pid else None
    except NotRunningError:
        return False
    # A server none of whose modules came up is about to end and say why.
    states = {module.state for module in state.modules.values()} if state else set()
    return READY in states and LOADING not in states


def _announce(config: ServingConfig, state: ServerState) -> None:
    """The banner: what is served where, by whom."""
    address = f"{'https' if config.certfile else 'http'}://{config.host}:{config.port}"
    lines = [f"HubServing is ready at {address} (pid {os.getpid()})."]
    if config.grpc_port or config.metrics_port:
        ports = (
            ("GRPCInferenceService", config.grpc_port),
            ("HTTPService", config.port),
            ("Metrics Service", config.metrics_port),
        )
        lines += [f"  Started {service} at {config.host}:{port}" for service, port in ports if port]
    for name, module in state.modules.items():
        if module.state == "READY":
            devices = sorted({runner.device for runner in module.runners})
            lines.append(
                f"  POST {address}/predict/{name}   version {module.version}, "
                f"{module.runners_wanted} runner(s) × {module.threads} thread(s) on {', '.join(devices)}"
            )
        else:
            lines.append(f"  {name} has FAILED: {module.reason}")
    if config.ui:
        lines.append(f"Try it in a browser at {address}/ (the API is described at {address}/docs).")
    if config.host in ("127.0.0.1", "localhost", "::1"):
        lines.append("Only this machine can connect; --host 0.0.0.0 opens it to the network.")
    lines.append(f"Stop it with Ctrl-C or: hub serving stop -p {config.port}")
    with contextlib.suppress(OSError):  # a log on a full disk is no reason not to serve
        click.echo("\n".join(lines), err=True)
