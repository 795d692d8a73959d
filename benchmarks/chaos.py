"""Load while runners and HTTP workers are killed and modules reloaded: is any request lost?

    python -m benchmarks.chaos [--seconds 60] [--only anything]

First run: 16 clients, every body different and every answer compared with what was sent; each second a
READY runner, chosen at random, gets SIGKILL; five times ``hub serving reload fast``, once with a newer
version installed before. It passes when every request was answered 200 with its own content, p99 is below
a second, and memory (anonymous, of the whole process tree) and file descriptors (supervisor, gateway) are no
higher in the last quarter than in the first.

Second run: two HTTP workers, of which a random one gets SIGKILL every second. It passes when the only
requests that failed were on connections of the killed workers; these are looked up in /proc while the
worker is stopped, just before it is killed.

Third and fourth run: any process but the supervisor, also a runner that is loading, with ``echo`` and with
``ocr_det``; meanwhile the disk is full for some seconds, then descriptors and then processes run out
(``benchmarks/chaos_kills.py``). A fault that this machine does not allow is told as not run.

Prints one line of figures for each and exits with 1 if one did not pass.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any

from benchmarks import load, machine
from benchmarks.chaos_faults import client_ports
from benchmarks.chaos_kills import kill_anything
from benchmarks.server import MODULES, HubServer

CLIENTS = 16
RELOADS = 5
P99_SECONDS = 1.0
#: Memory in the last quarter may be this many times that of the first, and so many MB more.
MEMORY_GROWTH = 1.05
MEMORY_NOISE_MB = 3.0
#: A little load first: what a server opens once and keeps is not growth.
WARM_UP_SECONDS = 1.0
#: Descriptors that come and go at rest: a look at the state file, a control request.
DESCRIPTOR_NOISE = 4
#: A client's connection is closed by the server within this time of the client's leaving.
REST_SECONDS = 2.0


@dataclass
class Samples:
    """Memory and descriptors over time, and descriptors at rest before and after."""

    server: HubServer
    memory: list[float] = field(default_factory=list)
    descriptors: list[dict[str, int]] = field(default_factory=list)
    before: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        load.run(self.server.port, CLIENTS, WARM_UP_SECONDS, different_bodies)
        time.sleep(REST_SECONDS)
        self.before = self.count_descriptors()

    def count_descriptors(self) -> dict[str, int]:
        """Count those of the supervisor, and of the gateway's processes together."""
        gateways = [process["pid"] for process in self.server.state()["processes"]]
        pids = [pid for gateway in gateways for pid in machine.tree(gateway)]
        return {
            "supervisor": machine.descriptors(self.server.process.pid),
            "gateway": sum(map(machine.descriptors, pids)),
        }

    def take(self) -> None:
        self.memory.append(machine.memory_mb(self.server.pids, "Pss_Anon"))
        self.descriptors.append(self.count_descriptors())

    def growth(self) -> list[str]:
        """Say what grew from the first quarter to the last, or from before the load to after it."""
        found = []
        first, last = quarters(self.memory)
        if last > first * MEMORY_GROWTH + MEMORY_NOISE_MB:
            found.append(f"memory grew from {first:.0f} to {last:.0f} MB")
        time.sleep(REST_SECONDS)
        after = self.count_descriptors()
        for name, before in self.before.items():
            first, last = quarters([sample[name] for sample in self.descriptors])
            if last > first + CLIENTS:  # each request under way holds one
                found.append(f"descriptors of the {name} grew from {first:.0f} to {last:.0f}")
            if after[name] > before + DESCRIPTOR_NOISE:
                found.append(f"descriptors of the {name}: {before} before the load, {after[name]} after it")
        return found


