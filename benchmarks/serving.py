"""What the serving layer costs, and how much goes through it beside LitServe.

Overhead: one caller; the median time of a request over HTTP less the median time of the same call in process,
both alternating in one loop. "In process" decodes an image too where the module asked for a decoded one. The
image is a BMP of 1 MB (1.33 MB as base64), because to decode it takes next to nothing.

Throughput: a module that does nothing, 16 clients with a connection each, closed loop; a body of 60 bytes
and one of 1 MB that is a base64 image. HubServing and LitServe are both up, rounds of each alternate, and
LitServe is stopped (SIGSTOP) while it is not its turn. LitServe lives in an environment of its own under
``benchmarks/.venvs``. Several documented settings of it are tried first; per body the best one is compared.
"""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np

from benchmarks import load, machine
from benchmarks.environment import interpreter
from benchmarks.server import MODULES, HubServer, free_port, stop, wait_until_ready
from hub.module import loader
from hub.pictures.decode import decoded

CLIENTS = 16
SMALL_TARGET_MS = 1.5
LARGE_TARGET_MS = 6.0
RATIO_TARGET = 1.3

#: Settings of LitServe that its documents name for more throughput.
LITSERVE: dict[str, list[str]] = {
    "default": [],
    "fast_queue": ["--fast_queue"],
    "2 API servers": ["--num_api_servers", "2"],
    "2 API servers, fast_queue": ["--num_api_servers", "2", "--fast_queue"],
    "2 API threads": ["--num_api_servers", "2", "--api_server_worker_type", "thread"],
    "2 workers": ["--workers_per_device", "2"],
}
#: Settings of HubServing, all documented; the first is the default.
HUBSERVING: dict[str, dict[str, Any]] = {
    "default": {},
    "http_workers 2": {"http_workers": 2},
}


def main(quick: bool) -> dict[str, Any]:
    added = measure_overhead(20 if quick else 400)
    small, large = _bodies()
    throughput = measure_throughput({"small": small, "1 MB": large}, rounds=2 if quick else 7, quick=quick)
    missed = [
        f"{what}: {added[what]['added_ms']} ms over the call in process, at most {limit} wanted"
        for what, limit in (
            ("1 kB", SMALL_TARGET_MS),
            ("1 MB, decoded for the module", LARGE_TARGET_MS),
            ("1 MB, as sent", LARGE_TARGET_MS),
        )
        if added[what]["added_ms"] > limit
    ]
    missed += [
        f"{body}: {figures['ratio']} times LitServe, {RATIO_TARGET} wanted"
        for body, figures in throughput.items()
        if figures["ratio"] < RATIO_TARGET
    ]
    return {"overhead": added, "throughput": throughput, "missed": missed}


# -- (a) what it adds to a call --------------------------------------------------------------------


def measure_overhead(repetitions: int) -> dict[str, dict[str, float]]:
    """Return medians in ms of a call in process, of the same by HTTP, and the difference; see above."""
    bmp = _image(1_000_000, ".bmp")
    text = base64.b64encode(bmp).decode()
    noop = loader.create(MODULES / "noop", {})
    picture = loader.create(MODULES / "picture", {})
    cases: dict[str, tuple[str, dict[str, Any], Callable[[], Any]]] = {
        "1 kB": ("noop", {"text": "x" * 1000}, lambda: noop.noop(text="x" * 1000)),
        "1 MB, decoded for the module": (
            "picture",
            {"images": [text]},
            lambda: picture.sizes(images=[decoded(bmp)]),
        ),
        "1 MB, as sent": ("noop", {"images": [text]}, lambda: noop.noop(images=[text])),
    }
    found = {}
    with HubServer({"noop": {}, "picture": {}}) as server:
        for name, (module, arguments, call) in cases.items():
            request = load.post(f"/predict/{module}", json.dumps(arguments).encode())
            found[name] = _compare(server.port, request, call, repetitions)
    machine.print_table(
        "What the gateway and the socket add to a request, one caller, medians in ms",
        ("body", "in process", "HTTP", "added"),
        [(name, *(f"{value:.2f}" for value in row.values())) for name, row in found.items()],
    )
    return found


