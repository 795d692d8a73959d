"""Output never fails for the encoding of a terminal or pipe."""

from __future__ import annotations

import io
import json
import sys

import pytest

from hub import output
from hub.cli import render

pytestmark = pytest.mark.unit


ENCODINGS = ("ascii", "latin-1")


def narrow(monkeypatch: pytest.MonkeyPatch, encoding: str) -> io.BytesIO:
    """Give this process a stdout and stderr of few characters; what is written there."""
    written = io.BytesIO()
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(written, encoding, write_through=True))
    output.accept_all_text()
    return written


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_line_shows_what_its_encoding_lacks_as_escapes(
    monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    written = narrow(monkeypatch, encoding)
    render.line("证书 \udcff")
    render.table(("a",), [("证",)])
    render.problem("Error", "书")

    assert b"\\u8bc1\\u4e66 \\udcff\n" in written.getvalue()
    assert b"Error: \\u4e66" in written.getvalue()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_json_stays_json(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    written = narrow(monkeypatch, encoding)
    render.as_json({"a": "证é😀"})

    assert json.loads(written.getvalue()) == {"a": "证é😀"}
