"""The protocol between OCR code and the library that executes its graph.

    model = load("…/PP-OCRv4_mobile_rec", normalize=CENTERED, padded=True, top1=True)
    (ids, scores), = model.run_many([Batch(images, widths)])

A model takes a batch of ``uint8`` images and hands back arrays. Normalisation and the final
argmax belong to the model, not to the caller, because OpenVINO does both inside the graph:
a recogniser's 6 625 floats per step then never leave it.

Every engine lives in its own file and is imported only when chosen.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypedDict, Unpack, get_args

import numpy as np
import numpy.typing as npt

from hub.engines import available
from hub.engines.files import Kind, ModelFiles, find_model_files
from hub.errors import EngineError
from hub.settings import engine_threads, provide_home, wants_hpip

log = logging.getLogger(__name__)

Engine = Literal["auto", "hpip", "openvino", "onnxruntime", "tensorrt", "paddle"]
Precision = Literal["auto", "f32", "bf16", "int8"]
Device = Literal["cpu", "gpu"]
Array = npt.NDArray[Any]
Images = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Normalize:
    """``(pixel / 255 - mean) / std`` per channel, in the channel order of the input (BGR)."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


#: The scaling that the PP-OCR classifier and recogniser were trained with: [0, 255] to [-1, 1].
CENTERED: Final = Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


@dataclass(frozen=True)
class Batch:
    """One input of a model.

    Attributes:
        images: uint8 (n, height, width, 3), BGR.
        widths: valid columns of each image; the columns right of them become exactly zero *after*
            normalisation, which is how PP-OCR pads. None where nothing is padded.
    """

    images: Images
    widths: tuple[int, ...] | None = None


class LoadedModel(Protocol):
    """A model in memory, ready to run. Safe to call from several threads at once.

    Attributes:
        engine: name of the engine that runs it.
        precision: ``f32`` or ``bf16``.
        provider: on a card, what ONNX Runtime computes by; else "".
        parallel: how many batches ``run_many`` works on at the same time.
        prefers_few_shapes: it prepares kernels for every new input shape, so batches of one image
            and few different sizes are better than fewer, larger batches.
        dictionary: a recogniser's, a line for each class, where an ``.onnx`` file has it inside; else "".
        classes: length of the output's last axis; 0 before the first run.
    """

    engine: str
    precision: str = "f32"
    provider: str = ""
    parallel: int = 1
    prefers_few_shapes: bool = False
    dictionary: str = ""
    classes: int = 0

    def run_many(self, batches: Iterable[Batch]) -> Iterator[tuple[Array, ...]]:
        """Run batches and yield each one's outputs, in the order of the input.

        The input is drawn lazily, a few batches ahead of what is computed, so that preparing
        one batch and executing another overlap and memory stays bounded. With ``top1``, outputs are
        ``(ids, scores)``: argmax (integer) and max (float32) over the last axis of the graph's
        output; otherwise the one float32 array that the graph ends in.

        Raises:
            EngineError: the engine failed, with its own words.
        """
        ...


def present_precision(asked: Precision) -> Precision:
    """Return what is meant today by a precision that a configuration may have."""
    if asked != "int8":
        return asked
    _say_that_int8_is_gone()
    return "auto"


@cache
def _say_that_int8_is_gone() -> None:
    log.warning(
        'precision "int8" no longer exists, because it lost over a third of the text in columns; '
        'it runs as "auto": take it out of init_args'
    )


#: Advice where Paddle is not to run a model in Paddle 3's own format.
_CONVERT: Final = 'convert the model to ONNX with paddle2onnx (doc/ocr.md, "Models of your own")'
#: Kernels that OpenVINO keeps, enough for three to five shapes of a PP-OCR model.
DEFAULT_KERNELS: Final = 200


class EngineOptions(TypedDict, total=False):
    """Keyword arguments of :func:`load` that choose how a model is executed; see :class:`Execution`."""

    engine: Engine
    precision: Precision
    threads: int | None
    device: Device
    onednn: bool
    kernels: int


@dataclass(frozen=True)
class Execution:
    """How a model is executed.

    Attributes:
        engine: ``auto`` takes OpenVINO where it is installed and can load the model, otherwise
            the engine that is there; a name insists on it. ``hpip`` insists on a faster engine than
            Paddle for every model that one can read; ``PADDLEX_HPS_USE_HPIP`` makes ``hpip`` of ``auto``.
            ``tensorrt`` is ONNX Runtime's on a card, and never taken by itself.
        precision: ``bf16`` needs OpenVINO. ``auto`` is bf16 where OpenVINO runs and the CPU has instructions
            for it, else f32. ``int8``, of earlier releases, is ``auto``.
        threads: cores to use, by default the server's share (:func:`hub.settings.engine_threads`).
        device: ``gpu`` needs a CUDA build of Paddle or ONNX Runtime.
        onednn: Paddle on CPU only: its oneDNN kernels (the same results, several times faster).
        kernels: OpenVINO only: how many kernels of a kind a stream keeps for the shapes seen last.

    Raises:
        EngineError: a value is not one of those allowed.
    """

    engine: Engine = "auto"
    precision: Precision = "auto"
    threads: int | None = None
    device: Device = "cpu"
    onednn: bool = True
    kernels: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "precision", present_precision(self.precision))
        for name, literal in {"engine": Engine, "precision": Precision, "device": Device}.items():
            value, allowed = getattr(self, name), get_args(literal)
            if value not in allowed:
                raise EngineError(f"{name} is {value!r}; allowed are {', '.join(allowed)}")
        if self.engine == "tensorrt" and self.device != "gpu":
            raise EngineError("engine tensorrt runs on NVIDIA cards: set use_gpu to true, or another engine")


