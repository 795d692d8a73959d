"""Rewrites of a graph for OpenVINO that change how it is computed, not what.

``enlarge_last``: DB's head enlarges its map by two transposed convolutions with stride 2 and 2 × 2
kernels. OpenVINO is slow at these, and computes what comes after them on more and more pixels. But each
of their output pixels comes from one input pixel alone. So all of it can be done at the small size, as
1 × 1 convolutions with a group of channels for each of the future pixels (a *part*), and spread out at
the end (sub-pixel convolution, Shi et al. 2016).

``gate_once``: x + x · g, as DB's neck has it, passes over the whole of x twice; x · (1 + g) does once.
"""

from __future__ import annotations

import itertools
import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from openvino import opset13 as ops

#: Output pixels that a transposed convolution makes of each input pixel.
_PARTS: Final = 4
_ENLARGE: Final = "ConvolutionBackpropData"
_PER_CHANNEL: Final = ("Add", "BatchNormInference", "Relu", "Sigmoid")


def enlarge_last(model: Any) -> None:
    """Change ``model`` so that the enlargement before its results comes last.

    Only where nothing but additions of a constant per channel, batch normalisations, ReLUs and sigmoids
    comes between; any other graph stays as it is.
    """
    for result in model.get_results():
        chain = _chain(result.input_value(0).get_node())
        if chain:
            result.input(0).replace_source_output(_at_small_size(chain).output(0))


def gate_once(model: Any) -> None:
    """Change x + x · g to x · (1 + g) wherever g is one number per channel."""
    for node in model.get_ops():
        if node.get_type_name() != "Add":
            continue
        for x, product in itertools.permutations(node.input_values()):
            maker = product.get_node()
            gates = [each for each in maker.input_values() if each != x]
            is_gated = maker.get_type_name() == "Multiply" and len(gates) == 1
            if is_gated and list(gates[0].get_partial_shape())[2:] == [1, 1]:
                node.output(0).replace(ops.multiply(x, ops.add(gates[0], np.float32(1))).output(0))
                break


def _chain(last: Any) -> list[Any]:
    """Return the nodes from the first that enlarges to ``last``; empty where there is none."""
    nodes: list[Any] = []
    while _enlarges(last) or _is_per_channel(last):
        nodes.insert(0, last)
        last = last.input_value(0).get_node()
    while nodes and not _enlarges(nodes[0]):
        del nodes[0]
    return nodes


def _enlarges(node: Any) -> bool:
    if node.get_type_name() != _ENLARGE or len(node.inputs()) != 2 or not _constants(node):
        return False
    found = node.get_attributes()
    padding = (*found["pads_begin"], *found["pads_end"], *found["output_padding"])
    return (
        list(node.input_value(1).get_shape())[2:] == [2, 2]
        and list(found["strides"]) == [2, 2]
        and found["auto_pad"] == "explicit"
        and not any(padding)
    )


def _is_per_channel(node: Any) -> bool:
    if node.get_type_name() not in _PER_CHANNEL:
        return False
    channels = node.get_output_partial_shape(0)[1]
    constants = _constants(node)
    return (
        channels.is_static
        and len(constants) == len(node.inputs()) - 1
        and all(each.size == channels.get_length() for each in constants)
    )


def _constants(node: Any) -> list[npt.NDArray[np.float32]]:
    """Return those of its inputs after the first that are constant."""
    found = (constant(value) for value in node.input_values()[1:])
    return [each for each in found if each is not None]


def constant(value: Any) -> npt.NDArray[np.float32] | None:
    """Return the numbers behind ``value``, in its own shape; None where they are not constant."""
    node = value.get_node()
    if node.get_type_name() in ("Unsqueeze", "Reshape"):  # around Paddle's biases and depthwise kernels
        inside = constant(node.input_value(0))
        shape = node.get_output_partial_shape(0)
        return inside.reshape(list(shape.to_shape())) if inside is not None and shape.is_static else None
    return np.asarray(node.data) if node.get_type_name() == "Constant" else None


def _at_small_size(chain: list[Any]) -> Any:
    node, parts = chain[0].input_value(0), 1
    for old in chain:
        kind = old.get_type_name()
        constants = _constants(old)
        if kind == _ENLARGE:
            node = ops.convolution(node, _by_parts(constants[0], parts), [1, 1], [0, 0], [0, 0], [1, 1])
            parts *= _PARTS
        elif kind == "BatchNormInference":
            node = ops.batch_norm_inference(
                node, *(np.tile(each, parts) for each in constants), old.get_attributes()["epsilon"]
            )
        elif kind == "Add":
            node = ops.add(node, np.tile(constants[0].reshape(-1), parts).reshape(1, -1, 1, 1))
        else:
            node = ops.relu(node) if kind == "Relu" else ops.sigmoid(node)
    return ops.depth_to_space(node, "blocks_first", math.isqrt(parts))


def _by_parts(kernel: npt.NDArray[np.float32], parts: int) -> npt.NDArray[np.float32]:
    """Return the 1 × 1 kernel with which each part makes four of its own.

    Args:
        kernel: (inputs, outputs, 2, 2) of the transposed convolution.
        parts: how many there are before it, a square, numbered row by row as those after it.

    Returns:
        (4 * parts * outputs, parts * inputs, 1, 1), zero from one part to the pixels of another.
    """
    inputs, outputs = kernel.shape[:2]
    side = math.isqrt(parts)
    spread = np.zeros((side, 2, side, 2, outputs, side, side, inputs), kernel.dtype)
    for row, column in np.ndindex(side, side):
        spread[row, :, column, :, :, row, column] = kernel.transpose(2, 3, 1, 0)
    return spread.reshape(_PARTS * parts * outputs, parts * inputs, 1, 1)
