"""Run with: python -m pytest PACKAGE"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import hub
from hub.testing import served


def test_requests_at_the_same_time_get_their_own_sums() -> None:
    with served(Path(__file__).parent) as module, ThreadPoolExecutor(8) as threads:
        sums = threads.map(lambda number: module(rows=[[number, 1]]), range(20))
        assert list(sums) == [[number + 1.0] for number in range(20)]


def test_it_refuses_what_is_not_a_number() -> None:
    with pytest.raises(hub.HubError, match=r"`rows\[0\]\[1\]` must be float, not the text 'x'"):
        hub.Module(directory=Path(__file__).parent).predict(rows=[[1, "x"]])
