"""What a caller's text may do in a log line."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from hub.serving.process import logs

pytestmark = pytest.mark.unit

FORGED = "a\n[2026-01-01 00:00:00,000] [INFO] [gateway] b\r\x1b[2J\x9b2J\u2028\u202e\tc"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("echo", "echo"),
        ("图 像", "图 像"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\x00\r\x1b[2J\x7f\x9b\u2028\u202e", "\\u0000\\u000d\\u001b[2J\\u007f\\u009b\\u2028\\u202e"),
        ("x" * 300, "x" * 200 + "…"),
    ],
)
def test_a_callers_text_is_one_short_line(text: str, shown: str) -> None:
    assert logs.printable(text) == shown


@pytest.fixture(params=["text", "json"])
def write(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """``write(message, …)``: what the log gets."""
    written: list[bytes] = []
    monkeypatch.setattr(logs.os, "write", lambda _, data: written.append(data))
    handler = logs._Lines()
    handler.setFormatter(logs._JSONLines("x") if request.param == "json" else logs._TextLines("x"))

    def log(*arguments: Any, problem: BaseException | None = None) -> str:
        exc_info = (type(problem), problem, None) if problem else None
        handler.handle(logging.LogRecord("a", logging.INFO, "", 1, arguments[0], arguments[1:], exc_info))
        (data,) = written
        if request.param == "json":
            assert json.loads(data)
        return data.decode()

    return log


def assert_one_entry(text: str) -> None:
    """Only the first line is at the margin, and nothing moves a cursor."""
    _, *further = text.splitlines()
    assert all(line.startswith("    ") for line in further)
    assert not set("\r\x1b\x9b\u2028\u202e") & set(text)


def test_a_message_cannot_pass_for_several(write: Any) -> None:
    assert_one_entry(write("it says %s", FORGED))


def test_nor_can_an_exception(write: Any) -> None:
    assert_one_entry(write("it raised", problem=ValueError(FORGED)))
