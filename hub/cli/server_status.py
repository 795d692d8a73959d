"""The state of a running server, read from its run dir; the server is not asked."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hub.cli import render
from hub.serving.gateway import metrics
from hub.serving.messages import state
from hub.serving.messages.run_dir import RunDir
from hub.serving.process import pidfile


def report(port: int) -> dict[str, Any]:
    """Return what a running server does, for people and for ``--json``; raises NotRunningError."""
    record = pidfile.running(port)
    server = record.server_state() or state.ServerState()
    in_flight = metrics.requests_in_flight(RunDir(Path(record.run_dir)))
    return {
        "pid": record.pid,
        "url": f"http://{record.host}:{record.port}",
        "ready": server.ready,
        "uptime_seconds": round(time.time() - record.start_time, 1),
        "modules": [
            {
                **render.fields(module, "name", "version", "generation", "state", "reason", "restarts"),
                "runners": f"{sum(runner.ready for runner in module.runners)}/{module.runners_wanted}",
                "in_flight": in_flight.get(name, 0),
                "memory_mb": round(sum(runner.memory_mb for runner in module.runners)),
                "processes": [asdict(runner) for runner in module.runners],
            }
            for name, module in server.modules.items()
        ],
    }
