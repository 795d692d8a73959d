"""Attacks on a server that is up, and what an honest caller notices: before, during and after each.

HubServing is attacked in all ways, an echo behind FastAPI with uvicorn and one behind mosec in those that
concern them. Each attack lasts 30 s, with twice what once stopped HubServing.
What needs bytes in order to be slow needs no CPU time: there the servers are attacked side by side. In the
others they take turns, and the peers' turn is short. Attackers and the honest caller are processes of
their own. Before the first attack each server is warmed up, so that its threads are there.

HubServing misses the target where more than one call in a hundred is lost or refused, where p99 is above
200 ms and above three times that of before, or where the server keeps memory (50 MB), descriptors or threads.
With a thousand slow connections of all kinds at once p99 must stay within three times that of before.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import attack_figures, attack_servers, load, machine
from benchmarks.attack_caller import BODY, Row, request
from benchmarks.attack_figures import Phase, Resources
from benchmarks.attack_servers import KEY, Attacked

BEFORE_SECONDS = 4.0
ATTACK_SECONDS = 30.0
PEER_SECONDS = 8.0
AFTER_SECONDS = 2.0
#: After that, what an attack has left behind may take so long to go.
SETTLE_SECONDS = 8.0
SAMPLE_SECONDS = 0.25
#: Between what disturbs and what is measured.
QUIET_SECONDS = 0.3
WARM_UP_CALLERS = 64
WARM_UP_SECONDS = 2.0


@dataclass(frozen=True)
class Attack:
    """``peers``: who else is attacked, by its kind. ``by_turns``: one server after the other."""

    name: str
    peers: tuple[str, ...] = ()
    by_turns: bool = False
    tls: bool = False
    grpc: bool = False


#: What an honest caller meets without one: so much is the machine's own noise.
CONTROL = "none"
ATTACKS = (
    Attack(CONTROL, ("fastapi", "mosec")),
    Attack("unread pages", ("fastapi",)),
    Attack("refused bodies", ("fastapi", "mosec")),
    Attack("announced bodies", ("fastapi", "mosec")),
    Attack("silence", ("fastapi", "mosec")),
    Attack("a thousand slow ones", ("fastapi", "mosec")),
    Attack("silent streams", grpc=True),
    Attack("messages without key", grpc=True),
    Attack("AVIF pictures"),
    Attack("nested JSON", ("fastapi", "mosec"), by_turns=True),
    Attack("growing JSON", ("fastapi", "mosec"), by_turns=True),
    Attack("half TLS", ("fastapi",), tls=True),
)


@dataclass(frozen=True)
class Result:
    before: Phase
    during: Phase
    after: Phase
    at_rest: Resources
    left: Resources
    peak_mb: float
    attacker: dict[str, Any]

    def figures(self) -> dict[str, Any]:
        phases = {name: getattr(self, name).figures() for name in ("before", "during", "after")}
        resources = {name: vars(getattr(self, name)) for name in ("at_rest", "left")}
        return {**phases, **resources, "peak_mb": self.peak_mb, "attacker": self.attacker}


def main(quick: bool) -> dict[str, Any]:
    seconds = 4.0 if quick else ATTACK_SECONDS
    why_no_peers = attack_servers.install()
    if why_no_peers:
        print(f"FastAPI and mosec cannot be installed, so they are not attacked: {why_no_peers}", flush=True)
    found: dict[str, dict[str, Result]] = {}
    with tempfile.TemporaryDirectory(prefix="hub-bench-attacks-") as scratch:
        for tls in (False, True):
            attacks = [attack for attack in ATTACKS if attack.tls is tls]
            kinds = sorted({kind for attack in attacks for kind in attack.peers})
            with ExitStack() as stack:
                folder = Path(scratch)
                servers = {"hub": stack.enter_context(attack_servers.hubserving(folder, tls=tls))}
                for kind in () if why_no_peers else kinds:
                    servers[kind] = stack.enter_context(attack_servers.peer(kind, folder, tls=tls))
                for server in servers.values():
                    warm_up(server)
                for attack in attacks:
                    attacked = [servers[kind] for kind in ("hub", *attack.peers) if kind in servers]
                    found[attack.name] = attack_all(attack, attacked, seconds)
    report(found)
    return {
        "peers": why_no_peers or attack_servers.versions(),
        "attacks": {
            name: {server: result.figures() for server, result in results.items()}
            for name, results in found.items()
        },
        "missed": [line for name, results in found.items() for line in problems(name, results)],
    }


def warm_up(server: Attacked) -> None:
    """Have the server start the threads that it starts when they are needed."""
    if server.tls:
        return
    if server.grpc_port:
        caller = start("attack_caller", *server.words(), "--grpc")
        wait_until_ready(caller)
        time.sleep(WARM_UP_SECONDS)
        caller.communicate()
    data = request("POST", "/predict/echo", KEY, BODY).replace(b"Connection: close\r\n", b"")
    load.run(server.port, WARM_UP_CALLERS, WARM_UP_SECONDS, lambda client, serial: (data, None))


def attack_all(attack: Attack, servers: Sequence[Attacked], seconds: float) -> dict[str, Result]:
    """Attack these servers, all at once or by turns; return what came of it by the server's name."""
    print(f"{attack.name} …", file=sys.stderr, flush=True)
    peers = min(seconds, PEER_SECONDS)
    if attack.name == CONTROL:
        seconds = peers
    if attack.by_turns:
        return {
            server.name: assault(attack, server, seconds if server is servers[0] else peers)
            for server in servers
        }
    with ThreadPoolExecutor(len(servers)) as pool:
        results = pool.map(lambda server: assault(attack, server, seconds), servers)
        return {server.name: result for server, result in zip(servers, results, strict=True)}


