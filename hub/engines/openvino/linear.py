"""Convolutions of sums and of enlarged maps, computed where they cost least.

The neck of DB adds an enlarged map to a gated one and convolves the sum; its head convolves four maps side
by side, three of them enlarged: half of the detector's time. But convolution is linear. It is the sum of
the convolutions of each (a *term*), and for most of them there is a shorter way to the same numbers:

* A map enlarged to twice its size, each pixel four times: of the 3 × 3 pixels under the kernel at most 2 × 2
  differ. So a 2 × 2 convolution at the small size does it, with less than half of the multiplications and
  four times the outputs, which are spread out at the end (sub-pixel convolution, Shi et al. 2016).
* A map times a gate, one factor per channel: the kernel takes the factors.
* A map that a 1 × 1 convolution makes of fewer channels: the kernel takes that convolution in. The mean of
  such a map, for its gate, is the convolution of the mean.

Kernels with gates in them differ from image to image: they are computed with it, and a batch is one image.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from openvino import opset13 as ops

from hub.engines.openvino.graph import constant

#: Which rows of a 3 × 3 kernel meet each row of the small map: [part, row of the small kernel, row of the
#: kernel]. Part 0 becomes the odd and part 1 the even rows: what is spread out begins a row above the map.
_ROWS: Final = np.array([[[1, 1, 0], [0, 0, 1]], [[1, 0, 0], [0, 1, 1]]], np.float32)
#: The same for both directions: (9 of the kernel, 4 parts × 4 of the small kernel).
_SPREAD: Final = np.einsum("itk,jul->klijtu", _ROWS, _ROWS).reshape(9, 16)


@dataclass(frozen=True)
class _Maker:
    """A gate (1, channels, 1, 1), or the kernel of a 1 × 1 convolution."""

    value: Any
    is_gate: bool


@dataclass(frozen=True)
class _Term:
    """One convolution of a sum.

    Attributes:
        source: (1, channels, h, w).
        kernel: (outputs, inputs, 3, 3).
        makers: what makes the inputs of the source: gates and 1 × 1 convolutions, the last one first.
        enlarged: whether what is convolved is the source enlarged to twice its size.
    """

    source: Any
    kernel: Any
    makers: list[_Maker]
    enlarged: bool


def split_convolutions(model: Any) -> None:
    """Change 3 × 3 convolutions of something enlarged to sums of convolutions, for batches of one image."""
    for node in model.get_ordered_ops():
        if _is_plain_convolution(node, side=3):
            terms = _terms(node.input_value(0), node.input_value(1))
            if any(term.enlarged for term in terms):
                node.output(0).replace(_sum(terms))


def convolve_apart(model: Any) -> None:
    """Change convolutions with a stride of maps side by side to the sum of each map's convolution.

    The maps need not be copied to stand side by side, and what is added is smaller than they are: the
    detector of PP-OCRv6 takes 5 to 7 % less time in f32 on a page.
    """
    for node in model.get_ordered_ops():
        maps = node.input_value(0).get_node() if node.get_type_name() == "Convolution" else None
        kernel = None if maps is None else constant(node.input_value(1))
        if maps is None or kernel is None or not _stands_side_by_side(maps):
            continue
        found = node.get_attributes()
        if min(found["strides"]) == 1:
            continue
        shape = [found[name] for name in ("strides", "pads_begin", "pads_end", "dilations", "auto_pad")]
        ends = np.cumsum([_channels(each) for each in maps.input_values()])
        parts = np.split(kernel, ends[:-1], axis=1)
        terms = [ops.convolution(*pair, *shape) for pair in zip(maps.input_values(), parts, strict=True)]
        node.output(0).replace(functools.reduce(ops.add, terms).output(0))


def _stands_side_by_side(node: Any) -> bool:
    return (
        node.get_type_name() == "Concat"
        and node.get_attributes()["axis"] == 1
        and all(each.get_partial_shape()[1].is_static for each in node.input_values())
    )


def average_early(model: Any) -> None:
    """Change the mean of what a 1 × 1 convolution widens to the convolution of the mean."""
    for node in model.get_ordered_ops():
        if node.get_type_name() != "ReduceMean":
            continue
        before, after = node.input_value(0), node.output(0)
        convolution = before.get_node()
        if _widens(convolution) and _is_gate(after) and _have_equal_channels([before, after]):
            mean = ops.reduce_mean(convolution.input_value(0), node.input_value(1), keep_dims=True)
            after.replace(_convolution(mean.output(0), convolution.input_value(1)))


def _is_plain_convolution(node: Any, *, side: int) -> bool:
    """Tell whether a convolution has a constant kernel of such sides, and an output of its input's size."""
    if node.get_type_name() != "Convolution" or constant(node.input_value(1)) is None:
        return False
    found = node.get_attributes()
    return (
        list(node.input_value(1).get_shape())[2:] == [side, side]
        and list(found["strides"]) == list(found["dilations"]) == [1, 1]
        and list(found["pads_begin"]) == list(found["pads_end"]) == [side // 2] * 2
        and found["auto_pad"] == "explicit"
    )


def _widens(node: Any) -> bool:
    """Tell whether it is a 1 × 1 convolution to more channels."""
    if not _is_plain_convolution(node, side=1):
        return False
    outputs, inputs = list(node.input_value(1).get_shape())[:2]
    return bool(outputs > inputs)


def _terms(value: Any, kernel: Any) -> list[_Term]:
    value, makers = _simplified(value)
    node = value.get_node()
    inputs = node.input_values()
    if any(_factor(each) for each in inputs):
        kernel, makers = _with_makers(kernel, makers), []
        if node.get_type_name() == "Add" and _have_equal_channels(inputs) and all(map(_is_map, inputs)):
            return [term for each in inputs for term in _terms(each, kernel)]
        if _stands_side_by_side(node):
            sizes = [_channels(each) for each in inputs]
            kernels = ops.variadic_split(kernel, 1, sizes).outputs()
            return [term for pair in zip(inputs, kernels, strict=True) for term in _terms(*pair)]
    factor = _factor(value)
    if factor:
        source, before = _simplified(inputs[0])
        return [_Term(_enlarged(source, factor // 2), kernel, makers + before, enlarged=True)]
    return [_Term(value, kernel, makers, enlarged=False)]


def _simplified(value: Any) -> tuple[Any, list[_Maker]]:
    """Return what comes before gates and widening 1 × 1 convolutions, and these."""
    makers: list[_Maker] = []
    while True:
        node = value.get_node()
        if node.get_type_name() == "Identity":
            value = node.input_value(0)
        elif _widens(node):
            value, maker = node.input_values()
            makers.append(_Maker(maker, is_gate=False))
        elif node.get_type_name() == "Multiply" and _has_gate(node):
            value, maker = sorted(node.input_values(), key=_is_gate)
            makers.append(_Maker(maker, is_gate=True))
        else:
            return value, makers


def _with_makers(kernel: Any, makers: list[_Maker]) -> Any:
    """Return the kernel, of any sides, for the input of the makers."""
    for maker in makers:
        if maker.is_gate:
            kernel = ops.multiply(kernel, maker.value).output(0)
        else:
            # Each filter of the kernel, seen as an image, goes backwards through the 1 × 1 convolution.
            kernel = _convolution(kernel, ops.transpose(maker.value, [1, 0, 2, 3]).output(0))
    return kernel


def _has_gate(product: Any) -> bool:
    inputs = product.input_values()
    return sum(map(_is_gate, inputs)) == 1 and _have_equal_channels(inputs)


def _is_gate(value: Any) -> bool:
    """Tell whether it has one number per channel."""
    return _sides(value) == [1, 1]


def _have_equal_channels(values: list[Any]) -> bool:
    if not all(map(_sides, values)) or any(value.get_partial_shape()[1].is_dynamic for value in values):
        return False
    return len(set(map(_channels, values))) == 1


def _is_map(value: Any) -> bool:
    sides = _sides(value)
    return bool(sides) and all(side.is_dynamic for side in sides)


def _sides(value: Any) -> list[Any]:
    """Return height and width; nothing where it does not have four dimensions."""
    shape = value.get_partial_shape()
    return list(shape)[2:] if shape.rank.is_static and len(shape) == 4 else []


def _channels(value: Any) -> int:
    return int(value.get_partial_shape()[1].get_length())


def _factor(value: Any) -> int:
    """Return by how much a map is enlarged, each pixel repeated; 0 where it is not."""
    node = value.get_node()
    if node.get_type_name() == "Identity":
        return _factor(node.input_value(0))
    if node.get_type_name() != "Interpolate":
        return 0
    found = node.get_attributes()
    repeats = (
        found["mode"] == "nearest"
        and found["shape_calculation_mode"] == "scales"
        and found["coordinate_transformation_mode"] == "asymmetric"
        and found["nearest_mode"] in ("simple", "floor")
        and not any((*found["pads_begin"], *found["pads_end"]))
    )
    scales = constant(node.input_value(2 if len(node.inputs()) > 2 else 1))
    usual = [[1, 1, factor, factor] for factor in (2, 4, 8)]
    return int(scales[2]) if repeats and scales is not None and scales.tolist() in usual else 0


def _enlarged(value: Any, factor: int) -> Any:
    if factor == 1:
        return value
    enlarged = ops.interpolate(
        value,
        np.full(2, factor, np.float32),
        "nearest",
        "scales",
        axes=np.array([2, 3]),
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )
    return enlarged.output(0)


def _sum(terms: list[_Term]) -> Any:
    """Return the convolutions of all terms: those of one size as one, of their maps side by side."""
    sums = []
    for enlarged in (True, False):
        some = [term for term in terms if term.enlarged == enlarged]
        if some:
            source = _side_by_side([term.source for term in some])
            # Spread first: constant kernels are then spread once, and not with every image.
            kernels = [_spread(term.kernel) if enlarged else term.kernel for term in some]
            pairs = zip(kernels, some, strict=True)
            kernel = _side_by_side([_with_makers(each, term.makers) for each, term in pairs])
            sums.append(_at_small_size(source, kernel) if enlarged else _convolution(source, kernel, 1))
    return sums[0] if len(sums) == 1 else ops.add(*sums).output(0)


def _side_by_side(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else ops.concat(values, 1).output(0)


def _spread(kernel: Any) -> Any:
    """Return the four kernels (4 × outputs, inputs, 2, 2) of neighbouring outputs in the enlarged map."""
    outputs, inputs = (kernel.get_partial_shape()[axis].get_length() for axis in (0, 1))
    small = ops.matmul(ops.reshape(kernel, [-1, 9], False), _SPREAD, False, False)
    small = ops.transpose(ops.reshape(small, [outputs, inputs, 4, 2, 2], False), [2, 0, 1, 3, 4])
    return ops.reshape(small, [4 * outputs, inputs, 2, 2], False).output(0)


def _at_small_size(source: Any, kernel: Any) -> Any:
    """Enlarge to twice the size and convolve, with a kernel that is spread."""
    spread = ops.depth_to_space(_convolution(source, kernel, 1), "blocks_first", 2)
    return ops.slice(spread, [1, 1], [-1, -1], [1, 1], [2, 3]).output(0)  # what the padding made


def _convolution(source: Any, kernel: Any, padding: int = 0) -> Any:
    pads = [padding, padding]
    return ops.convolution(source, kernel, [1, 1], pads, pads, [1, 1]).output(0)
