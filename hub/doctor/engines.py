"""The engines: which are installed, whether they load, and what they run on."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

from hub.doctor.finding import Finding as AnyFinding
from hub.doctor.finding import Verdict
from hub.engines import probe

Finding = partial(AnyFinding, "engines")

#: Paddle takes two to ten seconds to import.
PROBE_SECONDS = 90.0
_INSTALL = {
    "paddle": "pip install paddlepaddle",
    "openvino": "pip install 'hubserving[openvino]' makes OCR on this CPU several times faster",
    "onnxruntime": "pip install 'hubserving[onnxruntime]' lets ONNX models run",
}
_GPU_BUILD = {"paddle": "paddlepaddle-gpu", "onnxruntime": "onnxruntime-gpu"}


@dataclass
class _Probe:
    """A process that imports an engine."""

    engine: str
    process: subprocess.Popen[str]
    started: float


def look() -> Iterator[AnyFinding]:
    has_card = shutil.which("nvidia-smi") is not None
    there = [engine for engine in probe.PROBES if find_spec(engine) is not None]
    running = {engine: _start(engine) for engine in there}
    for engine in probe.PROBES:
        if engine in running:
            yield from _found(running[engine], has_card=has_card)
        else:
            verdict: Verdict = "broken" if engine == "paddle" else "note"
            yield Finding(engine, "not installed", verdict, _INSTALL[engine])


def _start(engine: str) -> _Probe:
    command = [sys.executable, "-m", "hub.engines.probe", engine]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    return _Probe(engine, process, time.monotonic())


def _found(probed: _Probe, *, has_card: bool) -> Iterator[AnyFinding]:
    engine = probed.engine
    try:
        said, complaints = probed.process.communicate(timeout=PROBE_SECONDS)
    except subprocess.TimeoutExpired:
        probed.process.kill()
        probed.process.communicate()
        yield Finding(engine, f"not imported within {PROBE_SECONDS:g} s", "broken", _again(engine))
        return
    result = _result(said)
    if probed.process.returncode or result is None:
        why = _how_it_ended(probed.process.returncode, complaints)
        yield Finding(engine, f"does not load: {why}", "broken", _again(engine))
        return
    cuda = f", CUDA {result['cuda']}" if result["cuda"] else ""
    value = f"{result['version']}, runs on {', '.join(result['devices'])}{cuda}"
    build = _GPU_BUILD.get(engine)
    if has_card and build and not any(device.startswith("gpu") for device in result["devices"]):
        yield Finding(
            engine, value, "warning",
            f"there is a GPU, and this build does not use it; for use_gpu install {build}",
        )  # fmt: skip
        return
    yield Finding(engine, value)


def _result(said: str) -> dict[str, Any] | None:
    with contextlib.suppress(ValueError, IndexError):
        result = json.loads(said.strip().splitlines()[-1])
        return result if isinstance(result, dict) else None
    return None


def _how_it_ended(code: int, complaints: str) -> str:
    if code < 0:
        return f"its import ended with signal {signal.Signals(-code).name}"
    lines = complaints.strip().splitlines()
    return lines[-1] if lines else f"its import ended with exit code {code}"


def _again(engine: str) -> str:
    return f"install it again, or another version: pip install --force-reinstall {_package(engine)}"


def _package(engine: str) -> str:
    return "paddlepaddle" if engine == "paddle" else engine
