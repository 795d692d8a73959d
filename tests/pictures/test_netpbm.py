"""Netpbm pictures: every kind of number, and every white."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hub.errors import InvalidInputError
from hub.pictures.decode import decoded

pytestmark = pytest.mark.unit
#: (height, width, 3), RGB, of which every white makes the same: shares of 15.
RGB = np.random.default_rng(7).integers(0, 16, (5, 4, 3))
GREY = RGB[..., 0]


def picture(letter: str, values: Any, white: int) -> bytes:
    head = f"P{letter}\n# a comment\n{values.shape[1]} {values.shape[0]}\n{white}\n".encode()
    return head + values.astype(">u2" if white > 255 else "u1").tobytes()


def written_out(letter: str, values: Any, white: int) -> bytes:
    head = f"P{letter}\n{values.shape[1]} {values.shape[0]}\n{white}\n"
    return (head + " ".join(map(str, values.ravel()))).encode()  # without a line's end


def floating(letter: str, values: Any, order: str) -> bytes:
    head = f"P{letter}\n{values.shape[1]} {values.shape[0]}\n{'-' if order == '<' else ''}1.0\n".encode()
    return head + values[::-1].astype(f"{order}f4").tobytes()


def expected(values: Any) -> Any:
    grey = (values * 17).astype(np.uint8)
    return grey[..., ::-1] if grey.ndim == 3 else np.dstack([grey] * 3)


@pytest.mark.parametrize("write", [picture, written_out])
@pytest.mark.parametrize("white", [15, 255, 1000, 4095, 65_535])
@pytest.mark.parametrize("values", [GREY, RGB], ids=["grey", "colour"])
def test_a_picture_is_as_light_as_its_white_says(write: Any, white: int, values: Any) -> None:
    letter = {picture: "56", written_out: "23"}[write][values.ndim - 2]
    found = decoded(write(letter, values * white // 15, white))

    assert np.abs(found.astype(int) - expected(values)).max() <= 1


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("values", [GREY, RGB], ids=["grey", "colour"])
def test_floating_numbers_are_read_in_both_orders_of_bytes(order: str, values: Any) -> None:
    found = decoded(floating("f" if values.ndim == 2 else "F", values / 15, order))

    assert np.abs(found.astype(int) - expected(values)).max() <= 17  # the lightest may be below 1


@pytest.mark.parametrize(
    "data",
    [
        picture("6", RGB, 15)[:-1],
        picture("5", GREY, 4095)[:-3],
        written_out("3", RGB * 200, 4095)[:-9],
        written_out("2", GREY, 1000) + b" word",
        floating("F", RGB / 15, "<")[:-5],
        floating("f", GREY / 15, ">")[:30],
        b"P5\n9999 9999\n15\n",
    ],
    ids=range(7),
)
def test_one_whose_end_is_missing_is_named(data: bytes) -> None:
    with pytest.raises(InvalidInputError, match="it is a Netpbm picture that is damaged or cut off"):
        decoded(data)


@pytest.mark.parametrize("data", [picture("5", GREY, 15), floating("F", RGB / 15, "<")])
def test_none_is_decoded_beyond_the_limit(data: bytes) -> None:
    with pytest.raises(InvalidInputError, match="it has 4 × 5 pixels; at most 19 are allowed"):
        decoded(data, max_pixels=19)
