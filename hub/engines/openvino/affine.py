"""``fold_affine``: scales and shifts of a convolution's input or output, put into its weights.

PP-LCNetV3 has x · s + b before and after every activation, s and b one number each, beside the
convolution's own bias. OpenVINO runs them inside the convolution, but as four more steps, which every
kernel that it prepares for a shape carries along. Convolutions are linear, so

    after it    (w ∗ x + c) · s + b  =  (s · w) ∗ x + (s · c + b)
    before it   w ∗ (x · s + b)      =  (s · w) ∗ x + b · Σw            without padding
                                     =  (s · w) ∗ (x + b / s)           with it, as its zeros stay zeros

A recogniser in bf16 is 3 to 7 % faster for it on changing widths, and its kernels take a fifth less memory.
"""

from __future__ import annotations

import itertools
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from openvino import opset13 as ops

from hub.engines.openvino.graph import constant

Weights = npt.NDArray[np.float64]

#: Of (n, channels, height, width).
_RANK: Final = 4
#: A smaller factor before a padded convolution is left alone: its b / s would drown the input.
_SMALLEST_SCALE: Final = 1e-3


class _Affine(NamedTuple):
    """x · scale + shift, each of one number or one per channel."""

    scale: Weights
    shift: Weights

    def then(self, other: _Affine) -> _Affine:
        return _Affine(self.scale * other.scale, self.shift * other.scale + other.shift)


_SAME: Final = _Affine(np.ones(1), np.zeros(1))


def fold_affine(model: Any) -> None:
    """Change every convolution of ``model`` with constant weights, where there is something to fold."""
    for node in model.get_ordered_ops():
        if node.get_type_name() in ("Convolution", "GroupConvolution"):
            _fold(node)


def _fold(node: Any) -> None:
    weights = constant(node.input_value(1))
    grouped = node.get_type_name() == "GroupConvolution"
    if weights is None or weights.dtype != np.float32 or weights.ndim != _RANK + grouped:
        return
    if grouped and weights.shape[1:3] != (1, 1):  # other groups than depthwise
        return
    source, before = _before(node)
    last, after = _after(node, weights.shape[0])
    found = node.get_attributes()
    padded = any((*found["pads_begin"], *found["pads_end"])) or found["auto_pad"] != "explicit"
    if padded and abs(before.scale.item()) < _SMALLEST_SCALE:
        source, before = node.input_value(0), _SAME
    if source == node.input_value(0) and last is node:
        return
    inner = weights.reshape(len(weights), -1).sum(axis=1, dtype=np.float64)
    bias = after.shift if padded else after.shift + after.scale * before.shift * inner
    scale = (after.scale * before.scale).reshape(-1, *[1] * (weights.ndim - 1))
    if padded and before.shift.any():
        source = ops.add(source, np.float32((before.shift / before.scale).item()))
    convolution = (ops.group_convolution if grouped else ops.convolution)(
        source,
        (weights * scale).astype(np.float32),
        list(found["strides"]),
        list(found["pads_begin"]),
        list(found["pads_end"]),
        list(found["dilations"]),
        found["auto_pad"],
    )
    row = np.broadcast_to(bias, len(weights)).astype(np.float32).reshape(1, -1, 1, 1)
    last.output(0).replace(ops.add(convolution, row).output(0))


def _before(node: Any) -> tuple[Any, _Affine]:
    """Return where the node's input comes from, and the one scale and shift on the way."""
    source, total = node.input_value(0), _SAME
    while _readers(source.get_node()) == 1:
        step = _step(source.get_node(), channels=1)
        if step is None:
            break
        source, affine = step
        total = affine.then(total)
    return source, total


def _after(node: Any, channels: int) -> tuple[Any, _Affine]:
    """Return the last node that only scales and shifts the node's output, and both together."""
    total = _SAME
    while _readers(node) == 1:
        (reader,) = node.output(0).get_target_inputs()
        step = _step(reader.get_node(), channels)
        if step is None:
            break
        node, affine = reader.get_node(), step[1]
        total = total.then(affine)
    return node, total


def _readers(node: Any) -> int:
    return len(node.output(0).get_target_inputs()) if node.get_output_size() == 1 else 0


def _step(node: Any, channels: int) -> tuple[Any, _Affine] | None:
    """Return what the node scales or shifts, and how; None where it does something else."""
    kind = node.get_type_name()
    if kind not in ("Add", "Multiply"):
        return None
    for value, other in itertools.permutations(node.input_values()):
        number = constant(other)
        if number is None or constant(value) is not None or number.ndim > _RANK:
            continue
        if number.size == 1 or number.shape == (1, channels, 1, 1):
            row = number.reshape(-1).astype(np.float64)
            return value, _SAME._replace(scale=row) if kind == "Multiply" else _SAME._replace(shift=row)
    return None
