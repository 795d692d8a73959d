"""The engines: which are installed, whether they load, and what they run on."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from hub.doctor.finding import Finding, Verdict
from hub.engines import probe

#: Paddle takes two to ten seconds to import.
PROBE_SECONDS = 90.0
_INSTALL = {
    "paddle": "pip install paddlepaddle",
    "openvino": "pip install openvino makes OCR on this CPU several times faster",
    "onnxruntime": "pip install onnxruntime lets ONNX models run",
}
_GPU_BUILD = {"paddle": "paddlepaddle-gpu", "onnxruntime": "onnxruntime-gpu"}


def look() -> Iterator[Finding]:
    has_card = shutil.which("nvidia-smi") is not None
    there = [engine for engine in probe.PROBES if find_spec(engine) is not None]
    running = {engine: _start(engine) for engine in there}
    for engine in probe.PROBES:
        if engine in running:
            yield _found(engine, running[engine], has_card=has_card)
        else:
            verdict: Verdict = "broken" if engine == "paddle" else "note"
            yield Finding(engine, "not installed", verdict, _INSTALL[engine])


def _start(engine: str) -> subprocess.Popen[str]:
    """Import an engine in a process of its own."""
    command = [sys.executable, "-m", "hub.engines.probe", engine]
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _found(engine: str, process: subprocess.Popen[str], *, has_card: bool) -> Finding:
    package = "paddlepaddle" if engine == "paddle" else engine
    again = f"install it again, or another version: pip install --force-reinstall {package}"
    try:
        output, errors = process.communicate(timeout=PROBE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return Finding(engine, f"not imported within {PROBE_SECONDS:g} s", "broken", again)
    try:
        result = json.loads(output.strip().splitlines()[-1])
    except (ValueError, IndexError):
        result = None
    if process.returncode or not isinstance(result, dict):
        return Finding(engine, f"does not load: {_ending(process.returncode, errors)}", "broken", again)
    cuda = f", CUDA {result['cuda']}" if result["cuda"] else ""
    value = f"{result['version']}, runs on {', '.join(result['devices'])}{cuda}"
    build = _GPU_BUILD.get(engine)
    if has_card and build and not any(device.startswith("gpu") for device in result["devices"]):
        advice = f"there is a GPU, and this build does not use it; for use_gpu install {build}"
        return Finding(engine, value, "warning", advice)
    return Finding(engine, value)


def _ending(code: int, errors: str) -> str:
    if code < 0:
        return f"its import ended with signal {signal.Signals(-code).name}"
    lines = errors.strip().splitlines()
    return lines[-1] if lines else f"its import ended with exit code {code}"
