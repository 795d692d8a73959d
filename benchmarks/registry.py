"""How long ``hub list`` takes with 200 modules installed, and that it imports none of them.

The modules' ``module.py`` would fail if it were imported. They are put into a private home by the registry's
own transaction, without the trial import, which is not what is measured here.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import machine
from hub.module.info import read_module_info
from hub.registry.progress import Silent
from hub.registry.store.layout import Layout
from hub.registry.store.transaction import Transaction

TARGET_SECONDS = 0.5
MODULES = 200

_MODULE = """\
raise SystemExit("hub list must not import modules")
from hub.module import Module, moduleinfo, serving

@moduleinfo(name="module_{number:03}", version="1.0.0", summary="number {number} of many", author="someone")
class Sample(Module):
    @serving
    def predict(self, texts):
        return texts
"""


def main(quick: bool) -> dict[str, Any]:
    rounds = 3 if quick else 15
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        fill(home, Path(folder))
        commands = {
            "hub list": ("list",),
            "hub list --json": ("list", "--json"),
            "hub show": ("show", "module_100"),
        }
        figures = {name: [_seconds(home, *words) for _ in range(rounds)] for name, words in commands.items()}
        shown = json.loads(_hub(home, "list", "--json"))
    assert len(shown) == MODULES, f"{len(shown)} of {MODULES} modules are listed"
    rows = [(name, f"{statistics.median(each):.3f}", f"{max(each):.3f}") for name, each in figures.items()]
    machine.print_table(f"{MODULES} modules installed", ("command", "median s", "slowest s"), rows)
    median = statistics.median(figures["hub list"])
    missed = [f"hub list: {median:.2f} s > {TARGET_SECONDS} s"] if median > TARGET_SECONDS else []
    return {"modules": MODULES, "seconds": figures, "missed": missed}


def fill(home: Path, scratch: Path) -> None:
    """Install the modules into ``home``."""
    layout = Layout(home)
    for number in range(MODULES):
        source = scratch / f"module_{number:03}"
        source.mkdir()
        (source / "module.py").write_text(_MODULE.format(number=number))
        info = read_module_info(source)
        with Transaction(layout, info.package, Silent()) as transaction:
            staged = transaction.stage(source, info, origin=str(source))
            transaction.publish(staged, info.version)


def _seconds(home: Path, *words: str) -> float:
    started = time.perf_counter()
    _hub(home, *words)
    return time.perf_counter() - started


def _hub(home: Path, *words: str) -> str:
    environment = {**os.environ, "HUB_HOME": str(home), "PYTHONPATH": str(machine.ROOT)}
    command = [sys.executable, "-m", "hub", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
