"""Run with: python -m pytest PACKAGE"""

from __future__ import annotations

from pathlib import Path

import pytest

import hub


def test_it_counts_the_lines_of_a_file() -> None:
    module = hub.Module(directory=Path(__file__).parent)
    answer = module.call_endpoint("NAME", {"file": b"one\ntwo\n"})
    assert (answer["http_status"], answer["reply"]["result"]) == (200, {"lines": 2})


def test_it_refuses_what_is_not_a_file() -> None:
    with pytest.raises(hub.InvalidInputError, match="file in base64"):
        hub.Module(directory=Path(__file__).parent).call_endpoint("NAME", {"file": "http://example.org/a"})
