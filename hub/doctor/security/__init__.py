"""``hub doctor --security``: what a server leaves open, to whom, and the setting that closes it.

It judges the settings of a config file or of a running server, and asks the server nothing. Broken is what
lets strangers read files, run code or end modules, and a protection that protects nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from hub.doctor.finding import Finding
from hub.doctor.security import abilities, access, bounds, running
from hub.doctor.security.audience import Audience
from hub.errors import ServerError
from hub.serving.config.server_config import ServingConfig
from hub.serving.process import pidfile

__all__ = ["of_config", "of_server", "of_servers"]


def of_config(config: ServingConfig, section: str, folder: Path = Path()) -> Iterator[Finding]:
    """Report what a server with these settings leaves open; its relative paths begin at ``folder``."""
    audience = Audience.of(config)
    for look in (access.look, abilities.look, bounds.look):
        yield from (replace(finding, section=section) for finding in look(config, audience, folder))


def of_server(port: int) -> Iterator[Finding]:
    """Report what the running server on a port leaves open.

    Raises:
        NotRunningError: there is none.
        ServerError: it cannot be looked at.
    """
    record = pidfile.running(port)
    yield from of_config(running.settings(record), f"port {port}", Path(f"/proc/{record.pid}/cwd"))


def of_servers() -> Iterator[Finding]:
    """Report it for every running server of this registry."""
    ports = [record.port for record in pidfile.records() if record.is_running()]
    for port in ports:
        try:
            yield from of_server(port)
        except ServerError as error:
            advice = f"hub serving stop -p {port}, then start it again"
            yield Finding("settings", str(error), "broken", advice, section=f"port {port}")
    if not ports:
        advice = "hub doctor --security -c config.json looks at a config file"
        yield Finding("running", "none", "note", advice, section="servers")
