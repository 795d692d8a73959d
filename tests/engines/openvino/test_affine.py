"""Folding changes how many steps a graph has, never what it computes, and only where it may."""

from __future__ import annotations

from typing import Any

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from hub.engines.openvino.affine import fold_affine
from tests.engines.openvino.test_graph import kinds, normal, run

pytestmark = pytest.mark.unit

CHANNELS = 6


def affine(x: Any, scale: float = 0.7, shift: float = -1.3) -> Any:
    return ops.add(ops.multiply(np.float32([scale]), x), np.float32([shift]))


def pointwise(x: Any, outputs: int = CHANNELS) -> Any:
    return ops.convolution(x, normal(outputs, CHANNELS, 1, 1), [1, 1], [0, 0], [0, 0], [1, 1])


def depthwise(x: Any) -> Any:
    return ops.group_convolution(x, normal(CHANNELS, 1, 1, 3, 3), [2, 1], [1, 1], [1, 1], [1, 1])


def biased(x: Any) -> Any:
    return ops.add(x, normal(1, CHANNELS, 1, 1))


def folded(build: Any) -> tuple[Any, Any, Any]:
    """The graph after folding, and what it computed of one input before and after."""
    x = ops.parameter([-1, CHANNELS, -1, -1], np.float32)
    model = ov.Model([build(x)], [x])
    image = normal(2, CHANNELS, 7, 9)
    before = run(model, image)
    fold_affine(model)
    return model, before, run(model, image)


@pytest.mark.parametrize("convolution", [pointwise, depthwise])
def test_a_block_of_pp_lcnet_computes_the_same_with_fewer_steps(convolution: Any) -> None:
    model, before, after = folded(lambda x: affine(biased(convolution(affine(ops.hswish(x))))))
    assert kinds(model).count("Multiply") == 0
    np.testing.assert_allclose(after, before, atol=2e-5)


def test_the_border_of_a_padded_convolution_stays_zero() -> None:
    model, before, after = folded(lambda x: depthwise(affine(ops.relu(x), 0.5, 4.0)))
    assert kinds(model).count("Add") == 2  # the shift before it, which zeros may not get, and a bias
    np.testing.assert_allclose(after, before, atol=2e-5)


def test_a_factor_near_zero_before_padding_stays() -> None:
    model, before, after = folded(lambda x: depthwise(affine(ops.relu(x), 1e-6, 4.0)))
    assert kinds(model).count("Multiply") == 1
    np.testing.assert_array_equal(after, before)


def test_what_others_read_too_stays() -> None:
    def build(x: Any) -> Any:
        shared = affine(ops.relu(x))
        return ops.add(pointwise(shared), shared)

    model, before, after = folded(build)
    assert kinds(model).count("Multiply") == 1
    np.testing.assert_array_equal(after, before)


def test_a_gate_that_is_computed_stays() -> None:
    def build(x: Any) -> Any:
        y = pointwise(x)
        return ops.multiply(y, ops.reduce_mean(y, np.array([2, 3]), keep_dims=True))

    model, before, after = folded(build)
    assert kinds(model).count("Multiply") == 1
    np.testing.assert_array_equal(after, before)


def test_a_convolution_of_sequences_stays() -> None:
    x = ops.parameter([-1, CHANNELS, -1], np.float32)
    y = ops.convolution(affine(ops.relu(x)), normal(4, CHANNELS, 3), [1], [1], [1], [1])
    model, sequence = ov.Model([y], [x]), normal(2, CHANNELS, 9)
    before = run(model, sequence)
    fold_affine(model)
    assert kinds(model).count("Multiply") == 1
    np.testing.assert_array_equal(run(model, sequence), before)
