"""Load while a random process of the server, any but the supervisor, is killed each second; also with faults.

A runner that is loading is as likely as one that serves. A request is lost if it broke on another connection
than those of a killed gateway, or was answered by another code than 200 or by another content; 503 is a
refusal.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import requests

from benchmarks import load, machine
from benchmarks.chaos_faults import FewDescriptors, FewProcesses, FullDisk, client_ports, confined
from benchmarks.server import HubServer, free_port

CLIENTS = 16
#: After the last fault, and the time that a runner takes to load.
READY_SECONDS = 10.0
#: Of a fault of the machine.
FAULT_SECONDS = 5.0
#: Answers may be so late: no runner could be started meanwhile.
PATIENCE_SECONDS = 40.0
PICTURES = machine.ROOT / "doc" / "imgs"
OCR = machine.ROOT / "deploy" / "hubserving" / "ocr_det"
ECHO = machine.ROOT / "modules" / "echo"


@dataclass
class Harm:
    """Kills and faults, as the seconds go by.

    Attributes:
        ports: local ports of the clients whose connections were a killed gateway's.
        killed: how many processes of each role.
        faults: which were made, and which could not be, with the reason.
    """

    server: HubServer
    chance: random.Random
    seconds: float
    ports: list[int] = field(default_factory=list)
    killed: dict[str, int] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)
    not_made: dict[str, str] = field(default_factory=dict)
    last: float = 0.0

    def __post_init__(self) -> None:
        faults = (FullDisk(), FewDescriptors(), FewProcesses())
        self._plan = []
        for number, fault in enumerate(faults, 1):
            if why := fault.obstacle(self.server):
                self.not_made[fault.name] = why
            else:
                self._plan.append((number * self.seconds / (len(faults) + 1), fault))
        self._present = None
        self._ends = 0.0

    def each_second(self, elapsed: float) -> None:
        self.last = time.monotonic()
        if self._present is not None and elapsed >= self._ends:
            self._present.end(self.server)
            self._present = None
        if self._present is None and self._plan and elapsed >= self._plan[0][0]:
            _, self._present = self._plan.pop(0)
            self._ends = elapsed + min(FAULT_SECONDS, self.seconds / 8)
            self._present.begin(self.server)
            self.made.append(self._present.name)
        self._kill_one()

    def end(self) -> None:
        if self._present is not None:
            self._present.end(self.server)
            self.last = time.monotonic()

    def _kill_one(self) -> None:
        victims = self.server.pids[1:]
        if not victims:
            return
        victim = self.chance.choice(victims)
        role = _role(victim)
        together = machine.tree(victim)
        machine.send(signal.SIGSTOP, together)
        _wait(lambda: all(map(_stands_still, together)), 2.0)
        if "gateway" in role:  # of a gateway's first process, all that it has started ends with it
            self.ports += client_ports(together, self.server.port)
            machine.send(signal.SIGKILL, together)
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
        machine.send(signal.SIGCONT, together)
        self.killed[role] = self.killed.get(role, 0) + 1


def _stands_still(pid: int) -> bool:
    """Tell whether all threads of a process are stopped, or it has ended: it accepts no more connections."""
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            if (task / "stat").read_text().rpartition(")")[2].split()[0] not in "TZX":
                return False
    return True


def _role(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return "ended"
    return next((word.removeprefix("hub.serving.") for word in words if word.startswith("hub.serving.")), "?")


def echo_bodies(client: int, serial: int) -> tuple[bytes, bytes]:
    text = f"client {client} request {serial}"
    return load.post("/predict/echo", json.dumps({"texts": [text]}).encode()), f'"{text}"'.encode()


def ocr_bodies(server: HubServer) -> load.MakeRequest:
    """Return a maker of requests, each with a sample picture; the answers are those of before the harm."""
    found = []
    for path in sorted(PICTURES.glob("*.jpg")):
        body = {"images": [base64.b64encode(path.read_bytes()).decode()]}
        reply = requests.post(f"{server.url}/predict/ocr_det", json=body, timeout=60)
        reply.raise_for_status()
        found.append((load.post("/predict/ocr_det", json.dumps(body).encode()), reply.content))
    return lambda client, serial: found[(client + serial) % len(found)]


def kill_anything(seconds: float, chance: random.Random, module: str) -> tuple[str, list[str]]:
    """Do a run with ``echo`` or ``ocr_det``; return its line of figures, and what went wrong."""
    is_ocr = module == "ocr_det"
    entry = {
        "init_args": {"directory": str(OCR if is_ocr else ECHO)},
        "instances": [{"count": 2}],
    }
    settings = {"http_workers": 2, "metrics_port": free_port(), "timeout": 300}
    weights = ("PP-OCRv6_small_det",) if is_ocr else ()
    with HubServer({module: entry}, wrapper=confined(), weights=weights, **settings) as server:
        load_seconds = _load_seconds(server, module)
        make = ocr_bodies(server) if is_ocr else echo_bodies
        harm = Harm(server, chance, seconds)
        outcome = _loaded(server.port, 8 if is_ocr else CLIENTS, seconds, make, harm.each_second)
        harm.end()
        recovered = _wait_ready(server, harm.last + READY_SECONDS + load_seconds)
        survived = server.process.poll() is None
    strangers = [port for port in outcome.lost if port not in harm.ports]
    bad = {code: count for code, count in outcome.codes.items() if code not in (200, 503)}
    problems = []
    if strangers:
        problems.append(f"{len(strangers)} requests broke on connections of processes that were not killed")
    if outcome.wrong or bad:
        problems.append(f"answers {dict(outcome.codes)}, {outcome.wrong} wrong")
    if not recovered:
        problems.append(
            f"not ready {READY_SECONDS:g} s and one load time ({load_seconds:.1f} s) after the end"
        )
    if not survived:
        problems.append("the supervisor ended")
    if not harm.killed:
        problems.append("nothing was killed")
    kills = ", ".join(f"{count} × {role}" for role, count in sorted(harm.killed.items()))
    not_run = "".join(f"; NOT RUN: {name} ({why})" for name, why in harm.not_made.items())
    line = (
        f"{outcome.codes[200]} answered 200 and {outcome.codes[503]} refused in {outcome.elapsed:.0f} s, "
        f"{len(outcome.lost)} lost, {len(strangers)} of them not on the {len(harm.ports)} connections "
        f"of killed gateways; killed: {kills}; with {', '.join(harm.made) or 'no fault'}{not_run}"
    )
    return line, problems


def _loaded(
    port: int, clients: int, seconds: float, make: load.MakeRequest, every_second: Callable[[float], None]
) -> load.Outcome:
    result: Future[load.Outcome] = Future()

    def run() -> None:
        try:
            result.set_result(load.run(port, clients, seconds, make, patience=PATIENCE_SECONDS))
        except BaseException as error:
            result.set_exception(error)

    begun = time.monotonic()
    threading.Thread(target=run, daemon=True).start()
    number = 1
    while not result.done() and time.monotonic() < begun + seconds:
        time.sleep(max(0.0, begun + number - time.monotonic()))
        number += 1
        every_second(time.monotonic() - begun)
    return result.result()


def _ready_pids(server: HubServer, module: str) -> Sequence[int]:
    return [runner["pid"] for runner in server.state()["modules"][module]["runners"] if runner["ready"]]


def _load_seconds(server: HubServer, module: str) -> float:
    """Kill a runner and measure how long its successor takes."""
    _wait(lambda: len(_ready_pids(server, module)) == 2)
    begun, victim = time.monotonic(), _ready_pids(server, module)[0]
    os.kill(victim, signal.SIGKILL)
    _wait(lambda: victim not in (ready := _ready_pids(server, module)) and len(ready) == 2)
    return time.monotonic() - begun


def _wait(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"what was waited for did not come in {seconds:g} s")
        time.sleep(0.005)


def _wait_ready(server: HubServer, deadline: float) -> bool:
    while True:
        with contextlib.suppress(requests.RequestException):
            if requests.get(f"{server.url}/health/ready", timeout=2).status_code == 200:
                return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
