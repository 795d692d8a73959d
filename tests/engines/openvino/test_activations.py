"""An activation that was written out becomes one step that computes the same, and nothing else does."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops
from openvino.opset16 import identity

from hub.engines.openvino.activations import drop_identities, restore_gelu
from hub.engines.openvino.affine import fold_affine
from hub.engines.openvino.graph import enlarge_last
from tests.engines.openvino.test_affine import CHANNELS, pointwise
from tests.engines.openvino.test_graph import head, kinds, normal, run

pytestmark = pytest.mark.unit

ROOT = np.float32(math.sqrt(2))


def divided(x: Any) -> Any:
    """As PP-OCRv6 has it, with the half at the end."""
    written = ops.multiply(x, ops.add(ops.erf(ops.divide(x, ROOT)), np.float32(1)))
    return ops.multiply(written, np.float32(0.5))


def multiplied(x: Any) -> Any:
    """The same with other orders, and without the half."""
    return ops.multiply(ops.add(np.float32([1]), ops.erf(ops.multiply(1 / ROOT, x))), x)


def built(build: Any) -> Any:
    x = ops.parameter([-1, CHANNELS, -1, -1], np.float32)
    return ov.Model([build(x)], [x])


@pytest.mark.parametrize("written", [divided, multiplied])
def test_a_gelu_that_was_written_out_is_one_step_in_front_of_its_convolution(written: Any) -> None:
    model = built(lambda x: pointwise(written(ops.relu(pointwise(x)))))
    image = normal(2, CHANNELS, 7, 9)
    expected = run(model, image)
    restore_gelu(model)
    fold_affine(model)  # takes the factors that are left
    assert kinds(model).count("Gelu") == 1
    assert not {"Erf", "Multiply", "Divide"} & set(kinds(model))
    np.testing.assert_allclose(run(model, image), expected, atol=1e-5)


@pytest.mark.parametrize(
    "other",
    [
        lambda x: ops.multiply(x, ops.add(ops.erf(ops.divide(x, np.float32(1.5))), np.float32(1))),
        lambda x: ops.multiply(x, ops.add(ops.erf(ops.divide(x, ROOT)), np.float32(2))),
        lambda x: ops.multiply(ops.relu(x), ops.add(ops.erf(ops.divide(x, ROOT)), np.float32(1))),
        lambda x: ops.multiply(x, ops.add(ops.erf(ops.divide(ROOT, x)), np.float32(1))),
    ],
    ids=["another root", "another addend", "another factor", "the root divided"],
)
def test_another_product_stays(other: Any) -> None:
    model = built(other)
    before = kinds(model)
    restore_gelu(model)
    assert kinds(model) == before


def test_identities_between_the_steps_of_a_head_do_not_hide_it() -> None:
    x = ops.parameter([-1, 3, -1, -1], np.float32)
    model = ov.Model([head(x)], [x])
    for node in model.get_ordered_ops():
        if node.get_type_name() in ("ConvolutionBackpropData", "Add", "Relu"):
            readers = node.output(0).get_target_inputs()
            same = identity(node)
            for reader in readers:
                reader.replace_source_output(same.output(0))
    image = normal(2, 3, 6, 9)
    expected = run(model, image)
    drop_identities(model)
    enlarge_last(model)
    assert not {"Identity", "ConvolutionBackpropData"} & set(kinds(model))
    np.testing.assert_allclose(run(model, image), expected, atol=1e-6)
