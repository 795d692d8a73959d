"""A network with several named inputs, by Paddle or ONNX Runtime. For one thread at a time."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hub.engines.files import names_in
from hub.errors import EngineError, ModelNotFoundError
from hub.settings import engine_threads

_GPU_MEMORY_MB = 2000

#: Takes float32 arrays by name and gives the outputs in the graph's order.
Run = Callable[[Mapping[str, Any]], list[Any]]


def load(folder: Path, *, use_gpu: bool, enable_mkldnn: bool) -> tuple[list[str], Run]:
    """Return the names of the inputs, and a function that runs the network.

    Raises:
        ModelNotFoundError: the folder holds no model, or more than one.
        EngineError: the engine cannot load it, or has no CUDA.
    """
    pairs = [path for path in _graphs(folder) if path.with_suffix(".pdiparams").is_file()]
    graphs = pairs or sorted(folder.glob("*.onnx"))
    if len(graphs) != 1:
        raise ModelNotFoundError(
            f"{folder} must hold one model: NAME.pdmodel (or NAME.json) with NAME.pdiparams, or one .onnx "
            f"file; it holds {names_in(folder)}"
        )
    try:
        if pairs:
            return _load_paddle(graphs[0], use_gpu, enable_mkldnn)
        return _load_onnx(graphs[0], use_gpu)
    except ImportError as error:
        raise EngineError(f"{graphs[0].name} needs a package that is not installed: {error}") from error
    except (RuntimeError, ValueError) as error:
        raise EngineError(f"{graphs[0]} cannot be loaded: {error}") from error


def _graphs(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.pdmodel")) or sorted(folder.glob("*.json"))


def _load_paddle(graph: Path, use_gpu: bool, enable_mkldnn: bool) -> tuple[list[str], Run]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="No ccache found")
        import paddle
        from paddle import inference
    config = inference.Config(str(graph), str(graph.with_suffix(".pdiparams")))
    config.disable_glog_info()
    if use_gpu:
        if not paddle.is_compiled_with_cuda():
            raise EngineError(
                f"use_gpu needs a CUDA build of Paddle; {paddle.version.full_version} installed here is for "
                "CPU only: install paddlepaddle-gpu, or set use_gpu to false"
            )
        config.enable_use_gpu(_GPU_MEMORY_MB, 0)
    else:
        config.disable_gpu()
        config.set_cpu_math_library_num_threads(engine_threads())
        # On unless told otherwise, and Paddle 3.3.1 then divides (4, 4) by (4,) along the wrong axis.
        (config.enable_mkldnn if enable_mkldnn else config.disable_mkldnn)()
    predictor = inference.create_predictor(config)
    names = predictor.get_input_names()

    def run(inputs: Mapping[str, Any]) -> list[Any]:
        for name in names:
            predictor.get_input_handle(name).copy_from_cpu(inputs[name])
        predictor.run()
        return [predictor.get_output_handle(name).copy_to_cpu() for name in predictor.get_output_names()]

    return names, run


def _load_onnx(graph: Path, use_gpu: bool) -> tuple[list[str], Run]:
    import onnxruntime as ort

    if use_gpu and "CUDAExecutionProvider" not in ort.get_available_providers():
        raise EngineError("use_gpu needs a CUDA build of ONNX Runtime: install onnxruntime-gpu")
    options = ort.SessionOptions()
    options.intra_op_num_threads = engine_threads()
    provider = "CUDAExecutionProvider" if use_gpu else "CPUExecutionProvider"
    session = ort.InferenceSession(str(graph), options, providers=[provider])
    names = [each.name for each in session.get_inputs()]

    def run(inputs: Mapping[str, Any]) -> list[Any]:
        outputs = session.run(None, {name: inputs[name] for name in names})
        return [np.asarray(output) for output in outputs]

    return names, run
