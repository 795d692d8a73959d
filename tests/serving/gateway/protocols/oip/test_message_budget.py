"""What a protobuf message is made of is counted before it is parsed."""

from __future__ import annotations

import time
from typing import Any

import pytest

from hub.errors import InvalidInputError, PayloadTooLargeError
from hub.serving.gateway.protocols.oip import message_budget, tensors
from hub.serving.gateway.protocols.oip.messages import MESSAGES

pytestmark = pytest.mark.unit

REQUEST = MESSAGES["ModelInferRequest"]
SHAPE = message_budget.Shape.of(REQUEST.DESCRIPTOR)
MANY = 1_000_000


def request(**contents: Any) -> bytes:
    message = REQUEST(model_name="a")
    tensor = message.inputs.add(name="numbers", datatype="FP32", shape=[2])
    for name, values in contents.items():
        getattr(tensor.contents, name).extend(values)
    message.parameters["timeout"].int64_param = 5
    message.raw_input_contents.append(b"\x2a\x00" * MANY)
    data: bytes = message.SerializeToString()
    return data


def nested(*numbers: int, inner: bytes) -> bytes:
    """``inner`` in a message in a message, by the fields' numbers."""
    for number in reversed(numbers):
        length, size = b"", len(inner)
        while size > 127:
            length, size = length + bytes([size & 127 | 128]), size >> 7
        inner = bytes([number << 3 | 2]) + length + bytes([size]) + inner
    return inner


def test_usual_messages_pass_also_with_much_in_them() -> None:
    contents = {"bytes_contents": [b"x"] * 1000, "fp64_contents": [0.5] * MANY, "bool_contents": [True] * 9}

    message_budget.check(request(**contents), SHAPE)
    message_budget.check(b"", SHAPE)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"\x2a\x00" * MANY, id="inputs"),
        pytest.param(b"\x22\x00" * MANY, id="parameters"),
        pytest.param(b"\x3a\x00" * MANY, id="raw contents"),
        pytest.param(nested(5, 5, inner=b"\x42\x00" * MANY), id="texts of a tensor"),
        pytest.param(nested(5, inner=b"\x22\x00" * MANY), id="parameters of a tensor"),
        pytest.param(nested(5, inner=b"\x18\x01" * MANY), id="numbers one by one"),
        pytest.param(nested(5, 5, 1, inner=b"\x01" * 5 * MANY), id="numbers in a list"),
        pytest.param(b"\x78\x00" * MANY, id="fields that nobody knows"),
    ],
)
def test_too_many_parts_are_refused_without_counting_them_all(message: bytes) -> None:
    began = time.process_time()
    with pytest.raises(PayloadTooLargeError, match="raw_input_contents"):
        message_budget.check(message, SHAPE)
    assert time.process_time() - began < 5


def test_the_width_of_numbers_is_that_of_their_type() -> None:
    eight_bytes_each = nested(5, 5, 7, inner=b"\x00" * 8 * 2 * MANY)

    message_budget.check(eight_bytes_each, SHAPE)


@pytest.mark.parametrize(
    "message", [b"\xff" * 20, b"\x2a", b"\x2a\x05a", b"\x0b\x0c", b"\x08", nested(5, inner=b"\x0a\x09")]
)
def test_what_is_no_message_is_refused(message: bytes) -> None:
    with pytest.raises(InvalidInputError):
        message_budget.check(message, SHAPE)


def test_elements_of_a_tensor_are_counted_before_they_are_made() -> None:
    with pytest.raises(PayloadTooLargeError, match="1000000 elements at most, not 2000000"):
        tensors.from_raw("a", "BYTES", (2 * MANY,), b"\x00" * 8 * MANY)
    with pytest.raises(InvalidInputError, match="means 2 elements, there are more"):
        tensors.from_raw("a", "BYTES", (2,), b"\x00" * 8 * MANY)
