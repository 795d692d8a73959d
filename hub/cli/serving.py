"""``hub serving``: start and stop servers."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from hub.errors import StartupError, UsageError

if TYPE_CHECKING:
    from hub.serving.config import ServingConfig
    from hub.serving.state import ServerState

#: PaddleHub's own flags, which a config file overrides altogether.
OVERRIDDEN_BY_CONFIG = ("modules", "port", "use_gpu", "gpu", "use_multiprocess", "workers")


@click.group()
def serving() -> None:
    """Start and stop servers."""


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
@click.option("--daemon", is_flag=True, help="Return when the server is ready and leave it running.")
@click.pass_context
def start(context: click.Context, /, daemon: bool, **options: Any) -> None:
    """Serve modules over HTTP until Ctrl-C or `hub serving stop`."""
    config = _settings(context, options)
    if daemon:
        _start_daemon(config)
        return
    from hub.serving.launch import serve

    logging.basicConfig(
        level=logging.INFO, format="[%(asctime)s] [%(levelname)s] %(message)s", stream=sys.stderr
    )
    serve(config, lambda state: _announce(config, state))


@serving.command()
@click.option("--port", "-p", type=int, default=8866, show_default=True, help="Port of the server.")
def stop(port: int) -> None:
    """End the server on a port, its running requests finished first."""
    from hub.serving import pidfile

    pidfile.read(port)
    click.echo("PaddleHub Serving will stop.")
    pidfile.stop(port)
    click.echo(f"The server on port {port} has been stopped.")


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


def _settings(context: click.Context, options: dict[str, Any]) -> ServingConfig:
    """One validated configuration from the file or the flags."""
    from hub.serving import config

    names = (*options.pop("modules"), *options.pop("more_modules"))
    path = options.pop("config")
    given = {key: value for key, value in options.items() if value is not None}
    if path is None:
        if not names:
            raise UsageError("name the modules to serve (-m NAME), or a config file (-c config.json)")
        return config.build({**given, "modules_info": parse_modules(names)}, source="command line")
    ignored = [f"--{key}" for key in OVERRIDDEN_BY_CONFIG if key in given or (key == "modules" and names)]
    if ignored:
        click.echo(f"Warning: {', '.join(ignored)} ignored; with --config, {path} decides", err=True)
    kept = {key: value for key, value in given.items() if key not in OVERRIDDEN_BY_CONFIG}
    return config.from_file(path, kept)


def _start_daemon(config: ServingConfig) -> None:
    """Start the same command detached; wait until it is ready, or report why it is not."""
    from hub import settings

    log_path = settings.hub_home() / "log" / f"serving_{config.port}.log"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    words = [word for word in sys.argv[1:] if word != "--daemon"]
    begin = log_path.stat().st_size if log_path.exists() else 0
    with log_path.open("ab") as log:
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
    from hub.serving.launch import cores

    address = f"http://{config.host}:{config.port}"
    lines = [f"HubServing is ready at {address} (pid {os.getpid()})."]
    for name, module in state.modules.items():
        if module.state == "READY":
            devices = sorted({runner.device for runner in module.runners})
            threads = max(1, cores() // max(1, module.runners_wanted))
            lines.append(
                f"  POST {address}/predict/{name}   version {module.version}, "
                f"{module.runners_wanted} runner(s) × {threads} thread(s) on {', '.join(devices)}"
            )
        else:
            lines.append(f"  {name} has FAILED: {module.reason}")
    if config.host in ("127.0.0.1", "localhost", "::1"):
        lines.append("Only this machine can connect; --host 0.0.0.0 opens it to the network.")
    lines.append(f"Stop it with Ctrl-C or: hub serving stop -p {config.port}")
    click.echo("\n".join(lines), err=True)
