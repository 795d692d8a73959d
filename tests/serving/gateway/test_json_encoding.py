"""JSON in the encodings that json.loads reads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub import envelope
from hub.errors import NotJSONError
from hub.serving.gateway.json_encoding import as_utf8

pytestmark = pytest.mark.unit

VALUE: Any = {"texts": ["a", "ü", "字😀"], "n": 1.5}
TEXT = json.dumps(VALUE, ensure_ascii=False)


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"],
)
def test_each_encoding_becomes_utf_8(encoding: str) -> None:
    assert as_utf8(TEXT.encode(encoding)) == TEXT.encode()


def test_half_a_surrogate_pair_is_kept_for_the_parser() -> None:
    text = '["\ud800"]'.encode("utf-16", "surrogatepass")

    assert envelope.loads(as_utf8(text)) == ["\ud800"]


@pytest.mark.parametrize("text", [b"", b"1", b"{", b"{}", b"\xff", b"{" * 100, b"a\xffb"])
def test_all_else_is_left_as_it_is(text: bytes) -> None:
    assert as_utf8(text) == text


@pytest.mark.parametrize("text", [b"\xff\xfe{", b"\0{\0{\0", b"\xff\xfe\0\0{\0\0"])
def test_a_text_cut_within_a_character_is_not_json(text: bytes) -> None:
    with pytest.raises(NotJSONError, match="not JSON"):
        as_utf8(text)


def test_only_utf_8_may_be_long() -> None:
    text = f'"{"a" * envelope.TOLERANT_BYTES}"'
    with pytest.raises(NotJSONError, match=r"UTF-16.* up to 1 MB; send UTF-8"):
        as_utf8(text.encode("utf-16"))

    assert as_utf8(text.encode("utf-8-sig")) == text.encode()
