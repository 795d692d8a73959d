"""What an empty request costs, by each way to a module that does nothing; 16 callers in a closed loop.

Beside it the same module inside Flask and Gunicorn with two workers, as PaddleHub served modules: no process
of its own, no queue, no limits. HubServing has its guards, metrics and access log on. All servers are up,
and rounds alternate; ratios are medians of the ratios within a round. The client is one thread, 20–50 µs a
request, the same for all.

"checked" is a module whose arguments have annotations, which are checked; the other one has none.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks import load, machine
from benchmarks.server import HubServer, free_port, stop, wait_until_ready

CLIENTS: Final = 16
BODY: Final = {"text": "a small body of sixty bytes, as in a chat"}
CHECKED: Final = {**BODY, "images": ["a"], "size": 3, "mode": "rich"}
FLASK: Final = "Flask + Gunicorn, 2 workers"
ONE, TWO = "HubServing", "HubServing, http_workers 2"
V2: Final = "HubServing, /v2 over HTTP"
PLAIN, ANNOTATED = "HubServing, same arguments unchecked", "HubServing, checked"
#: Row, the row that it is compared with, and what share of its requests a second is wanted.
WANTED: Final = ((TWO, FLASK, 1.0), (ONE, FLASK, 0.7), (V2, ONE, 0.85), (ANNOTATED, PLAIN, 0.95))


@dataclass(frozen=True)
class Way:
    """A way to the module: a server's port and process, and the request."""

    port: int
    pid: int
    request: bytes


def main(quick: bool) -> dict[str, Any]:
    rounds, seconds = (2, 0.5) if quick else (9, 2.0)
    rates: dict[str, list[float]] = {}
    costs: dict[str, list[float]] = {}
    with ExitStack() as stack:
        ways = _ways(stack)
        for number in range(-1, rounds):  # the first only warms up
            for name in list(ways)[:: 1 if number % 2 else -1]:
                rate, cost = _measure(ways[name], seconds)
                if number >= 0:
                    rates.setdefault(name, []).append(rate)
                    costs.setdefault(name, []).append(cost)
    servers = {
        name: {"requests_per_second": round(median(rates[name])), "cpu_us": round(median(costs[name]))}
        for name in ways
    }
    ratios = [
        {
            "row": name,
            "of": other,
            "rate": round(median(a / b for a, b in zip(rates[name], rates[other], strict=True)), 2),
            "cpu": round(median(a / b for a, b in zip(costs[name], costs[other], strict=True)), 2),
            "wanted": wanted,
        }
        for name, other, wanted in WANTED
    ]
    _print(servers, ratios)
    missed = [
        f"{each['row']}: {each['rate']} of {each['of']}, {each['wanted']} wanted"
        for each in ratios
        if float(each["rate"]) < float(each["wanted"])
    ]
    return {"servers": servers, "ratios": ratios, "missed": missed}


def _ways(stack: ExitStack) -> dict[str, Way]:
    modules: dict[str, dict[str, Any]] = {"noop": {}, "checked": {}, "loose": {}}
    one = stack.enter_context(HubServer(modules))
    two = stack.enter_context(HubServer(modules, http_workers=2))
    port, pid = stack.enter_context(_flask())
    small, large = (json.dumps(body).encode() for body in (BODY, CHECKED))
    data = [json.dumps(BODY)]
    tensor = {"inputs": [{"name": "input", "datatype": "BYTES", "shape": [1, 1], "data": data}]}
    predict = load.post("/predict/noop", small)
    return {
        FLASK: Way(port, pid, predict),
        ONE: Way(one.port, one.process.pid, predict),
        TWO: Way(two.port, two.process.pid, predict),
        V2: Way(one.port, one.process.pid, load.post("/v2/models/noop/infer", json.dumps(tensor).encode())),
        PLAIN: Way(one.port, one.process.pid, load.post("/predict/loose", large)),
        ANNOTATED: Way(one.port, one.process.pid, load.post("/predict/checked", large)),
    }


@contextmanager
def _flask() -> Iterator[tuple[int, int]]:
    port = free_port()
    words = [
        "-w",
        "2",
        "--threads",
        "8",
        "--access-logfile",
        "-",
        "-b",
        f"127.0.0.1:{port}",
        "benchmarks.flask_app:app",
    ]
    with tempfile.NamedTemporaryFile(suffix=".log") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *words],
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=machine.ROOT,
        )
        try:
            wait_until_ready(f"http://127.0.0.1:{port}/health", process, Path(log.name))
            yield port, process.pid
        finally:
            stop(process)


def _measure(way: Way, seconds: float) -> tuple[float, float]:
    """Return requests a second, and the µs of CPU that one took."""
    pids = machine.tree(way.pid)
    before = machine.cpu_seconds(pids)
    outcome = load.run(way.port, CLIENTS, seconds, lambda client, serial: (way.request, None))
    if not outcome.is_clean:
        raise RuntimeError(f"requests failed: {outcome.codes}, {len(outcome.lost)} lost")
    used = machine.cpu_seconds(pids) - before
    return outcome.requests_per_second, used / len(outcome.seconds) * 1e6


def _print(servers: dict[str, Any], ratios: list[dict[str, Any]]) -> None:
    rows = [(name, str(said["requests_per_second"]), str(said["cpu_us"])) for name, said in servers.items()]
    machine.print_table(
        f"An empty request, {CLIENTS} callers", ("server", "requests/s", "CPU µs/request"), rows
    )
    compared = [
        (each["row"], each["of"], f"{each['rate']} ×", f"{each['cpu']} ×", f"{each['wanted']} ×")
        for each in ratios
    ]
    heads = ("server", "beside", "requests/s", "CPU", "requests/s wanted")
    machine.print_table("Medians of the rounds' ratios", heads, compared)
