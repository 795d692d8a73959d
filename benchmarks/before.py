"""This version beside an older one, 16 callers: a sentence for LAC, an empty request, and one over gRPC.

    git worktree add --detach FOLDER 6590ed7
    python -m benchmarks.before FOLDER

Each version serves its own modules with the configuration that comes with them, in the same Python. Both are
up, and rounds alternate; ratios are medians of the ratios within a round. The client is one thread; over gRPC
it is gRPC's own, which costs more than a server, so that only the CPU of the servers tells there.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import grpc

from benchmarks import load, machine
from benchmarks.server import HubServer, free_port
from hub.serving.gateway.protocols.oip.messages import MESSAGES, SERVICE

CLIENTS: Final = 16
SENTENCE: Final = "天气预报说今天要下雨"
LAC, EMPTY, GRPC = "lac, a sentence", "an empty request", "an empty request over gRPC"
#: What is wanted: of the rate, and of the CPU time of a request.
RATE_WANTED: Final = {LAC: 2.0}
CPU_WANTED: Final = {GRPC: 1.0}


@dataclass(frozen=True)
class Version:
    """The servers of a version: one for LAC, as it comes, and one for the empty module."""

    lac: HubServer
    empty: HubServer
    grpc_port: int


@dataclass(frozen=True)
class Round:
    """Requests a second, and µs of CPU of one: of all processes, and of the runners."""

    rate: float
    cpu: float
    runners: float


def main(older: Path, rounds: int, seconds: float) -> int:
    """Measure and print; the exit code."""
    found: dict[str, list[tuple[Round, Round]]] = {}
    with ExitStack() as stack:
        old, new = (_start(stack, tree) for tree in (older.resolve(), machine.ROOT))
        for number in range(-1, rounds):  # the first only warms up
            for name, measure in _KINDS.items():
                order = (old, new) if number % 2 else (new, old)
                first, second = (measure(each, seconds) for each in order)
                pair = (first, second) if number % 2 else (second, first)
                if number >= 0:
                    found.setdefault(name, []).append(pair)
    missed = _print(found)
    for each in missed:
        print(f"missed: {each}")
    return 1 if missed else 0


def _start(stack: ExitStack, tree: Path) -> Version:
    config = json.loads((tree / "modules" / "lac" / "config.json").read_text())
    del config["port"]
    entry = config.pop("modules_info")["lac"]
    entry["init_args"]["directory"] = str(tree / "modules" / "lac")
    lac = stack.enter_context(HubServer({"lac": entry}, weights=["LAC"], tree=tree, **config))
    port = free_port()
    empty = stack.enter_context(HubServer({"noop": {}}, tree=tree, grpc_port=port))
    return Version(lac, empty, port)


def _lac(version: Version, seconds: float) -> Round:
    request = load.post("/predict/lac", json.dumps({"texts": [SENTENCE]}).encode())
    return _over_http(version.lac, request, seconds)


def _empty(version: Version, seconds: float) -> Round:
    return _over_http(version.empty, load.post("/predict/noop", b'{"text": "a small body"}'), seconds)


def _over_http(server: HubServer, request: bytes, seconds: float) -> Round:
    def ask() -> int:
        outcome = load.run(server.port, CLIENTS, seconds, lambda client, serial: (request, None))
        if not outcome.is_clean:
            raise RuntimeError(f"requests failed: {outcome.codes}, {len(outcome.lost)} lost")
        return len(outcome.seconds)

    return _measured(server, ask)


def _over_grpc(version: Version, seconds: float) -> Round:
    """Have 16 calls under way on one connection; each one that ends begins the next."""
    message = MESSAGES["ModelInferRequest"](model_name="noop")
    message.inputs.add(name="input", datatype="BYTES", shape=[1]).contents.bytes_contents.append(b"{}")
    data = message.SerializeToString()

    def ask() -> int:
        done, end = 0, time.monotonic() + seconds
        with grpc.insecure_channel(f"127.0.0.1:{version.grpc_port}") as channel:
            infer = channel.unary_unary(f"/{SERVICE}/ModelInfer")
            calls = [infer.future(data, timeout=30) for _ in range(CLIENTS)]
            while calls:
                calls.pop(0).result()
                done += 1
                if time.monotonic() < end:
                    calls.append(infer.future(data, timeout=30))
        return done

    return _measured(version.empty, ask)


def _measured(server: HubServer, ask: Callable[[], int]) -> Round:
    pids = server.pids
    runners = [pid for pid in pids if b"runner" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    before, of_runners, began = machine.cpu_seconds(pids), machine.cpu_seconds(runners), time.monotonic()
    count = ask()
    elapsed = time.monotonic() - began
    cpu, inside = machine.cpu_seconds(pids) - before, machine.cpu_seconds(runners) - of_runners
    return Round(count / elapsed, cpu / count * 1e6, inside / count * 1e6)


_KINDS: Final = {LAC: _lac, EMPTY: _empty, GRPC: _over_grpc}


def _print(found: dict[str, list[tuple[Round, Round]]]) -> list[str]:
    """Print the figures, and return what is missed."""
    rows, missed = [], []
    for name, pairs in found.items():
        rate = median(new.rate / old.rate for old, new in pairs)
        cpu = median(new.cpu / old.cpu for old, new in pairs)
        cells = [
            f"{median(old):.0f} → {median(new):.0f}"
            for old, new in (
                ([getattr(old, field) for old, _ in pairs], [getattr(new, field) for _, new in pairs])
                for field in ("rate", "cpu", "runners")
            )
        ]
        rows.append((name, cells[0], f"{rate:.2f} ×", cells[1], cells[2], f"{cpu:.2f} ×"))
        if rate < RATE_WANTED.get(name, 0.0):
            missed.append(f"{name}: {rate:.2f} × the requests, {RATE_WANTED[name]:g} wanted")
        if cpu > CPU_WANTED.get(name, cpu):
            missed.append(f"{name}: {cpu:.2f} × the CPU time, at most {CPU_WANTED[name]:g} wanted")
    heads = ("older → this", "requests/s", "ratio", "CPU µs of a request", "of it the runners", "ratio")
    machine.print_table("This version beside an older one", heads, rows)
    return missed


def parsed() -> dict[str, Any]:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.before")
    parser.add_argument("older", type=Path, help="a folder with the older version")
    parser.add_argument("--rounds", type=int, default=5, help="that count (5)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each turn (3)")
    return vars(parser.parse_args())


if __name__ == "__main__":
    raise SystemExit(main(**parsed()))
