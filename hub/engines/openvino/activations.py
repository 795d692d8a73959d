"""Activations that exporters write out step by step, as the one operation that OpenVINO has for them.

``restore_gelu``: PP-OCRv6 has x · (1 + erf(x / √2)) · ½ after most of its convolutions: five passes over the
map. As GELU (Hendrycks & Gimpel 2016, with the error function itself) OpenVINO computes it inside the
convolution before it. The detector of PP-OCRv6 small takes 0.7 times as long in bf16 for it.

``drop_identities``: steps that hand on what they get, of which some exporters put one after each convolution,
hide what follows from the rewrites of this package.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from openvino import opset13 as ops

from hub.engines.openvino.graph import constant


def drop_identities(model: Any) -> None:
    """Connect what reads an identity to what it reads."""
    for node in model.get_ordered_ops():
        if node.get_type_name() == "Identity":
            node.output(0).replace(node.input_value(0))


def restore_gelu(model: Any) -> None:
    """Change x · (1 + erf(x / √2)) to 2 · gelu(x); the factor goes into the next convolution."""
    for node in model.get_ordered_ops():
        if node.get_type_name() != "Multiply":
            continue
        for x, factor in itertools.permutations(node.input_values()):
            if _is_erf_of(x, _without(factor, "Add", 1.0)):
                node.output(0).replace(ops.multiply(ops.gelu(x, "erf"), np.float32(2)).output(0))
                break


def _is_erf_of(x: Any, value: Any | None) -> bool:
    """Tell whether it is erf(x / √2)."""
    if value is None or value.get_node().get_type_name() != "Erf":
        return False
    scaled = value.get_node().input_value(0)
    return x in (_without(scaled, "Divide", math.sqrt(2)), _without(scaled, "Multiply", math.sqrt(0.5)))


def _without(value: Any, operation: str, number: float) -> Any | None:
    """Return what an operation with a number is done to; None where it is not this operation and number."""
    node = value.get_node()
    if node.get_type_name() != operation:
        return None
    given, other = node.input_values()
    if operation != "Divide" and constant(given) is not None:
        given, other = other, given
    found = constant(other)
    return (
        given
        if found is not None and found.size == 1 and math.isclose(found.item(), number, rel_tol=1e-6)
        else None
    )
