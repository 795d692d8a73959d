"""Import an engine and say what it can do, in a process of its own: importing one may take it down.

    python -m hub.engines.probe openvino        {"version": "2026.4.1", "devices": ["cpu"], "cuda": null}

On a processor without AVX, or with a wrong CUDA library, the import ends the process instead of raising.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any


def paddle() -> dict[str, Any]:
    import paddle

    has_cuda = paddle.is_compiled_with_cuda()
    cards = paddle.device.cuda.device_count() if has_cuda else 0
    devices = ["cpu", *(f"gpu:{number}" for number in range(cards))]
    return {
        "version": paddle.version.full_version,
        "devices": devices,
        "cuda": paddle.version.cuda() if has_cuda else None,
    }


def openvino() -> dict[str, Any]:
    from hub.engines.converter_left_out import openvino

    return {
        "version": openvino.__version__.partition("-")[0],
        "devices": [str(name).lower() for name in openvino.Core().available_devices],
        "cuda": None,
    }


def onnxruntime() -> dict[str, Any]:
    import onnxruntime

    providers = onnxruntime.get_available_providers()
    has_cuda = "CUDAExecutionProvider" in providers
    return {
        "version": onnxruntime.__version__,
        "devices": ["cpu", *(["gpu"] if has_cuda else [])],
        "cuda": getattr(onnxruntime, "cuda_version", "") or None,
    }


PROBES: dict[str, Callable[[], dict[str, Any]]] = {
    look.__name__: look for look in (paddle, openvino, onnxruntime)
}


if __name__ == "__main__":
    result = json.dumps(PROBES[sys.argv[1]]())
    sys.stdout.write(f"\n{result}\n")  # an engine may have left half a line
