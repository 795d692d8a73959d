"""Which engines are installed, what each reads and where it computes."""

from __future__ import annotations

import ctypes
from importlib import import_module
from importlib.metadata import distributions
from importlib.util import find_spec
from typing import Final

from hub.engines.files import Kind
from hub.errors import EngineError
from hub.settings import visible_gpus

#: The kinds of files that an engine reads, by its name, which is also that of its package and of the module
#: here that knows it; for ``auto``, best first: OpenVINO is the fastest on CPU, Paddle always there.
READS: Final[dict[str, tuple[Kind, ...]]] = {
    "openvino": ("pdmodel", "onnx"),
    "onnxruntime": ("onnx",),
    "paddle": ("pdmodel", "json"),
}
#: Engines inside another one's package, which only those use who name them.
_INSIDE: Final = {"tensorrt": "onnxruntime"}
#: Distributions; a build with CUDA has ``-gpu`` at its end.
_DISTRIBUTIONS: Final = {"openvino": "openvino", "onnxruntime": "onnxruntime", "paddle": "paddlepaddle"}


def package(engine: str) -> str:
    """Return the package that an engine is in: TensorRT is a part of ONNX Runtime's."""
    return _INSIDE.get(engine, engine)


def is_installed(engine: str) -> bool:
    """Tell whether Python finds an engine."""
    return find_spec(package(engine)) is not None


def has_driver() -> bool:
    """Tell whether this machine has NVIDIA's driver, without which there is no card to compute on."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


def require_card() -> None:
    """Look for a card before anything that takes time is begun.

    Raises:
        EngineError: NVIDIA's driver is missing, or CUDA_VISIBLE_DEVICES hides all cards.
    """
    if not has_driver():
        raise EngineError(
            "use_gpu needs an NVIDIA card, and this machine has no driver for one (libcuda.so.1): install it "
            "(in a container: start that with --gpus all), or set use_gpu to false"
        )
    if visible_gpus() == []:  # the message is PaddleOCR's
        raise EngineError(
            "Environment Variable CUDA_VISIBLE_DEVICES is not set correctly. If you wanna use gpu, "
            "please set CUDA_VISIBLE_DEVICES via export CUDA_VISIBLE_DEVICES=cuda_device_id."
        )


def readers(kind: Kind, device: str = "cpu") -> list[str]:
    """Return the engines that read a kind of file, best first; OpenVINO's GPU device is Intel's, not CUDA."""
    return [name for name, kinds in READS.items() if kind in kinds and (device, name) != ("gpu", "openvino")]


def how_to_install(engine: str, device: str = "cpu") -> str:
    """Return the command."""
    ending = "-gpu" if device == "gpu" and engine != "openvino" else ""
    return f"pip install {_DISTRIBUTIONS[package(engine)]}{ending}"


def obstacle(kind: Kind, engine: str = "auto", device: str = "cpu") -> str:
    """Tell why a kind of file cannot be run here, and what would help; "" where it can.

    Args:
        kind: of the model's graph.
        engine: ``auto`` and ``hpip`` mean all that are installed.
        device: ``cpu`` or ``gpu``.
    """
    candidates = readers(kind, device)
    if engine not in ("auto", "hpip"):
        if package(engine) not in candidates:
            return f"engine {engine} does not read .{kind} files; {' or '.join(candidates)} does"
        candidates = [package(engine)]
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
