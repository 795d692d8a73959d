"""The files of a server's run dir, each with one writer. Nothing else names a path in it.

    config.json            supervisor → all       the validated configuration
    state.json             supervisor → gateway   what is served, by whom, since when
    NAME-GENERATION.json   supervisor → runner    which module, with what arguments
    NAME-ID.sock           gateway → runners      a module's requests; its backlog is the module's queue
    control.sock           command line, gateway ↔ supervisor
    jobs.sock              gateway → jobs service (the supervisor listens)
    jobs.token             jobs service → gateway which requests are pages of jobs
    jobs.wanted            gateway → supervisor   there is a job, so the jobs service is to be started
    metrics/               gateway                counters of each HTTP worker (prometheus_client)
    ROLE.up                helper → supervisor    a helper that opens its port itself has done so
    path/                  supervisor → runner    ``hub`` for a module's own Python
    ray-*                  supervisor ↔ agent     see ``hub/serving/ray/desired_state.py``

It is private (mode 0700) and short: a Unix socket's path ends at 107 bytes. The supervisor makes again what
is removed from it (``hub/serving/supervisor/run_files.py``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

#: Of a module's name in the name of its socket.
_NAME_BYTES: Final = 20
#: The longest path of a socket, from the run dir on: ``/NAME-ID.sock``.
SOCKET_BYTES: Final = 1 + _NAME_BYTES + 1 + 16 + 5


class RunDir:
    """Paths below ``path``; computes them and touches nothing.

    Attributes:
        metrics: counters of HTTP workers; the gateway has it as PROMETHEUS_MULTIPROC_DIR.
        inflight: bytes of the bodies in each process that takes requests.
        admitted: requests for each module in each process that takes requests.
        connections: of each HTTP worker.
        large_json: locked by the process in which a large JSON text is parsed.
        quarantine: requests that killed their runners.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.json"
        self.state = path / "state.json"
        self.control = path / "control.sock"
        self.connections = path / "connections"
        self.large_json = path / "large_json"
        self.metrics = path / "metrics"
        self.inflight = path / "inflight"
        self.admitted = path / "admitted"
        self.quarantine = path / "quarantine"
        self.jobs = path / "jobs.sock"
        self.jobs_token = path / "jobs.token"
        self.jobs_wanted = path / "jobs.wanted"
        self.python_path = path / "path"

    def spec(self, name: str, generation: int) -> Path:
        return self.path / f"{name}-{generation}.json"

    def socket(self, name: str, identity: int) -> Path:
        return self.path / f"{name[:_NAME_BYTES]}-{identity:x}.sock"

    def up_mark(self, role: str) -> Path:
        return self.path / f"{role}.up"