def assault(attack: Attack, server: Attacked, seconds: float) -> Result:
    """Attack one server for so long, while an honest caller calls."""
    at_rest = resources(server)
    attacker = start("attackers", attack.name, *server.words(), "--seconds", str(seconds))
    caller = start("attack_caller", *server.words(), *(["--grpc"] if attack.grpc else []))
    for process in (attacker, caller):
        wait_until_ready(process)
    time.sleep(QUIET_SECONDS)
    started = time.monotonic()
    time.sleep(BEFORE_SECONDS)
    begun, peak_mb = time.monotonic(), at_rest.memory_mb
    print(file=attacker.stdin, flush=True)
    while attacker.poll() is None:
        peak_mb = max(peak_mb, resources(server).memory_mb)
        time.sleep(SAMPLE_SECONDS)
    ended = time.monotonic()
    said = attacker.communicate()[0]
    time.sleep(AFTER_SECONDS)
    rows: list[Row] = json.loads(caller.communicate()[0])
    if not said:
        raise RuntimeError(f"the attack {attack.name!r} did not come to its end; its words are above")
    return Result(
        # A call on its way when the attack begins meets a part of it.
        attack_figures.phase(rows, started, begun - QUIET_SECONDS),
        attack_figures.phase(rows, begun, ended),
        attack_figures.phase(rows, ended, float("inf")),
        at_rest,
        settled(server, at_rest),
        peak_mb,
        json.loads(said),
    )


def start(module: str, *words: str) -> subprocess.Popen[str]:
    """Start a process of this benchmark."""
    return subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.{module}", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=machine.ROOT,
    )


def wait_until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    if not process.stdout.readline():
        raise RuntimeError(f"{process.args} ended; its words are above")


def resources(server: Attacked) -> Resources:
    """Add up what the server's processes have; memory is anonymous memory."""
    pids = server.pids()
    return Resources(
        round(machine.anonymous_mb(pids), 1), sum(map(machine.descriptors, pids)), machine.threads(pids)
    )


def settled(server: Attacked, before: Resources) -> Resources:
    """Return what the server has when it has no more than before, or when it has had its time.

    Peers get none: nothing is asked of them, and where they fail it would only take long.
    """
    deadline = time.monotonic() + (SETTLE_SECONDS if server.name == "HubServing" else 0.0)
    while attack_figures.left_over(before, now := resources(server)) and time.monotonic() < deadline:
        time.sleep(SAMPLE_SECONDS)
    return now


def problems(attack: str, results: dict[str, Result]) -> list[str]:
    """Say where HubServing missed its targets."""
    if attack == CONTROL:
        return []
    result = results["HubServing"]
    floor = 0.0 if attack == "a thousand slow ones" else attack_figures.P99_SECONDS
    found = attack_figures.missed(result.before, result.during, floor_seconds=floor)
    return [f"{attack}: {line}" for line in found + attack_figures.left_over(result.at_rest, result.left)]


def report(found: dict[str, dict[str, Result]]) -> None:
    rows = []
    for name, results in found.items():
        for server, result in results.items():
            before, during, after = (each.figures() for each in (result.before, result.during, result.after))
            times = [f"{_ms(each['p50_ms'])} / {_ms(each['p99_ms'])}" for each in (before, during, after)]
            errors = f"{result.during.errors} of {result.during.calls}"
            left = [
                f"{getattr(result.at_rest, key):.0f} → {getattr(result.left, key):.0f}"
                for key in ("memory_mb", "descriptors", "threads")
            ]
            memory = f"{left[0]}, peak {result.peak_mb:.0f}"
            rows.append((name, server, *times, errors, str(result.after.errors), memory, *left[1:]))
    machine.print_table(
        "An honest caller: p50 / p99 in ms, and calls without an answer of 200; and what the server keeps",
        (
            "attack", "server", "before", "during", "after", "errors during", "after", "memory MB",
            "descriptors", "threads",
        ),
        rows,
    )  # fmt: skip


def _ms(value: float | int | None) -> str:
    return "–" if value is None else f"{value:.0f}" if value >= 10 else f"{value:.1f}"
