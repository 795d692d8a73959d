"""The files of a server's run dir, each with one writer. Nothing else names a path in it.

    config.json            supervisor → all       the validated configuration
    state.json             supervisor → gateway   what is served, by whom, since when
    NAME-GENERATION.json   supervisor → runner    which module, with what arguments
    NAME-ID.sock           gateway → runners      a module's requests; its backlog is the module's queue
    beat-SERIAL            runner → supervisor    a runner's heartbeat
    control.sock           command line, gateway ↔ supervisor
    metrics/               gateway                counters of each HTTP worker (prometheus_client)
    ROLE.up                helper → supervisor    a helper that opens its port itself has done so
    path/                  supervisor → runner    ``hub`` for a module's own Python
    ray-*                  supervisor ↔ agent     see ``hub/serving/ray/desired_state.py``

It is private (mode 0700) and short: a Unix socket's path ends at 107 bytes.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class RunDir:
    """Paths below ``path``; computes them and touches nothing."""

    path: Path

    @classmethod
    def make(cls) -> Self:
        """Make a new one."""
        return cls(Path(tempfile.mkdtemp(prefix="hub-", dir="/tmp")))

    @property
    def config(self) -> Path:
        return self.path / "config.json"

    @property
    def state(self) -> Path:
        return self.path / "state.json"

    @property
    def control(self) -> Path:
        return self.path / "control.sock"

    @property
    def metrics(self) -> Path:
        """Counters of HTTP workers; the gateway has it as PROMETHEUS_MULTIPROC_DIR."""
        return self.path / "metrics"

    @property
    def python_path(self) -> Path:
        return self.path / "path"

    def spec(self, name: str, generation: int) -> Path:
        return self.path / f"{name}-{generation}.json"

    def socket(self, name: str, identity: int) -> Path:
        return self.path / f"{name[:40]}-{identity:x}.sock"

    def heartbeat(self, serial: int) -> Path:
        return self.path / f"beat-{serial}"

    def up_mark(self, role: str) -> Path:
        return self.path / f"{role}.up"
