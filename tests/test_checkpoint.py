"""Points at which long work stops when nobody waits for it."""

from __future__ import annotations

import time

import pytest

from hub import checkpoint
from hub.errors import AbandonedError

pytestmark = pytest.mark.unit


def test_a_pause_is_as_long_as_it_was_asked_for() -> None:
    began = time.monotonic()
    checkpoint.pause(0.12)

    assert time.monotonic() - began >= 0.12


def test_a_pause_ends_when_nobody_waits_any_more() -> None:
    asked: list[bool] = []

    def is_wanted() -> bool:
        asked.append(True)
        return len(asked) < 3

    with checkpoint.wanted_while(is_wanted), pytest.raises(AbandonedError):
        checkpoint.pause(3600)
    assert len(asked) == 3


def test_without_anybody_to_ask_nothing_is_raised() -> None:
    checkpoint.checkpoint()
    checkpoint.pause(0)
