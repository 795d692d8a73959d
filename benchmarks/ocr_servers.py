"""The servers that ocr.py measures: HubServing with several settings, and other libraries behind mosec."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks import environment, machine
from benchmarks.server import HubServer, free_port, stop, wait_until_ready
from hub.ocr.model_sets import PRESETS

MODULE = machine.ROOT / "deploy" / "hubserving" / "ocr_system"
#: Library → what its environment has.
PACKAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "faster_paddle": ("faster-paddle==1.0.4", "mosec==0.9.8", "opencv-python-headless", "numpy"),
    "rapidocr": ("rapidocr==3.10.0", "onnxruntime", "mosec==0.9.8"),
    "rapidocr_onnxruntime": ("rapidocr_onnxruntime==1.4.4", "mosec==0.9.8"),
}


@dataclass(frozen=True)
class Peer:
    """Another library behind mosec.

    Attributes:
        workers: processes; on two cores the fastest are two with a thread each, for one caller one with two.
        threads: of each.
        options: what it is made with; nothing for its own defaults.
    """

    name: str
    library: str
    options: Mapping[str, Any] = field(default_factory=dict)
    workers: int = 2
    threads: int = 1


@dataclass
class Contender:
    """A server that is up."""

    name: str
    port: int
    path: str
    pid: int
    ready_seconds: float


def init_args(model: str, **more: Any) -> dict[str, Any]:
    """Return those of ocr_system, out of the checkout, with a set of models."""
    return {"directory": str(MODULE), "model": model, **more}


def ocr_server(model: str) -> HubServer:
    """Start a server of ocr_system and ocr_pipeline on the same models."""
    pipeline = str(machine.ROOT / "modules" / "ocr_pipeline")
    modules = {
        "ocr_system": {"init_args": init_args(model)},
        "ocr_pipeline": {"init_args": {"directory": pipeline, "model": model}},
    }
    return HubServer(modules, weights=weights_of(model))


def weights_of(model: str) -> tuple[str, ...]:
    """Return the names of all weights that a server with a set of models loads."""
    return (*PRESETS[model].values(), "ch_ppocr_mobile_v2.0_cls")


@contextmanager
def hubserving(name: str, model: str, **more: Any) -> Iterator[Contender]:
    """Run ``hub serving start`` with ocr_system; nothing is set but the model and what ``more`` says."""
    begun = time.monotonic()
    modules = {"ocr_system": {"init_args": init_args(model, **more)}}
    with HubServer(modules, weights=weights_of(model)) as server:
        yield Contender(
            name, server.port, "/predict/ocr_system", server.process.pid, time.monotonic() - begun
        )


@contextmanager
def behind_mosec(peer: Peer) -> Iterator[Contender]:
    """Run another library behind mosec.

    Raises:
        NotInstallableError: its environment cannot be made.
    """
    python = environment.interpreter(f"ocr_{peer.library}", PACKAGES[peer.library])
    port, begun = free_port(), time.monotonic()
    script = Path(__file__).with_name("ocr_peer.py")
    words = [port, peer.workers, peer.threads, peer.library, json.dumps(dict(peer.options))]
    with tempfile.NamedTemporaryFile(suffix=".log") as log:
        process = subprocess.Popen(
            [str(python), "-P", str(script), *map(str, words)], stdout=log, stderr=log, start_new_session=True
        )
        try:
            wait_until_ready(f"http://127.0.0.1:{port}/metrics", process, Path(log.name))
            yield Contender(peer.name, port, "/inference", process.pid, time.monotonic() - begun)
        finally:
            stop(process)


class Inside:
    """The same pipeline in a process of its own, without HTTP: see ocr_inside.py."""

    def __init__(self, images: Path, model: str, **more: Any) -> None:
        words = (str(MODULE), str(images), json.dumps({"model": model, **more}))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.ocr_inside", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=machine.ROOT,
        )
        self._answer()

    def images_per_second(self, kind: str, callers: int) -> float:
        """Measure all images once; ``kind`` is "pipeline" or "engine"."""
        assert self._process.stdin is not None
        print(kind, callers, file=self._process.stdin, flush=True)
        return float(self._answer()["images_per_second"])

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("benchmarks.ocr_inside ended; its words are above")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)
