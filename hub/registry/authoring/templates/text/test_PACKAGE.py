"""Run with: python -m pytest PACKAGE"""

from __future__ import annotations

from pathlib import Path

import pytest

import hub


def test_it_says_how_long_texts_are() -> None:
    module = hub.Module(directory=Path(__file__).parent)
    assert module.predict(texts=["abc", ""]) == [{"text": "abc", "length": 3}, {"text": "", "length": 0}]


def test_it_refuses_what_is_not_a_text() -> None:
    with pytest.raises(hub.HubError, match="must be str, not the number 1"):
        hub.Module(directory=Path(__file__).parent).predict(texts=[1])
