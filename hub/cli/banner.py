"""The lines that a starting server prints on stderr: where it listens, what it serves, how to stop it."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import click

from hub.address import in_url, is_loopback, url
from hub.serving.messages.state import READY

if TYPE_CHECKING:
    from hub.serving.config.server_config import ServingConfig
    from hub.serving.messages.state import ModuleState, ServerState


def starting() -> None:
    """Print the first two lines of PaddleX's server, which is Uvicorn."""
    click.echo(f"INFO:     Started server process [{os.getpid()}]", err=True)
    click.echo("INFO:     Waiting for application startup.", err=True)


def announce(config: ServingConfig, state: ServerState, *, as_paddlex: bool = False) -> None:
    """Print what is served where; with ``as_paddlex`` after the lines that Uvicorn prints last."""
    address = url("https" if config.certfile else "http", config.host, config.port)
    lines = [f"HubServing is ready at {address} (pid {os.getpid()})."]
    if as_paddlex:
        running = f"INFO:     HubServing running on {address} (Press CTRL+C to quit)"
        lines = ["INFO:     Application startup complete.", running]
    if config.grpc_port or config.metrics_port:
        ports = (
            ("GRPCInferenceService", config.grpc_port),
            ("HTTPService", config.port),
            ("Metrics Service", config.metrics_port),
        )
        lines += [f"  Started {service} at {in_url(config.host)}:{port}" for service, port in ports if port]
    lines += [line for module in state.modules.values() for line in _routes(module, address)]
    if config.ui:
        lines.append(f"Try it in a browser at {address}/ (the API is described at {address}/docs).")
    if is_loopback(config.host):
        everywhere = "::" if ":" in config.host else "0.0.0.0"
        lines.append(f"Only this machine can connect; --host {everywhere} opens it to the network.")
    lines.append(f"Stop it with Ctrl-C or: hub serving stop -p {config.port}")
    with contextlib.suppress(OSError):  # serve even if the log's disk is full
        click.echo("\n".join(lines), err=True)


def _routes(module: ModuleState, address: str) -> list[str]:
    """Return a line for each route of a module, or why there is not any."""
    if module.state != READY:
        return [f"  {module.name} has FAILED: {module.reason}"]
    devices = sorted({runner.device for runner in module.runners})
    how = f"{module.runners_wanted} runner(s) × {module.threads} thread(s) on {', '.join(devices)}"
    if module.manifest.models:
        how += f", models {', '.join(module.manifest.models)}"
    endpoints = module.manifest.endpoints
    if not endpoints:
        return [f"  POST {address}/predict/{module.name}   version {module.version}, {how}"]
    return [f"  POST {address}/{endpoint}   {module.name} {module.version}, {how}" for endpoint in endpoints]