def _compare(port: int, request: bytes, call: Callable[[], Any], repetitions: int) -> dict[str, float]:
    inside: list[float] = []

    def make(client: int, serial: int) -> tuple[bytes, bytes | None]:
        """Follow each request by one call in process, so that both see the same noise."""
        begun = time.perf_counter()
        call()
        inside.append(time.perf_counter() - begun)
        return request, None

    outcome = load.run(port, clients=1, seconds=60, make=make, max_requests=repetitions + 20)
    assert outcome.is_clean, outcome.codes
    in_process, http = median(inside[20:]) * 1000, median(outcome.seconds[20:]) * 1000
    return {
        "in_process_ms": round(in_process, 3),
        "http_ms": round(http, 3),
        "added_ms": round(http - in_process, 3),
    }


# -- (b) how much goes through it ------------------------------------------------------------------


@dataclass
class Contender:
    """A server that is up, under one of its settings.

    ``freeze``: stop it while it is not its turn. ``may_fail``: count requests that it loses, go on.
    """

    name: str
    setting: str
    port: int
    path: str
    pid: int
    freeze: bool
    may_fail: bool

    def measure(self, body: bytes, seconds: float) -> tuple[load.Outcome, float]:
        """Return its outcome under load, and the µs of CPU that it used per request."""
        pids = machine.tree(self.pid)
        if self.freeze:
            machine.send(signal.SIGCONT, pids)
        try:
            request = load.post(self.path, body)
            before = machine.cpu_seconds(pids)
            outcome = load.run(self.port, CLIENTS, seconds, lambda client, serial: (request, None))
            used = machine.cpu_seconds(pids) - before
        finally:
            if self.freeze:
                machine.send(signal.SIGSTOP, pids)
        if not outcome.is_clean and not self.may_fail:
            raise RuntimeError(
                f"{self.name} ({self.setting}) failed: {outcome.codes}, {len(outcome.lost)} lost"
            )
        return outcome, used / max(1, len(outcome.seconds)) * 1e6


def measure_throughput(bodies: dict[str, bytes], rounds: int, quick: bool) -> dict[str, Any]:
    """Return body → figures of both servers and their ratio."""
    seconds = 1.0 if quick else 3.0
    tried = _try_settings(bodies, 1.0 if quick else 2.0)
    found: dict[str, Any] = {}
    for name, body in bodies.items():
        best = {
            server: max(settings, key=lambda setting: settings[setting][name])
            for server, settings in tried.items()
        }
        with _hubserving(best["HubServing"]) as ours, _litserve(best["LitServe"]) as theirs:
            results: dict[str, list[tuple[load.Outcome, float]]] = {ours.name: [], theirs.name: []}
            for contender in (ours, theirs):
                contender.measure(body, seconds / 2)  # warm
            for number in range(rounds):
                for contender in (ours, theirs) if number % 2 else (theirs, ours):
                    results[contender.name].append(contender.measure(body, seconds))
        found[name] = {
            server: {"setting": best[server], **_figures(measured)} for server, measured in results.items()
        }
        pairs = zip(results["HubServing"], results["LitServe"], strict=True)
        found[name]["ratio"] = round(
            median(a.requests_per_second / b.requests_per_second for (a, _), (b, _) in pairs), 2
        )
        found[name]["tried"] = {
            server: {setting: round(rates[name]) for setting, rates in settings.items()}
            for server, settings in tried.items()
        }
    _print_throughput(found)
    return found


