"""Count what the structure of ``hub/`` costs a reader:  ``python -m benchmarks.structure [--checkout DIR]``.

Files and classes on the way of a request and of some commands are found by running them under a trace. All
else is counted in the source. For another commit: ``git worktree add DIR COMMIT``, ``--checkout DIR``.

A walk's *files* are those of ``hub/`` in which a function ran. Its *classes* are those of ``hub/`` of which
an instance was made. For ``POST /predict`` both are taken from gateway and runner, between the accepted
connection and the reply of a warm request.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: Requests traced; what ran in all of them belongs to a request, the rest to a clock that ticked meanwhile.
REPEATS = 5

#: Runs first in every process of the checkout. A process is traced while the file ARMED exists.
TRACER = """
import atexit, os, sys, threading
ARMED, OUT, HUB = os.environ["TRACE_ARMED"], os.environ["TRACE_OUT"], os.environ["TRACE_HUB"]
seen = {}
def hook(frame, event, argument):
    if event != "call":
        return
    name = frame.f_code.co_filename
    if not name.startswith(HUB) and frame.f_code.co_name != "__init__":
        return
    try:
        stamp = os.stat(ARMED).st_mtime_ns
    except OSError:
        return
    found = seen.setdefault(stamp, (set(), set()))
    if name.startswith(HUB) and frame.f_code.co_name != "<module>":
        found[0].add(name[len(HUB):])
    if frame.f_code.co_name == "__init__" and "self" in frame.f_locals:
        cls = type(frame.f_locals["self"])
        if cls.__module__.startswith("hub."):
            found[1].add(cls.__module__ + "." + cls.__qualname__)
def write():
    import json
    sys.setprofile(None)
    text = json.dumps([[sorted(files), sorted(classes)] for files, classes in seen.copy().values()])
    with open(os.path.join(OUT, str(os.getpid()) + ".new"), "w") as file:
        file.write(text)
    os.replace(file.name, file.name[:-4] + ".json")
def keep():
    import time
    while True:
        time.sleep(0.2)
        if os.path.exists(ARMED + ".write"):
            write()
            return
with open("/proc/self/cmdline") as file:
    command = file.read()
if "hub" in command:
    threading.setprofile(hook)
    sys.setprofile(hook)
    start = lambda: threading.Thread(target=keep, daemon=True).start()
    os.register_at_fork(after_in_child=start)
    start()
    atexit.register(write)
"""


class Trace:
    """Runs commands of a checkout under the trace."""

    def __init__(self, checkout: Path, folder: Path) -> None:
        self.folder = folder
        self.checkout = checkout
        self.armed = folder / "armed"
        self.out = folder / "out"
        self.out.mkdir()
        (folder / "sitecustomize.py").write_text(TRACER)
        self.environment = {
            **os.environ,
            "PYTHONPATH": f"{folder}:{checkout}",
            "HUB_HOME": str(folder / "home"),
            "TRACE_ARMED": str(self.armed),
            "TRACE_OUT": str(self.out),
            "TRACE_HUB": f"{checkout}/hub/",
        }

    def command(self, *words: str) -> tuple[set[str], set[str]]:
        """Run a ``hub`` command to its end; return its files and classes."""
        self._forget()
        self.armed.touch()
        command = [sys.executable, "-m", "hub", *words]
        subprocess.run(command, env=self.environment, cwd=self.checkout, check=True, capture_output=True)
        self.armed.unlink()
        return self._collected()

    def request(self, module: Path) -> tuple[set[str], set[str]]:
        """Serve a module, send warm requests; return the files and classes that were in all of them."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        config = self.folder / "config.json"
        entry = {"init_args": {"directory": str(module)}}
        config.write_text(json.dumps({"modules_info": {module.name: entry}, "port": port}))
        command = [sys.executable, "-m", "hub", "serving", "start", "-c", str(config)]
        with subprocess.Popen(
            command, env=self.environment, cwd=self.checkout, stderr=subprocess.DEVNULL
        ) as server:
            try:
                url = f"http://127.0.0.1:{port}/predict/{module.name}"
                _wait_for(url)
                for _ in range(REPEATS):
                    self.armed.touch()
                    _post(url)
                    self.armed.unlink()
                    time.sleep(0.05)
                self.armed.with_name("armed.write").touch()
                time.sleep(1.0)
                self.armed.with_name("armed.write").unlink()
                return self._collected(in_all=True)
            finally:
                server.terminate()

    def _forget(self) -> None:
        for path in self.out.iterdir():
            path.unlink()

    def _collected(self, *, in_all: bool = False) -> tuple[set[str], set[str]]:
        files: set[str] = set()
        classes: set[str] = set()
        for path in self.out.glob("*.json"):
            rounds = json.loads(path.read_text())
            if rounds:
                merge = set.intersection if in_all else set.union
                files |= merge(*(set(found[0]) for found in rounds))
                classes |= merge(*(set(found[1]) for found in rounds))
        return files, classes


