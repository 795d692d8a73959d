"""What engine ray costs per request beside the local engine, and how throughput grows with replicas.

Both servers are up, each with one copy of the module; rounds of each alternate. Engine ray has a Ray instance
of its own, so everything is on this machine: a cluster adds its network. CPU time is that of all processes of
a server, Ray's included, per request; what it uses while nobody asks is measured apart and not taken off.

Growth: a module that waits 50 ms and uses no CPU (so the engine is what limits), and OCR with one core
per replica, while the local engine's copies share all cores; 1 and 2 copies, and 4 of the one that waits.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from statistics import median
from typing import Any

import cv2
import numpy as np

from benchmarks import load, machine
from benchmarks.ocr_servers import init_args, weights_of
from benchmarks.server import HubServer
from hub.errors import ConfigError
from hub.ocr.model_sets import DEFAULT
from hub.serving.config import ray as options

ENGINES = ("local", "ray")
CLIENTS = 16
WAIT_SECONDS = 0.05
IDLE_SECONDS = 10.0
OCR = init_args(DEFAULT, params={"use_angle_cls": False})

Server = HubServer
Modules = dict[str, dict[str, Any]]


def main(quick: bool) -> dict[str, Any]:
    if not options.is_installed():
        raise ConfigError(f"this part needs Ray: make bench-ray, or {options.EXTRA}")
    rounds, seconds = (1, 1.0) if quick else (5, 4.0)
    return {"per_request": measure_cost(rounds, seconds), "growth": measure_growth(rounds, seconds)}


# -- (a) what it costs -----------------------------------------------------------------------------


def measure_cost(rounds: int, seconds: float) -> dict[str, Any]:
    """Return case → engine → median ms for one caller, requests/s of several, CPU ms per request."""
    small = json.dumps({"text": "x" * 1000}).encode()
    large, page = _body(_noise(740_000)), _body(_page())
    cases: dict[str, tuple[str, bytes, int]] = {
        "nothing, 1 kB": ("noop", small, CLIENTS),
        "nothing, 1 MB": ("noop", large, CLIENTS),
        "OCR of a page": ("ocr_system", page, 4),
    }
    modules: Modules = {"noop": {}, "ocr_system": {"init_args": OCR}}
    found: dict[str, Any] = {}
    with ExitStack() as stack:
        servers = {engine: stack.enter_context(_server(engine, modules)) for engine in ENGINES}
        for name, (module, body, clients) in cases.items():
            request = load.post(f"/predict/{module}", body)
            found[name] = _compare(servers, request, clients, rounds, seconds)
        found["idle_cpu_percent"] = {engine: _idle_cpu(server) for engine, server in servers.items()}
        found["memory_mb"] = {
            engine: round(machine.memory_mb(server.pids)) for engine, server in servers.items()
        }
    _print_cost({name: found[name] for name in cases})
    for what in ("idle_cpu_percent", "memory_mb"):
        print(f"{what}: " + ", ".join(f"{engine} {value}" for engine, value in found[what].items()))
    return found


def _compare(
    servers: dict[str, Server], request: bytes, clients: int, rounds: int, seconds: float
) -> dict[str, Any]:
    """Measure one caller, then ``clients``, in each of ``rounds``; the engines alternate."""
    measured: dict[str, list[tuple[float, float, float]]] = {engine: [] for engine in servers}
    for server in servers.values():
        _load(server, request, clients, seconds / 2)  # warm
    for number in range(rounds):
        for engine in ENGINES if number % 2 else reversed(ENGINES):
            alone, _ = _load(servers[engine], request, 1, seconds)
            together, cpu = _load(servers[engine], request, clients, seconds)
            measured[engine].append((alone.percentile(50) * 1000, together.requests_per_second, cpu))
    figures = {}
    for engine, rows in measured.items():
        p50, rate, cpu = (median(column) for column in zip(*rows, strict=True))
        figures[engine] = {
            "p50_ms": round(p50, 2),
            "requests_per_second": round(rate, 1),
            "cpu_ms_per_request": round(cpu, 2),
        }
    pairs = list(zip(measured["ray"], measured["local"], strict=True))
    figures["ratio"] = {
        "p50_added_ms": round(median(ray[0] - local[0] for ray, local in pairs), 2),
        "requests_per_second": round(median(ray[1] / local[1] for ray, local in pairs), 2),
    }
    return {"clients": clients, **figures}


def _load(server: Server, request: bytes, clients: int, seconds: float) -> tuple[load.Outcome, float]:
    """Return the outcome, and ms of CPU per request of all the server's processes."""
    before = machine.cpu_seconds(server.pids)
    outcome = load.run(server.port, clients, seconds, lambda client, serial: (request, None))
    used = machine.cpu_seconds(server.pids) - before
    if not outcome.is_clean:
        raise RuntimeError(f"requests failed: {outcome.codes}, {len(outcome.lost)} lost")
    return outcome, used / max(1, len(outcome.seconds)) * 1000


