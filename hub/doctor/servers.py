"""Servers of this registry: which run, which died without tidying up; and are the usual ports free?"""

from __future__ import annotations

import errno
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from hub import settings
from hub.address import is_loopback
from hub.doctor.finding import Finding
from hub.errors import NotRunningError
from hub.serving.messages.run_dir import RunDir
from hub.serving.messages.state import FAILED
from hub.serving.process import pidfile

#: PaddleHub's default, and those of the four OCR modules' config files.
USUAL_PORTS = (8866, 8865, 8867, 8868)


def look() -> Iterator[Finding]:
    ours = set()
    for path in sorted((settings.hub_home() / "conf").glob("serving_*.json")):
        text = path.stem.removeprefix("serving_")
        if text.isdecimal():
            ours.add(int(text))
            yield _server(int(text))
    free = [port for port in USUAL_PORTS if port not in ours and not _is_taken(port)]
    if free:
        yield Finding("free ports", ", ".join(map(str, sorted(free))))
    for port in sorted({*USUAL_PORTS} - ours - {*free}):
        advice = f"choose another with -p; ss -ltnp 'sport = :{port}' shows which program it is"
        yield Finding(f"port {port}", "taken by another program", "warning", advice)


def _server(port: int) -> Finding:
    name = f"port {port}"
    try:
        record = pidfile.read(port)
    except NotRunningError as error:
        if not os.access(pidfile.path_for(port), os.R_OK):  # another user's
            return Finding(name, str(error), "note", "let each user have a HUB_HOME of their own")
        return Finding(name, str(error), "broken", f"rm {pidfile.path_for(port)}")
    if not record.is_running():
        advice = f"hub serving stop -p {port} removes what it left; so does the next start"
        return Finding(name, f"its server (pid {record.pid}) died without tidying up", "warning", advice)
    state = record.server_state()
    if state is None:
        advice = f"if another version of HubServing runs it: hub serving stop -p {port}, then start it again"
        return Finding(name, f"pid {record.pid}: its state cannot be read", "warning", advice)
    modules = state.modules
    value = ", ".join(f"{name} {module.state}" for name, module in modules.items())
    failed = [f"{name}: {module.reason}" for name, module in modules.items() if module.state == FAILED]
    if failed:
        advice = f"correct that, then hub serving reload NAME -p {port}"
        return Finding(name, f"pid {record.pid}: {'; '.join(failed)}", "broken", advice)
    value = f"pid {record.pid}: {value}"
    if _is_open(record):
        advice = (
            f"everybody who reaches the port may use it: hub doctor --security -p {port} says what is open"
        )
        return Finding(name, f"{value}; on {record.host}, without a key", "note", advice)
    return Finding(name, value)


def _is_open(record: pidfile.PidFile) -> bool:
    """Tell whether other machines can reach the server, and it wants no key of them."""
    if is_loopback(record.host):
        return False
    try:
        configured = json.loads(RunDir(Path(record.run_dir)).config.read_bytes())
    except (OSError, ValueError):
        return False
    return not configured.get("api_key_file")


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False