@dataclass(frozen=True)
class LoadRequest:
    """A model and how it is used.

    Attributes:
        normalize: how pixels become numbers.
        padded: batches carry ``widths``.
        top1: hand back argmax and max over the last axis instead of that axis.
        wide: a batch runs on several cores, for a step that has one batch per request; otherwise
            each batch runs on one core, and a request's batches run side by side.
        single: every batch is one image, which lets OpenVINO put more of a graph into its kernels.
    """

    files: ModelFiles
    normalize: Normalize
    padded: bool = False
    top1: bool = False
    wide: bool = False
    single: bool = False
    execution: Execution = field(default_factory=Execution)

    @property
    def threads(self) -> int:
        """Cores to use."""
        return self.execution.threads or engine_threads()


def load(
    model_dir: str | Path,
    *,
    normalize: Normalize,
    padded: bool = False,
    top1: bool = False,
    wide: bool = False,
    single: bool = False,
    **options: Unpack[EngineOptions],
) -> LoadedModel:
    """Load a model folder into an engine.

    Args:
        model_dir: folder with ``inference.pdmodel`` (or ``inference.json``) and
            ``inference.pdiparams``, or with one ``.onnx`` file.
        normalize: see :class:`LoadRequest`, as for the next four.
        padded: batches carry ``widths``.
        top1: hand back argmax and max over the last axis.
        wide: a batch runs on several cores.
        single: every batch is one image.
        **options: see :class:`Execution`.

    Raises:
        ModelNotFoundError: the folder or a file in it is missing.
        EngineError: no such engine, not installed, or it cannot load the model.
    """
    execution = Execution(**options)
    files = find_model_files(model_dir)
    return load_model(LoadRequest(files, normalize, padded, top1, wide, single, execution))


def load_model(request: LoadRequest) -> LoadedModel:
    """Load a model as :func:`load` does; raises EngineError."""
    engine, device = request.execution.engine, request.execution.device
    if device == "gpu":
        available.require_card()
    if engine not in ("auto", "hpip"):
        return _load_with(engine, request)
    candidates = available.readers(request.files.kind, device)
    if engine == "hpip" or wants_hpip():
        _require_fast(request, [name for name in candidates if name != "paddle"])
    present = [name for name in candidates if available.is_installed(name)]
    if not present:
        why = available.obstacle(request.files.kind, engine, device)
        other = f"; or {_CONVERT}" if request.files.kind == "json" else ""
        raise EngineError(f"no engine here runs {request.files.graph}: {why}{other}")
    *others, last = present
    for name in others:
        try:
            return _load_with(name, request)
        except EngineError as error:
            log.warning("%s; trying the next engine", error)
    return _load_with(last, request)


def can_read(engine: Engine, model_dir: str | Path) -> bool:
    """Tell whether an engine reads the kind of file in a folder; ``auto`` and ``hpip`` read all."""
    kinds = available.READS.get(available.package(engine))
    return kinds is None or find_model_files(model_dir).kind in kinds


def _require_fast(request: LoadRequest, fast: list[str]) -> None:
    """Raise EngineError where a faster engine than Paddle could run the model, but none is installed."""
    graph, device = request.files.graph.name, request.execution.device
    if not fast:
        log.info("no engine faster than Paddle reads %s on %s", graph, device)
    elif not any(map(available.is_installed, fast)):
        how = available.how_to_install(fast[0], device)
        raise EngineError(f"use_hpip needs {' or '.join(fast)} for {graph}, which is not installed: {how}")


def _load_with(engine: str, request: LoadRequest) -> LoadedModel:
    device, package = request.execution.device, available.package(engine)
    if not available.is_installed(engine):
        raise EngineError(f"engine {engine!r} is not installed: {available.how_to_install(engine, device)}")
    readers = available.readers(request.files.kind)
    if package not in readers:
        raise EngineError(f"{engine} cannot read {request.files.graph}; {_advice(request.files.kind)}")
    precision = request.execution.precision
    if precision == "bf16" and engine != "openvino":
        raise EngineError(
            f"precision {precision} is offered by engine openvino, not by {engine}: use f32 or auto"
        )
    provide_home()
    loaded: LoadedModel = import_module(f"hub.engines.{package}").load_model(request)
    return loaded


def _advice(kind: Kind) -> str:
    """Return what to do with a file that the chosen engine cannot read."""
    if kind == "json":
        return f'only paddle reads this format of Paddle 3: set "engine" to "paddle" or "auto", or {_CONVERT}'
    return f'{" or ".join(available.readers(kind))} can: set "engine" to one of these, or to "auto"'