def _idle_cpu(server: Server) -> float:
    """Return the per cent of one core that it uses while nobody asks."""
    before, begun = machine.cpu_seconds(server.pids), time.monotonic()
    time.sleep(IDLE_SECONDS)
    return round((machine.cpu_seconds(server.pids) - before) / (time.monotonic() - begun) * 100, 1)


# -- (b) how it grows ------------------------------------------------------------------------------


def measure_growth(rounds: int, seconds: float) -> dict[str, Any]:
    """Return case → engine → number of copies → requests/s."""
    page = load.post(
        "/predict/ocr_system", json.dumps({"images": [base64.b64encode(_page()).decode()]}).encode()
    )
    wait = load.post("/predict/wait", b"{}")
    cases: dict[str, tuple[bytes, tuple[int, ...], Callable[[int], Modules]]] = {
        "waits 50 ms": (wait, (1, 2, 4), lambda copies: {"wait": {"instances": [{"count": copies}]}}),
        "OCR, one core a replica": (page, (1, 2), lambda copies: _one_core(copies)),
    }
    found: dict[str, Any] = {}
    for name, (request, numbers, modules) in cases.items():
        found[name] = {engine: {} for engine in ENGINES}
        for copies in numbers:
            with ExitStack() as stack:
                servers = {
                    engine: stack.enter_context(_server(engine, modules(copies))) for engine in ENGINES
                }
                rates = _rates(servers, request, rounds, seconds)
            for engine in ENGINES:
                found[name][engine][copies] = rates[engine]
    _print_growth(found)
    return found


def _one_core(copies: int) -> Modules:
    return {
        "ocr_system": {
            "init_args": OCR,
            "instances": [{"count": copies}],
            "concurrency": 1,
            "ray": {"num_cpus": 1},
        }
    }


def _rates(servers: dict[str, Server], request: bytes, rounds: int, seconds: float) -> dict[str, float]:
    rates: dict[str, list[float]] = {engine: [] for engine in servers}
    for server in servers.values():
        _load(server, request, CLIENTS, seconds / 2)
    for _ in range(rounds):
        for engine, server in servers.items():
            outcome, _ = _load(server, request, CLIENTS, seconds)
            rates[engine].append(outcome.requests_per_second)
    return {engine: round(median(each), 1) for engine, each in rates.items()}


# -- servers, bodies, tables -----------------------------------------------------------------------


def _server(engine: str, modules: Modules) -> Server:
    weights = weights_of(DEFAULT)
    return HubServer(modules, weights=weights, engine=engine, timeout=300, access_log=False)


def _body(picture: bytes) -> bytes:
    return json.dumps({"images": [base64.b64encode(picture).decode()]}).encode()


def _noise(size: int) -> bytes:
    """Make a JPEG of about ``size`` bytes."""
    side = int((size / 1.2) ** 0.5)
    picture = np.random.default_rng(1).integers(0, 256, (side, side, 3), np.uint8)
    return cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, 80))[1].tobytes()


def _page() -> bytes:
    return (machine.ROOT / "doc" / "imgs" / "sign.jpg").read_bytes()


def _print_cost(found: dict[str, Any]) -> None:
    rows = []
    for case, figures in found.items():
        for engine in ENGINES:
            row = figures[engine]
            values = [str(row[key]) for key in ("p50_ms", "requests_per_second", "cpu_ms_per_request")]
            rows.append((case, engine, *values))
    machine.print_table(
        "A request with either engine: one caller's p50; several callers' rate and CPU; medians of rounds",
        ("the module does", "engine", "p50 ms", "requests/s", "CPU ms/request"),
        rows,
    )


def _print_growth(found: dict[str, Any]) -> None:
    rows = [
        (case, engine, *(f"{rates.get(copies, '')}" for copies in (1, 2, 4)))
        for case, engines in found.items()
        for engine, rates in engines.items()
    ]
    machine.print_table(
        f"Requests/s of {CLIENTS} callers with more copies of the module",
        ("module", "engine", "1 copy", "2 copies", "4 copies"),
        rows,
    )
