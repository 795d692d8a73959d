"""A request's time, and the yes of a header."""

from __future__ import annotations

import pytest

from hub.errors import BindingError
from hub.serving.gateway.request_context import RequestContext, is_true, parse_timeout

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [(None, None, None), (None, 3.0, 3.0), (5.0, None, 5.0), (5.0, 3.0, 3.0), (3.0, 5.0, 3.0)],
)
def test_of_two_timeouts_the_shorter_counts(
    first: float | None, second: float | None, kept: float | None
) -> None:
    context = RequestContext("r-1", 100.0, timeout=first)
    context.shorten(second)

    assert context.timeout == kept


@pytest.mark.parametrize(("timeout", "deadline"), [(None, 160.0), (5.0, 105.0), (500.0, 160.0)])
def test_the_deadline_counts_from_the_requests_arrival(timeout: float | None, deadline: float) -> None:
    assert RequestContext("r-1", 100.0, timeout=timeout).deadline(60.0) == deadline


@pytest.mark.parametrize(("text", "seconds"), [(None, None), ("1", 1.0), ("0.5", 0.5), (" 2 ", 2.0)])
def test_seconds_are_read_from_a_header(text: str | None, seconds: float | None) -> None:
    assert parse_timeout(text, "X-Request-Timeout") == seconds


@pytest.mark.parametrize("text", ["", "soon", "0", "-1", "inf", "nan", "1 s"])
def test_what_is_not_a_number_above_0_is_refused_and_named(text: str) -> None:
    with pytest.raises(BindingError, match="X-Request-Timeout must be a number of seconds above 0, not "):
        parse_timeout(text, "X-Request-Timeout")


@pytest.mark.parametrize(
    ("text", "yes"), [("1", True), ("TRUE", True), ("yes", True), ("", False), ("0", False), ("no", False)]
)
def test_a_header_means_yes_in_three_spellings(text: str, yes: bool) -> None:
    assert is_true(text) is yes
