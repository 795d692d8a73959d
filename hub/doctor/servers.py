"""Servers of this registry: which run, which died without tidying up; and are the usual ports free?"""

from __future__ import annotations

import errno
import json
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from hub import settings
from hub.doctor.finding import Finding as AnyFinding
from hub.errors import NotRunningError
from hub.serving.messages.run_dir import RunDir
from hub.serving.messages.state import FAILED
from hub.serving.process import pidfile

Finding = partial(AnyFinding, "servers")

#: PaddleHub's default, and those of the four OCR modules' config files.
USUAL_PORTS = (8866, 8865, 8867, 8868)


def look() -> Iterator[AnyFinding]:
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
        yield Finding(
            f"port {port}", "taken by another program", "warning",
            f"choose another with -p; ss -ltnp 'sport = :{port}' shows which program it is",
        )  # fmt: skip


def _server(port: int) -> AnyFinding:
    try:
        record = pidfile.read(port)
    except NotRunningError as error:
        return Finding(f"port {port}", str(error), "broken", f"rm {pidfile.path_for(port)}")
    if not record.is_running():
        return Finding(
            f"port {port}", f"its server (pid {record.pid}) died without tidying up", "warning",
            f"hub serving stop -p {port} removes what it left; so does the next start",
        )  # fmt: skip
    state = record.server_state()
    modules = state.modules if state is not None else {}
    value = ", ".join(f"{name} {module.state}" for name, module in modules.items())
    failed = [f"{name}: {module.reason}" for name, module in modules.items() if module.state == FAILED]
    if failed:
        return Finding(
            f"port {port}", f"pid {record.pid}: {'; '.join(failed)}", "broken",
            f"mend that, then hub serving reload NAME -p {port}",
        )  # fmt: skip
    if _is_open(record):
        return Finding(
            f"port {port}", f"pid {record.pid}: {value}; on {record.host}, without a key", "note",
            "whoever reaches the port may use it: api_key_file in config.json asks for a key",
        )  # fmt: skip
    return Finding(f"port {port}", f"pid {record.pid}: {value}")


def _is_open(record: pidfile.PidFile) -> bool:
    """Whether other machines can reach the server, and it wants no key of them."""
    if record.host in ("127.0.0.1", "localhost", "::1"):
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