def _try_settings(bodies: dict[str, bytes], seconds: float) -> dict[str, dict[str, dict[str, float]]]:
    """Return server → setting → body → requests/s, in one short round each: only to choose a setting.

    A setting under which requests were lost counts as 0.
    """
    tried: dict[str, dict[str, dict[str, float]]] = {"HubServing": {}, "LitServe": {}}
    starts = [(_hubserving, setting) for setting in HUBSERVING]
    starts += [(_litserve, setting) for setting in LITSERVE]
    for start, setting in starts:
        with start(setting) as contender:
            rates = tried[contender.name].setdefault(setting, {})
            for name, body in bodies.items():
                contender.measure(body, seconds / 2)
                outcome, _ = contender.measure(body, seconds)
                rates[name] = outcome.requests_per_second if outcome.is_clean else 0.0
    return tried


def _figures(measured: list[tuple[load.Outcome, float]]) -> dict[str, float]:
    return {
        "requests_per_second": round(median(outcome.requests_per_second for outcome, _ in measured)),
        "p50_ms": round(median(outcome.percentile(50) for outcome, _ in measured) * 1000, 2),
        "p99_ms": round(median(outcome.percentile(99) for outcome, _ in measured) * 1000, 2),
        "cpu_us_per_request": round(median(cpu for _, cpu in measured)),
        "lost": sum(len(outcome.lost) for outcome, _ in measured),
    }


def _print_throughput(found: dict[str, Any]) -> None:
    rows = []
    for body, figures in found.items():
        for server in ("HubServing", "LitServe"):
            row = figures[server]
            values = [row[key] for key in ("requests_per_second", "p50_ms", "p99_ms", "cpu_us_per_request")]
            ratio = f"{figures['ratio']} ×" if server == "HubServing" else "1"
            rows.append((body, server, row["setting"], *(f"{value}" for value in values), ratio))
    machine.print_table(
        f"A module that does nothing, {CLIENTS} clients, medians of alternating rounds",
        ("body", "server", "setting", "requests/s", "p50 ms", "p99 ms", "CPU µs/request", "ratio"),
        rows,
    )


@contextmanager
def _hubserving(setting: str) -> Iterator[Contender]:
    with HubServer({"noop": {}}, **HUBSERVING[setting]) as server:
        yield Contender("HubServing", setting, server.port, "/predict/noop", server.process.pid, False, False)


@contextmanager
def _litserve(setting: str) -> Iterator[Contender]:
    python = interpreter("litserve", ("litserve",))
    port = free_port()
    script = Path(__file__).with_name("litserve_app.py")
    with tempfile.NamedTemporaryFile(suffix=".log") as log:
        process = subprocess.Popen(
            [str(python), str(script), "--port", str(port), *LITSERVE[setting]],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            wait_until_ready(f"http://127.0.0.1:{port}/health", process, Path(log.name))
            pids = machine.tree(process.pid)
            machine.send(signal.SIGSTOP, pids)
            yield Contender("LitServe", setting, port, "/predict", process.pid, True, True)
        finally:
            pids = machine.tree(process.pid)
            machine.send(signal.SIGCONT, pids)
            stop(process)
            machine.send(signal.SIGKILL, [pid for pid in pids if _is_ours(pid, script)])


def _is_ours(pid: int, script: Path) -> bool:
    """Tell whether a process is still (a fork of) our LitServe, and not another that got its number since."""
    try:
        return str(script).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _bodies() -> tuple[bytes, bytes]:
    """Make a small body, and one of 1 MB that is a base64 JPEG of that length."""
    picture = base64.b64encode(_image(740_000, ".jpg")).decode()
    return (
        json.dumps({"text": "a small body of sixty bytes, as in a chat"}).encode(),
        json.dumps({"images": [picture]}).encode(),
    )


def _image(size: int, suffix: str) -> bytes:
    """Make coloured noise of about ``size`` bytes in a format."""
    random = np.random.default_rng(1)
    side = int((size / 3) ** 0.5)
    encoded = b""
    while len(encoded) < size * 0.98:
        pixels = random.integers(0, 256, (side, side, 3), dtype=np.uint8)
        encoded = cv2.imencode(suffix, pixels)[1].tobytes()
        side = int(side * 1.05)
    return encoded
