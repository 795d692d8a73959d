"""``quantize``: the large 1 × 1 convolutions of a graph, computed in int8.

A CPU that multiplies bytes (VNNI) does so at twice the rate of bf16 and four times that of f32, and these
convolutions are most of a recogniser. The loss is kept small by figures that were measured once for a model
(:class:`Rounding`, ``tools/calibrate_int8.py``): w ∗ x becomes

    (w · s) ∗ (x / s) + shift

``s``, one number per input channel, makes the channels alike before all are rounded to the same 256 steps
(SmoothQuant, Xiao et al. 2022); the weights of each output channel are rounded to 255 steps of their own;
and ``shift``, one number per output channel, takes back what the rounding changes on average (Nagel et
al. 2019).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from openvino import opset13 as ops

from hub.engines.files import ModelFiles
from hub.engines.openvino.graph import constant
from hub.errors import EngineError

#: A file of this name beside a model says how its convolutions are rounded.
FILE_NAME: Final = "int8.json"
#: Those of models that HubServing was measured with.
_KNOWN: Final = Path(__file__).parent.with_name("int8")
#: Smaller convolutions gain less than their share of the error.
_LEAST_CHANNELS: Final = 200
#: Of (output channels, input channels, height, width).
_RANK: Final = 4
_REMEDY: Final = "write it anew with tools/calibrate_int8.py, or remove it"
_INPUT_STEPS: Final = 256
_WEIGHT_STEPS: Final = 255

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Rounding:
    """How one convolution is rounded.

    Attributes:
        scale: float32 (input channels,), what the input is divided by.
        step, zero: the input then becomes whole steps of this size, and 0 the step of this number; what is
            below the first or above the last of 256 is cut off.
        shift: float32 (output channels,), what is added to the output.
    """

    scale: Floats
    step: float
    zero: int
    shift: Floats

    def __post_init__(self) -> None:
        if not (self.step > 0 and 0 <= self.zero < _INPUT_STEPS):
            raise ValueError(f"step is {self.step} and zero {self.zero}; allowed are > 0 and 0 to 255")


def large_convolutions(model: Any) -> list[Any]:
    """Return 1 × 1 convolutions with constant weights, 200 or more input channels and more than one pixel."""
    return [node for node in model.get_ordered_ops() if _is_large(node)]


def _is_large(node: Any) -> bool:
    if node.get_type_name() != "Convolution":
        return False
    weights = constant(node.input_value(1))
    return (
        weights is not None
        and weights.dtype == np.float32
        and weights.ndim == _RANK
        and weights.shape[1] >= _LEAST_CHANNELS
        and weights.shape[2:] == (1, 1)
        and list(node.get_input_partial_shape(0))[2:] != [1, 1]
    )


def quantize(model: Any, roundings: Sequence[Rounding]) -> None:
    """Change the first ``len(roundings)`` of the large convolutions.

    Raises:
        EngineError: there are fewer, or with other channels.
    """
    nodes = large_convolutions(model)
    if len(nodes) < len(roundings):
        raise EngineError(f"{FILE_NAME} is for {len(roundings)} convolutions, the model has {len(nodes)}")
    for node, rounding in zip(nodes, roundings, strict=False):
        _quantize(node, rounding)


def _quantize(node: Any, rounding: Rounding) -> None:
    weights = constant(node.input_value(1))
    assert weights is not None  # it is large
    outputs, inputs = weights.shape[:2]
    if (outputs, inputs) != (len(rounding.shift), len(rounding.scale)):
        raise EngineError(
            f"{FILE_NAME} has a convolution of {len(rounding.scale)} to {len(rounding.shift)} channels "
            f"where the model has {inputs} to {outputs}"
        )
    scale = rounding.scale.reshape(1, inputs, 1, 1)
    first, last = -rounding.zero * rounding.step, (_INPUT_STEPS - 1 - rounding.zero) * rounding.step
    low, high = (np.full((1, 1, 1, 1), bound, np.float32) for bound in (first, last))
    rounded = ops.fake_quantize(node.input_value(0), low * scale, high * scale, low, high, _INPUT_STEPS)
    scaled = weights * scale
    largest = np.abs(scaled).max(axis=(1, 2, 3), keepdims=True)
    rounded_weights = ops.fake_quantize(
        ops.constant(scaled), -largest, largest, -largest, largest, _WEIGHT_STEPS
    )
    readers = list(node.output(0).get_target_inputs())
    node.input(0).replace_source_output(rounded.output(0))
    node.input(1).replace_source_output(rounded_weights.output(0))
    shifted = ops.add(node, rounding.shift.reshape(1, outputs, 1, 1))
    for reader in readers:
        reader.replace_source_output(shifted.output(0))


def find_roundings(files: ModelFiles) -> tuple[Rounding, ...]:
    """Return the roundings of a model: from ``int8.json`` beside it, else HubServing's own; or none.

    Raises:
        EngineError: the file beside it cannot be read, or was measured with other weights.
    """
    own = files.graph.with_name(FILE_NAME)
    if not own.is_file():
        digest = fingerprint(files)
        known = (json.loads(path.read_text()) for path in sorted(_KNOWN.glob("*.json")))
        return next((_roundings(content) for content in known if content["sha256"] == digest), ())
    try:
        content = json.loads(own.read_text())
        measured, roundings = content["sha256"], _roundings(content)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineError(f"{own} cannot be read ({error!r}): {_REMEDY}") from error
    if measured != fingerprint(files):
        raise EngineError(f"{own} was measured with other weights: {_REMEDY}")
    return roundings


def fingerprint(files: ModelFiles) -> str:
    """Return the SHA-256 of a model's weights, in hexadecimal."""
    return hashlib.sha256((files.params or files.graph).read_bytes()).hexdigest()


def _roundings(content: dict[str, Any]) -> tuple[Rounding, ...]:
    return tuple(
        Rounding(
            np.array(each["scale"], np.float32),
            float(each["step"]),
            int(each["zero"]),
            np.array(each["shift"], np.float32),
        )
        for each in content["convolutions"]
    )