def quarters(values: Sequence[float]) -> tuple[float, float]:
    """Return the medians of the first and of the last quarter."""
    size = max(1, len(values) // 4)
    return median(values[:size]), median(values[-size:])


def different_bodies(client: int, serial: int) -> tuple[bytes, bytes]:
    """Return a request that is like no other, and what its answer must contain."""
    text = f"client {client} request {serial}"
    return load.post("/predict/fast", json.dumps({"text": text}).encode()), f'"{text}"'.encode()


def loaded(port: int, seconds: float, every_second: Callable[[float], None]) -> load.Outcome:
    """Run the load in a thread of its own, while ``every_second`` is called with the time gone by."""
    result: Future[load.Outcome] = Future()

    def run() -> None:
        try:
            result.set_result(load.run(port, CLIENTS, seconds, different_bodies))
        except BaseException as error:
            result.set_exception(error)

    begun = time.monotonic()
    threading.Thread(target=run, daemon=True).start()
    number = 1
    while not result.done():
        time.sleep(max(0.0, begun + number - time.monotonic()))
        number += 1
        if time.monotonic() < begun + seconds:
            every_second(time.monotonic() - begun)
    return result.result()


def kill_runners(seconds: float, chance: random.Random) -> tuple[str, list[str]]:
    """Do the first run; return its line of figures, and what went wrong."""
    killed = 0
    reloads: list[Future[str]] = []
    with HubServer({"fast": {}}, install=True, use_multiprocess=True, workers=2) as server:
        samples = Samples(server)
        with ThreadPoolExecutor(1) as pool:

            def harm(elapsed: float) -> None:
                nonlocal killed
                samples.take()
                killed += _kill_a_ready_runner(server, chance)
                if len(reloads) < RELOADS and elapsed >= (len(reloads) + 0.5) * seconds / RELOADS:
                    newer = len(reloads) == 1
                    reloads.append(pool.submit(_reload, server, newer))

            outcome = loaded(server.port, seconds, harm)
        restarts = server.state()["modules"]["fast"]["restarts"]
        version = server.state()["modules"]["fast"]["version"]
        problems = samples.growth()
    problems += [f"reload failed: {error}" for error in filter(None, (r.exception() for r in reloads))]
    if not outcome.is_clean:
        problems.append(f"answers {dict(outcome.codes)}, {outcome.wrong} wrong, {len(outcome.lost)} lost")
    if outcome.percentile(99) >= P99_SECONDS:
        problems.append(f"p99 is {outcome.percentile(99):.2f} s")
    if version != "2.0.0":
        problems.append(f"version {version} serves at the end, not the one installed meanwhile")
    if not killed or len(reloads) < RELOADS:
        problems.append(f"only {killed} kills and {len(reloads)} reloads happened")
    memory = quarters(samples.memory)
    descriptors = quarters([sample["gateway"] for sample in samples.descriptors])
    line = (
        f"{_requests(outcome)}; {killed} runners killed, {restarts} restarts, {len(reloads)} reloads; "
        f"memory {memory[0]:.0f} → {memory[1]:.0f} MB, gateway descriptors {descriptors[0]:.0f} → "
        f"{descriptors[1]:.0f}"
    )
    return line, problems


def kill_http_workers(seconds: float, chance: random.Random) -> tuple[str, list[str]]:
    """Do the second run; return its line of figures, and what went wrong."""
    theirs: list[int] = []
    killed = 0
    with HubServer({"fast": {}}, install=True, http_workers=2) as server:

        def harm(elapsed: float) -> None:
            nonlocal killed
            gateway = server.state()["processes"][0]["pid"]
            workers = machine.tree(gateway)[1:]
            if len(workers) < 2:
                return  # the last one is not yet replaced
            victim = chance.choice(workers)
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGSTOP)
                theirs.extend(client_ports([victim], server.port))
                os.kill(victim, signal.SIGKILL)
                killed += 1

        outcome = loaded(server.port, seconds, harm)
    strangers = [port for port in outcome.lost if port not in theirs]
    problems = []
    if strangers:
        problems.append(f"{len(strangers)} requests failed on connections of workers that were not killed")
    if outcome.wrong or set(outcome.codes) != {200}:
        problems.append(f"answers {dict(outcome.codes)}, {outcome.wrong} wrong")
    if not killed:
        problems.append("no HTTP worker was killed")
    line = (
        f"{_requests(outcome)}; {killed} HTTP workers killed with {len(theirs)} connections, "
        f"{len(outcome.lost)} requests lost, {len(strangers)} of them on other connections"
    )
    return line, problems


def _requests(outcome: load.Outcome) -> str:
    good = outcome.codes[200] - outcome.wrong
    sent = len(outcome.seconds) + len(outcome.lost)
    return (
        f"{good} of {sent} requests answered 200 in {outcome.elapsed:.0f} s; "
        f"p50 {outcome.percentile(50) * 1000:.1f} ms, p99 {outcome.percentile(99) * 1000:.0f} ms, "
        f"longest {max(outcome.seconds) * 1000:.0f} ms"
    )


def _kill_a_ready_runner(server: HubServer, chance: random.Random) -> int:
    """Send SIGKILL to one; return 0 where none is ready just now."""
    runners: list[dict[str, Any]] = server.state()["modules"]["fast"]["runners"]
    ready = [runner["pid"] for runner in runners if runner["ready"]]
    if not ready:
        return 0
    with contextlib.suppress(ProcessLookupError):
        os.kill(chance.choice(ready), signal.SIGKILL)
    return 1


def _reload(server: HubServer, newer: bool) -> str:
    """Reload the module, having installed version 2.0.0 of it where ``newer``."""
    if newer:
        folder = server.home / "newer" / "fast"
        shutil.copytree(MODULES / "fast", folder)
        source = folder / "module.py"
        source.write_text(source.read_text().replace('version="1.0.0"', 'version="2.0.0"'))
        server.hub("install", str(folder))
    try:
        return server.hub("serving", "reload", "fast", "-p", str(server.port))
    except subprocess.CalledProcessError as error:
        raise RuntimeError(error.output) from error


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="of each run (default 60)")
    parser.add_argument("--only", default="", help="runs whose name has this in it")
    parser.add_argument("--seed", type=int, default=None, help="of the choice of victims")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    has_failed = False
    runs: dict[str, Callable[[float, random.Random], tuple[str, list[str]]]] = {
        "runners": kill_runners,
        "HTTP workers": kill_http_workers,
        "anything, echo": partial(kill_anything, module="echo"),
        "anything, ocr_det": partial(kill_anything, module="ocr_det"),
    }
    for name, run in runs.items():
        if arguments.only and arguments.only not in name:
            continue
        line, problems = run(arguments.seconds, chance)
        print(f"chaos, {name}: {'FAILED' if problems else 'passed'}: {line}", flush=True)
        for problem in problems:
            print(f"  {problem}", file=sys.stderr)
        has_failed = has_failed or bool(problems)
    return int(has_failed)


if __name__ == "__main__":
    sys.exit(main())
