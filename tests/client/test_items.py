"""A stream's bytes as a client reads them: items at once, the end by its last line."""

from __future__ import annotations

from typing import Any

import pytest

from hub.client.replies import Items
from hub.errors import ConnectionLostError, DeadlineError, ReplyError, RequestError, UnknownModuleError

pytestmark = pytest.mark.unit


def read(*parts: bytes) -> tuple[list[Any], str]:
    items = Items("r-1")
    found = [item for part in parts for item in items.take(part)]
    return found, items.end()


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_items_are_the_same_however_the_bytes_are_cut(size: int) -> None:
    data = '{"a":1}\n"\u2028\x85"\n[2]\n{"status":"0"}\n'.encode()
    parts = [data[start : start + size] for start in range(0, len(data), size)]

    assert read(*parts) == ([{"a": 1}, "\u2028\x85", [2]], "")


def test_an_item_is_given_as_soon_as_its_line_is_whole() -> None:
    items = Items()

    assert [list(items.take(part)) for part in (b"1\n2", b"3\n", b"")] == [[1], [23], []]


def test_an_item_that_looks_like_the_end_is_one_where_more_follows() -> None:
    assert read(b'{"status":"0"}\n{"status":"7"}\n{"status":"0"}\n')[0] == [{"status": "0"}, {"status": "7"}]


@pytest.mark.parametrize("status", ["0", "000"])
def test_remarks_are_told_at_the_end(status: str) -> None:
    assert read(b'{"msg":"a remark","status":"%b"}\n' % status.encode()) == ([], "a remark")


@pytest.mark.parametrize(
    ("more", "error"),
    [
        (b',"error":"DeadlineError"', DeadlineError),
        (b',"error":"dict"', RequestError),
        (b"", RequestError),
        (b',"error":"UnknownModuleError"', UnknownModuleError),
    ],
)
def test_the_error_of_the_last_line_is_raised_by_its_class(more: bytes, error: type[RequestError]) -> None:
    with pytest.raises(error, match="too late") as caught:
        read(b'1\n{"msg":"too late","results":"","status":"101"%b}\n' % more)
    assert type(caught.value) is error
    assert caught.value.request_id == "r-1"


@pytest.mark.parametrize("data", [b"", b"1\n", b'1\n{"status":"0"}', b'1\n{"status":"0"}\n2'])
def test_a_stream_without_its_last_line_broke_off(data: bytes) -> None:
    with pytest.raises(ConnectionLostError, match="broke off"):
        read(data)


def test_a_line_that_is_not_json_is_not_a_module_s() -> None:
    with pytest.raises(ReplyError, match="not JSON"):
        read(b"<html>\n")
