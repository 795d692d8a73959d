"""Results as plain text, for callers that ask for it."""

from __future__ import annotations

from typing import Any

import pytest

from hub import envelope
from hub.serving.gateway.delivery import ModuleReply
from hub.serving.gateway.plain_text import as_text
from hub.serving.messages.wire import ReplyHeader
from tests.serving.gateway.apps import Door

pytestmark = pytest.mark.unit
LINES = [{"text": "a", "page": 0}, {"text": "b", "page": 0}, {"text": "c", "page": 2}]


def reply(results: Any, *pages: tuple[int, ...], notes: tuple[str, ...] = ()) -> ModuleReply:
    return ModuleReply(envelope.dumps(results), ReplyHeader(pages=pages, notes=notes))


@pytest.mark.parametrize(
    ("results", "pages", "text"),
    [
        ([LINES], [(0, 1, 2)], "a\nb\n\f\fc\n"),
        ([LINES, [{"text": "d"}]], [(0, 1, 2), (0,)], "a\nb\n\f\fc\n\fd\n"),
        ([[{"text": "d"}], []], [(0,), ()], "d\n\f"),
        ([{"lines": LINES, "image": "…"}], [(2, 0)], "c\n\fa\nb\n"),
        ([[{"text": "a", "page": 4}]], [(4,)], "a\n"),
        (["a", "b"], [], "a\n\fb\n"),
        ([], [], ""),
    ],
)
def test_pages_and_results_are_divided_by_form_feeds(
    results: Any, pages: list[tuple[int, ...]], text: str
) -> None:
    assert as_text(reply(results, *pages)) == text


@pytest.mark.parametrize("results", [[[{"text_region": []}]], {"seen": []}, [[1.5]], 3])
def test_results_without_text_are_none(results: Any) -> None:
    assert as_text(reply(results)) is None


def ask(door: Door, accept: str = "*/*", query: str = "") -> Any:
    return door.client.post(f"/predict/echo{query}", json={}, headers={"Accept": accept})


@pytest.mark.parametrize(
    ("accept", "query"),
    [("text/plain", ""), ("text/plain, */*;q=0.1", ""), ("*/*", "?format=text")],
)
def test_a_caller_that_asks_for_text_gets_it_with_the_remarks_in_a_header(
    door: Door, accept: str, query: str
) -> None:
    door.dispatched.answer = lambda _: reply([LINES], (0, 1, 2), notes=("images[0]: 3 × 2\n",))
    answer = ask(door, accept, query)
    assert (answer.status_code, answer.mimetype, answer.text) == (200, "text/plain", "a\nb\n\f\fc\n")
    assert answer.headers["X-Hub-Message"] == r"images[0]: 3 \xd7 2"


@pytest.mark.parametrize(
    ("accept", "query"),
    [("*/*", ""), ("application/json, text/plain, */*", ""), ("text/*, application/json", ""),
     ("text/plain", "?format=json"), ("text/html", "")],
)  # fmt: skip
def test_every_other_caller_gets_json(door: Door, accept: str, query: str) -> None:
    door.dispatched.answer = lambda _: reply([LINES], (0, 1, 2))
    answer = ask(door, accept, query)
    assert (answer.mimetype, answer.json["results"]) == ("application/json", [LINES])


def test_results_without_text_are_json_unless_the_query_insists(door: Door) -> None:
    door.dispatched.answer = lambda _: reply([[{"text_region": []}]])
    assert ask(door, "text/plain").mimetype == "application/json"
    refused = ask(door, query="?format=text")
    assert refused.status_code == 400
    assert "these results have no text" in refused.json["msg"]


def test_another_format_is_refused_before_anything_runs(door: Door) -> None:
    refused = ask(door, query="?format=xml")
    assert (refused.status_code, refused.json["msg"]) == (400, "format must be json or text, not 'xml'")
    assert door.dispatched.calls == []
