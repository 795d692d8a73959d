"""The one JSON reply: which Python values it can carry, and what they become."""

from __future__ import annotations

import datetime
import json
import math
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pytest

from hub import envelope

pytestmark = pytest.mark.unit

VALUES: list[tuple[Any, Any]] = [
    (None, None),
    ("你好 \u2028 \0", "你好 \u2028 \0"),
    ((1, 2), [1, 2]),
    ({1: "a", "b": 2}, {"1": "a", "b": 2}),
    ({"a": float("nan"), "b": math.inf}, {"a": None, "b": None}),
    (np.arange(4, dtype=np.float32).reshape(2, 2), [[0.0, 1.0], [2.0, 3.0]]),
    (np.array([[1, 2], [3, 4]])[:, ::-1], [[2, 1], [4, 3]]),
    ([np.int64(7), np.float32(0.5), np.bool_(True)], [7, 0.5, True]),
    (np.array(["a", "b"]), ["a", "b"]),
    (np.array([1 + 0j]).real, [1.0]),
    (b"\x00\xff", "AP8="),
    (datetime.date(2024, 2, 29), "2024-02-29"),
    (PurePosixPath("/a/b"), "/a/b"),
    (range(3), [0, 1, 2]),
    (10**30, 10**30),
    ([[], {}, ""], [[], {}, ""]),
]


@pytest.mark.parametrize(("value", "expected"), VALUES, ids=[repr(value)[:40] for value, _ in VALUES])
def test_a_value_becomes_json(value: Any, expected: Any) -> None:
    assert json.loads(envelope.dumps(value)) == expected


@pytest.mark.parametrize(("value", "expected"), VALUES, ids=[repr(value)[:40] for value, _ in VALUES])
def test_without_orjson_it_becomes_the_same(
    value: Any, expected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(envelope, "orjson", None)

    assert json.loads(envelope.dumps(value)) == expected


@pytest.mark.parametrize("value", [object(), 1j, [print], {"a": {"b": object()}}])
@pytest.mark.parametrize("has_orjson", [True, False])
def test_what_has_no_json_form_is_a_type_error_that_names_it(
    value: Any, has_orjson: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_orjson:
        monkeypatch.setattr(envelope, "orjson", None)
    with pytest.raises(TypeError, match=r"(object|complex|builtin_function_or_method) has no JSON form"):
        envelope.dumps(value)


def test_a_value_that_holds_itself_is_an_error_not_a_crash() -> None:
    ring: list[Any] = []
    ring.append(ring)
    with pytest.raises((TypeError, ValueError, RecursionError)):
        envelope.dumps(ring)


def test_text_is_utf_8_not_escaped() -> None:
    assert envelope.dumps("你好") == '"你好"'.encode()


@pytest.mark.parametrize(("style", "status"), [("1.x", "0"), ("2.x", "000")])
def test_a_success_has_paddlehub_s_keys_in_its_order(style: str, status: str) -> None:
    text = envelope.success(b'["a"]', 'say "hi"', style).decode()

    assert list(json.loads(text)) == ["msg", "results", "status"]
    assert json.loads(text) == {"msg": 'say "hi"', "results": ["a"], "status": status}


def test_a_failure_has_empty_results() -> None:
    assert json.loads(envelope.failure("why\n", "112")) == {"msg": "why\n", "results": "", "status": "112"}


@pytest.mark.parametrize(
    "data", [b"", b"{", b"nan", b"[1,]", b"\xff", b'{"a":1} x', b"[NaN,]", b"[" * 100_000]
)
def test_what_is_no_json_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        envelope.loads(data)


@pytest.mark.parametrize("has_orjson", [True, False])
@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'[NaN, Infinity, -Infinity, "NaN"]', [None, math.inf, -math.inf, "NaN"]),
        (b"[1e400, -2.5E+999]", [math.inf, -math.inf]),
        (b'{"\\ud800": "a\\udfff"}', {"\ud800": "a\udfff"}),
        (b'["\xed\xa0\x80"]', ["\ud800"]),
        (b'\xef\xbb\xbf["a"]', ["a"]),
    ],
)
def test_all_that_json_loads_reads_is_read(
    text: bytes, value: Any, has_orjson: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_orjson:
        monkeypatch.setattr(envelope, "orjson", None)
    found = envelope.loads(memoryview(text))

    assert [None if each != each else each for each in found] == list(value)


def test_what_only_json_loads_reads_is_read_up_to_a_size_unless_its_writer_is_trusted() -> None:
    text = b'["%s", NaN]' % (b"a" * envelope.TOLERANT_BYTES)
    with pytest.raises(ValueError, match="up to 1 MB"):
        envelope.loads(text)

    assert len(envelope.loads(text, trusted=True)) == 2


def test_nesting_is_limited_also_beside_what_only_json_loads_reads() -> None:
    with pytest.raises(ValueError):
        envelope.loads(b"[NaN," + b"[" * 200_000)


def test_half_a_surrogate_pair_is_sent_as_an_escape() -> None:
    sent = envelope.dumps({"a": ["\ud800", "ü", math.nan]})

    assert sent == b'{"a": ["\\ud800", "\\u00fc", null]}'
    assert envelope.loads(sent) == {"a": ["\ud800", "ü", None]}


def test_what_was_read_can_be_written_exactly() -> None:
    sent = envelope.dumps_exactly({"a": math.nan, "b": None, "c": np.array([1.5, math.inf]), "d": "\ud800"})

    assert sent == b'{"a":NaN,"b":null,"c":[1.5,Infinity],"d":"\\ud800"}'


@pytest.mark.parametrize("style", envelope.SUCCESS_STATUS)
@pytest.mark.parametrize(
    "results", [b"[1.50, 1e22]", b'{"status":"1"}', b"123456789012345678901234567890", b'""']
)
@pytest.mark.parametrize("msg", ["", "dark, \u2028", '","results":'])
def test_an_envelope_is_taken_apart_to_the_last_digit(style: Any, results: bytes, msg: str) -> None:
    assert envelope.taken_apart(envelope.success(results, msg, style)) == (results, msg)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"msg":1,"results":1,"status":"0"}', b'"a"\n"b"'])
def test_what_is_not_an_envelope_is_not_taken_apart(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        envelope.taken_apart(data)
