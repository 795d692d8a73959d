"""The servers that ocr.py measures: HubServing with several settings, and RapidOCR behind two others."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hub
from benchmarks import machine
from benchmarks.server import HubServer, free_port, stop, wait_until_ready

MODULE = machine.ROOT / "deploy" / "hubserving" / "ocr_system"
VENV = machine.ROOT / "benchmarks" / ".venvs" / "rapidocr"
PACKAGES = ("rapidocr_onnxruntime==1.4.4", "mosec", "fastapi", "uvicorn")


@dataclass
class Contender:
    """A server that is up."""

    name: str
    port: int
    path: str
    pid: int
    ready_seconds: float


#: What params.py names, and what the peers of these benchmarks run as well.
_MODELS = {
    "PP-OCRv6_small_det": "PP-OCRv4_mobile_det",
    "PP-OCRv6_small_rec": "PP-OCRv4_mobile_rec",
    "ch_ppocr_mobile_v2.0_cls": "ch_ppocr_mobile_v2.0_cls",
}


def module_folder(folder: Path, *, angle_classifier: bool) -> Path:
    """Make a copy of ocr_system whose params.py names PP-OCRv4's models by folder, for a private home."""
    copy = folder / ("with_cls" if angle_classifier else "without_cls") / "ocr_system"
    shutil.copytree(MODULE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    params = (copy / "params.py").read_text()
    for shipped, name in _MODELS.items():
        params = params.replace(f'"{shipped}"', repr(str(hub.model_path(name))))
    params = params.replace("class Config:", f"class Config:\n    use_angle_cls = {angle_classifier}")
    (copy / "params.py").write_text(params)
    return copy


@contextmanager
def hubserving(name: str, folder: Path, **init_args: Any) -> Iterator[Contender]:
    """Run ``hub serving start`` with ocr_system; nothing is set but what ``init_args`` says."""
    begun = time.monotonic()
    with HubServer({"ocr_system": {"init_args": {"directory": str(folder), **init_args}}}) as server:
        yield Contender(
            name, server.port, "/predict/ocr_system", server.process.pid, time.monotonic() - begun
        )


@contextmanager
def rapidocr(kind: str) -> Iterator[Contender]:
    """Run RapidOCR behind ``mosec`` or ``fastapi``."""
    python, port, begun = peer_python(), free_port(), time.monotonic()
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


def peer_python() -> Path:
    """Return the interpreter of the peers' environment, which is made when it is not there yet."""
    python = VENV / "bin" / "python"
    if not (VENV / "done").exists():
        print(f"installing {', '.join(PACKAGES)} into {VENV.relative_to(machine.ROOT)}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        (VENV.parent / ".gitignore").write_text("*\n")
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        (VENV / "done").touch()
    return python


class Inside:
    """The same pipeline in a process of its own, without HTTP: see ocr_inside.py."""

    def __init__(self, folder: Path, images: Path, **init_args: Any) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.ocr_inside", str(folder), str(images), json.dumps(init_args)],
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
