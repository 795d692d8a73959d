"""One PaddleX OCR pipeline behind PaddleX's own server and behind ours, side by side: requests a second.

The real package in both, the same PP-OCRv4 mobile models from the same file, 12 drawn pages, detection at
960 pixels at most, pictures off, clients in a closed loop. All servers are up, idle while it is not their
turn; rounds alternate. Figures are medians over the rounds, ratios medians of the ratios within a round.
PaddleX's server has its defaults: one thread for all calls of the pipeline, ten for each model. That the
replies are alike is checked before anything is measured.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import requests

from benchmarks import machine
from benchmarks.ocr_drive import drive
from benchmarks.ocr_servers import Contender
from benchmarks.server import HubServer, free_port, stop, wait_until_ready

HOME = machine.ROOT / "benchmarks" / ".venvs" / "paddlex"
CALLERS = (1, 8)
PAGES = 12
#: PaddleX's own default detects at full size, where a page takes seconds and this a quarter of an hour.
PARAMETERS = {"fileType": 1, "visualize": False, "textDetLimitSideLen": 960, "textDetLimitType": "max"}
THEIRS, ONE, TWO = "PaddleX's own server", "HubServing, 1 runner", "HubServing, 2 runners"


@dataclass(frozen=True)
class Figures:
    """One server at one number of callers: an entry per round."""

    rates: list[float]
    p50_ms: list[float]
    cpu_ms: list[float]

    def beside(self, other: Figures) -> dict[str, float]:
        ratios = [ours / theirs for ours, theirs in zip(self.rates, other.rates, strict=True)]
        return {
            "requests_per_second": round(median(self.rates), 2),
            "times_paddlex": round(median(ratios), 2),
            "p50_ms": round(median(self.p50_ms)),
            "cpu_ms_per_request": round(median(self.cpu_ms)),
        }


def main(quick: bool) -> dict[str, Any]:
    module = installed()
    with tempfile.TemporaryDirectory(prefix="hub-bench-paddlex-") as scratch, ExitStack() as stack:
        folder = Path(scratch)
        pipeline = folder / "ocr.yaml"
        run_tool("paddlex_models.py", str(folder))
        run_tool("labelled_set.py", str(folder), "--lines", "0", "--pages", str(PAGES), "--seed", "7")
        bodies = [body(path) for path in sorted(folder.glob("*.jpg"))]
        contenders = [
            stack.enter_context(paddlex(module, pipeline, folder)),
            stack.enter_context(hubserving(ONE, module, pipeline, 1)),
            stack.enter_context(hubserving(TWO, module, pipeline, 2)),
        ]
        assert_same(contenders, bodies[0])
        for contender in contenders:
            drive(contender, bodies, 2, 300.0, 2 * len(bodies))  # every page once, by either runner
        found = measure(contenders, bodies, rounds=2 if quick else 5, seconds=4.0 if quick else 8.0)
    report(found)
    return found


def installed() -> Path:
    """Return the module, in a home of the benchmarks, with PaddleX; install it when it is not there yet."""
    environment = {**os.environ, "HUB_HOME": str(HOME), "PYTHONPATH": str(machine.ROOT)}
    words = ["install", "--isolated", "paddlex_pipeline"]  # does nothing where it is there, and current
    print(f"hub {' '.join(words)}, into {HOME.relative_to(machine.ROOT)}", flush=True)
    HOME.mkdir(parents=True, exist_ok=True)
    (HOME.parent / ".gitignore").write_text("*\n")
    subprocess.run([sys.executable, "-m", "hub", *words], env=environment, cwd=machine.ROOT, check=True)
    (module,) = HOME.glob("modules/paddlex_pipeline/*")
    return module.resolve() / "paddlex_pipeline"


def run_tool(name: str, *words: str) -> None:
    command = [sys.executable, str(machine.ROOT / "tools" / name), *words]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


def body(path: Path) -> bytes:
    file = base64.b64encode(path.read_bytes()).decode()
    return json.dumps({"file": file, **PARAMETERS}).encode()


@contextmanager
def paddlex(module: Path, pipeline: Path, folder: Path) -> Iterator[Contender]:
    """Run ``paddlex --serve``."""
    port, log = free_port(), folder / "paddlex.log"
    words = [str(module.parent / "venv" / "bin" / "paddlex"), "--serve", "--pipeline", str(pipeline)]
    with log.open("w") as output:
        process = subprocess.Popen(
            [*words, "--host", "127.0.0.1", "--port", str(port)],
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_until_ready(f"http://127.0.0.1:{port}/health", process, log)
        yield Contender(THEIRS, port, "/ocr", process.pid, 0.0)
    finally:
        stop(process)


@contextmanager
def hubserving(name: str, module: Path, pipeline: Path, runners: int) -> Iterator[Contender]:
    entry = {
        "init_args": {"directory": str(module), "pipeline": str(pipeline)},
        "instances": [{"count": runners, "kind": "cpu"}],
    }
    with HubServer({"paddlex_pipeline": entry}) as server:
        yield Contender(name, server.port, "/ocr", server.process.pid, 0.0)


def assert_same(contenders: list[Contender], request: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    replies = []
    for each in contenders:
        url = f"http://127.0.0.1:{each.port}{each.path}"
        result = requests.post(url, data=request, headers=headers, timeout=120).json()["result"]
        read = result["ocrResults"][0]["prunedResult"]
        del read["rec_scores"]  # their last bit depends on the number of threads
        replies.append(read)
    if any(reply != replies[0] for reply in replies):
        raise RuntimeError("the servers do not give the same reply, so their speed says nothing")


def measure(
    contenders: list[Contender], bodies: list[bytes], *, rounds: int, seconds: float
) -> dict[str, Any]:
    figures: dict[tuple[str, int], Figures] = {}
    for number in range(rounds):
        for callers in CALLERS:
            for contender in contenders if number % 2 else contenders[::-1]:
                entry = figures.setdefault((contender.name, callers), Figures([], [], []))
                used = machine.cpu_seconds(machine.tree(contender.pid))
                outcome = drive(contender, bodies, callers, seconds)
                used = machine.cpu_seconds(machine.tree(contender.pid)) - used
                entry.rates.append(outcome.requests_per_second)
                entry.p50_ms.append(outcome.percentile(50) * 1000)
                entry.cpu_ms.append(used / len(outcome.seconds) * 1000)
    servers = {
        each.name: {
            callers: figures[each.name, callers].beside(figures[THEIRS, callers]) for callers in CALLERS
        }
        for each in contenders
    }
    memory = {each.name: round(machine.memory_mb(machine.tree(each.pid))) for each in contenders}
    return {"servers": servers, "memory_mb": memory}


def report(found: dict[str, Any]) -> None:
    columns = ["requests/s (× PaddleX's own; median ms; CPU ms a request)"]
    columns += ["1 caller", *(f"{callers} callers" for callers in CALLERS[1:]), "memory, MB"]
    rows = []
    for name, by_callers in found["servers"].items():
        cells = [
            "{requests_per_second} ({times_paddlex} ×; {p50_ms}; {cpu_ms_per_request})".format(**said)
            for said in by_callers.values()
        ]
        rows.append([name, *cells, str(found["memory_mb"][name])])
    machine.print_table("A PaddleX OCR pipeline behind two servers", columns, rows)