def _post(url: str) -> None:
    data = json.dumps({"texts": ["x"]}).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as reply:
        reply.read()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            _post(url)
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def walks(checkout: Path) -> Iterator[tuple[str, set[str], set[str]]]:
    """Yield name, files and classes of each walk."""
    echo = checkout / "modules" / "echo"
    with tempfile.TemporaryDirectory() as folder:
        trace = Trace(checkout, Path(folder))
        yield "a. POST /predict/echo, warm", *trace.request(echo)
        yield "b. hub install DIR", *trace.command("install", str(echo))
        yield "c. hub run echo", *trace.command("run", "echo", "--input_text", "x")
        yield "d. hub list", *trace.command("list")
        yield "e. hub show echo", *trace.command("show", "echo")
        yield "f. hub uninstall echo", *trace.command("uninstall", "echo")


def imports_of(path: Path, name: str, modules: set[str]) -> set[str]:
    """Return the files of ``hub`` that one imports, at any level and for type checking too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            parts = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {part if part in modules else node.module for part in parts}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return (found & modules) - {name}


def import_graph(checkout: Path) -> dict[str, set[str]]:
    """Return each file of ``hub`` and those that it imports."""
    paths = sorted((checkout / "hub").rglob("*.py"))
    names = {path: ".".join(path.relative_to(checkout).with_suffix("").parts) for path in paths}
    names = {path: name.removesuffix(".__init__") for path, name in names.items()}
    modules = set(names.values())
    return {names[path]: imports_of(path, names[path], modules) for path in paths}


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of files that reach each other by imports."""
    reach: dict[str, set[str]] = {}
    for start in graph:
        seen: set[str] = set()
        todo = [start]
        while todo:
            for target in graph[todo.pop()] - seen:
                seen.add(target)
                todo.append(target)
        reach[start] = seen
    groups = {frozenset(b for b in graph if b in reach[a] and a in reach[b]) for a in graph}
    return sorted(sorted(group) for group in groups if len(group) > 1)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.structure", description="Count the structure."
    )
    parser.add_argument("--checkout", type=Path, default=ROOT)
    parser.add_argument("--verbose", action="store_true", help="name the files and classes of each walk")
    arguments = parser.parse_args()
    checkout = arguments.checkout.resolve()
    sources = {path: path.read_text() for path in sorted((checkout / "hub").rglob("*.py"))}
    graph = import_graph(checkout)
    whole = "\n".join(sources.values())
    print(f"| lines of hub/ | {sum(text.count(chr(10)) for text in sources.values())} |")
    print(f"| files | {len(sources)} |")
    longest = max(sources, key=lambda path: sources[path].count("\n"))
    print(f"| longest file | {sources[longest].count(chr(10))} ({longest.relative_to(checkout)}) |")
    print(f"| Any | {len(re.findall(r'[^a-zA-Z_]Any[^a-zA-Z_]', whole))} |")
    print(f"| dict[str, Any] | {whole.count('dict[str, Any]')} |")
    print(f"| circles of files | {len(circles(graph))} |")
    for circle in circles(graph):
        print(f"|   | {' ↔ '.join(circle)} |")
    rooms: dict[str, int] = {}
    for path, text in sources.items():
        parts = path.relative_to(checkout).parts[1:-1]
        room = "/".join(parts[:2])
        rooms[room] = rooms.get(room, 0) + text.count("\n")
    for room, lines in sorted(rooms.items()):
        print(f"| lines of hub/{room} | {lines} |")
    for name, files, classes in walks(checkout):
        print(f"| {name} | {len(files)} files, {len(classes)} classes |")
        if arguments.verbose:
            for item in [*sorted(files), *sorted(classes)]:
                print(f"|   | {item} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
