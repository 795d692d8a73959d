"""The servers that ocr.py measures: HubServing with several settings, and RapidOCR behind two others."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.server import HubServer, free_port, stop, wait_until_ready
from hub.ocr.model_sets import PRESETS

MODULE = machine.ROOT / "deploy" / "hubserving" / "ocr_system"
VENVS = machine.ROOT / "benchmarks" / ".venvs"
#: Set of models → the release of RapidOCR that brings them along.
PEERS = {
    "PP-OCRv6_small": ("rapidocr==3.10.0", "onnxruntime"),
    "PP-OCRv4_mobile": ("rapidocr_onnxruntime==1.4.4",),
}


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
def rapidocr(kind: str, model: str) -> Iterator[Contender]:
    """Run RapidOCR behind ``mosec`` or ``fastapi``, with one of the sets that it has."""
    python, port, begun = peer_python(model), free_port(), time.monotonic()
    script = Path(__file__).with_name("ocr_peer.py")
    with tempfile.NamedTemporaryFile(suffix=".log") as log:
        process = subprocess.Popen(
            [str(python), str(script), kind, str(port)], stdout=log, stderr=log, start_new_session=True
        )
        try:
            wait_until_ready(f"http://127.0.0.1:{port}/metrics", process, Path(log.name))
            yield Contender(f"RapidOCR, {kind}", port, "/inference", process.pid, time.monotonic() - begun)
        finally:
            stop(process)


def peer_python(model: str) -> Path:
    """Return the interpreter of the peers' environment, which is made when it is not there yet."""
    venv = VENVS / f"rapidocr_{model}"
    python = venv / "bin" / "python"
    if not (venv / "done").exists():
        packages = (*PEERS[model], "mosec", "fastapi", "uvicorn")
        print(f"installing {', '.join(packages)} into {venv.relative_to(machine.ROOT)}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        (VENVS / ".gitignore").write_text("*\n")
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *packages], check=True)
        (venv / "done").touch()
    return python


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
