"""Compressed bodies, unpacked within a limit."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import pytest

from hub.errors import InvalidInputError, MediaTypeError, PayloadTooLargeError
from hub.serving.gateway import unpack

pytestmark = pytest.mark.unit

DATA = bytes(range(256)) * 2000 + b"the end"


def raw_deflate(data: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-15)
    return deflate.compress(data) + deflate.flush()


def unpacked(data: bytes, coding: str = "gzip", limit: int = 10**7) -> tuple[bytes, int]:
    """The body, and how many bytes were booked."""
    booked = 0

    def book(size: int) -> None:
        nonlocal booked
        booked += size
        if booked > limit:
            raise PayloadTooLargeError(str(booked))

    return unpack.unpack(data, coding, book), booked


@pytest.mark.parametrize(
    ("header", "coding"),
    [("", ""), ("identity", ""), ("gzip", "gzip"), ("GZip ", "gzip"), ("x-gzip", "gzip"),
     ("deflate", "deflate"), ("identity, gzip", "gzip")],
)  # fmt: skip
def test_a_coding_is_known_by_its_names(header: str, coding: str) -> None:
    assert unpack.coding(header) == coding


@pytest.mark.parametrize("header", ["br", "zstd", "compress", "gzip, gzip", "deflate, br", "gzipp"])
def test_another_coding_is_refused_by_name(header: str) -> None:
    with pytest.raises(MediaTypeError, match=f"'{header}' is not read here; send gzip, deflate"):
        unpack.coding(header)


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        pytest.param("gzip", gzip.compress, id="gzip"),
        pytest.param(
            "gzip", lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:]), id="two streams"
        ),
        pytest.param("gzip", lambda data: gzip.compress(data) + bytes(512), id="filled up with zeros"),
        pytest.param("gzip", lambda data: gzip.compress(data, 0), id="stored"),
        pytest.param("deflate", zlib.compress, id="deflate"),
        pytest.param("deflate", raw_deflate, id="deflate without a header"),
    ],
)
def test_a_body_is_unpacked_and_booked(coding: str, pack: Callable[[bytes], bytes]) -> None:
    for data in (DATA, b"", b"{}"):
        assert unpacked(pack(data), coding) == (data, len(data))


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_no_body_is_no_body(coding: str) -> None:
    assert unpacked(b"", coding) == (b"", 0)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b'{"texts": []}', "is not gzip", id="not compressed"),
        pytest.param(zlib.compress(DATA), "is not gzip", id="deflate"),
        pytest.param(gzip.compress(DATA)[:-9], "is cut off", id="cut"),
        pytest.param(gzip.compress(DATA)[:5], "is cut off", id="cut in its header"),
        pytest.param(gzip.compress(DATA)[:-4] + b"1234", "is not gzip", id="another length"),
        pytest.param(gzip.compress(DATA) + b"x", "is cut off", id="something behind"),
        pytest.param(gzip.compress(b"") * 1000, "more than 16 streams", id="a thousand streams"),
    ],
)
def test_what_cannot_be_unpacked_is_named(data: bytes, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        unpacked(data)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_bomb_is_cut_at_the_limit(coding: str) -> None:
    pack = gzip.compress if coding == "gzip" else zlib.compress
    with pytest.raises(PayloadTooLargeError) as error:
        unpacked(pack(bytes(50_000_000)), coding, 1_000_000)

    assert int(str(error.value)) < 1_500_000
