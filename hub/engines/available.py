"""Which engines are installed, what each reads and where it computes."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import distributions
from importlib.util import find_spec
from typing import Final

from hub.engines.files import Kind

#: The kinds of files that an engine reads, by its name, which is also that of its package and of the module
#: here that knows it; for ``auto``, best first: OpenVINO is the fastest on CPU, Paddle always there.
READS: Final[dict[str, tuple[Kind, ...]]] = {
    "openvino": ("pdmodel", "onnx"),
    "onnxruntime": ("onnx",),
    "paddle": ("pdmodel", "json"),
}
#: Distributions; a build with CUDA has ``-gpu`` at its end.
_DISTRIBUTIONS: Final = {"openvino": "openvino", "onnxruntime": "onnxruntime", "paddle": "paddlepaddle"}


def is_installed(engine: str) -> bool:
    """Tell whether Python finds an engine."""
    return find_spec(engine) is not None


def readers(kind: Kind, device: str = "cpu") -> list[str]:
    """Return the engines that read a kind of file, best first; OpenVINO's GPU device is Intel's, not CUDA."""
    return [name for name, kinds in READS.items() if kind in kinds and (device, name) != ("gpu", "openvino")]


def how_to_install(engine: str, device: str = "cpu") -> str:
    """Return the command."""
    return f"pip install {_DISTRIBUTIONS[engine]}{'-gpu' if device == 'gpu' else ''}"


def obstacle(kind: Kind, engine: str = "auto", device: str = "cpu") -> str:
    """Tell why a kind of file cannot be run here, and what would help; "" where it can.

    Args:
        kind: of the model's graph.
        engine: ``auto`` and ``hpip`` mean all that are installed.
        device: ``cpu`` or ``gpu``.
    """
    candidates = readers(kind, device)
    if engine not in ("auto", "hpip"):
        if engine not in candidates:
            return f"engine {engine} does not read .{kind} files; {' or '.join(candidates)} does"
        candidates = [engine]
    if any(is_installed(name) and (device == "cpu" or _has_cuda(name)) for name in candidates):
        return ""
    wanted = " or ".join(candidates)
    return f"{wanted} for {device.upper()} is not installed: {how_to_install(candidates[0], device)}"


def _has_cuda(engine: str) -> bool:
    """Tell whether an installed engine computes on NVIDIA cards, without importing Paddle, which is slow."""
    if engine == "onnxruntime":
        found: bool = import_module("hub.engines.onnxruntime").has_cuda()
        return found
    return bool(list(distributions(name=f"{_DISTRIBUTIONS[engine]}-gpu")))
