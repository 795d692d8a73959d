"""Rows of the table of differences in doc/paddlex.md, next to PaddleX's own server; and what is as there."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from tests.paddlex_bridge.conftest import INSTALL_SECONDS, SECONDS
from tests.paddlex_bridge.test_with_paddlex import CLASSES, TAGS, plain
from tests.serving.running import Server

pytestmark = [pytest.mark.slow, pytest.mark.models, pytest.mark.timeout(INSTALL_SECONDS + 300)]

BODY = {"image": plain(200, 20, 10), "visualize": False}


def both(served: Server, theirs: Any) -> tuple[str, str]:
    """Return the addresses of our server and of PaddleX's."""
    return served.url, theirs("tagger").url


def test_an_unknown_route_is_404_in_the_same_form(served: Server, theirs: Any) -> None:
    replies = [requests.post(f"{url}/nothing", json=BODY, timeout=SECONDS) for url in both(served, theirs)]

    assert [reply.status_code for reply in replies] == [404, 404]
    assert list(replies[0].json()) == list(replies[1].json()) == ["logId", "errorCode", "errorMsg"]


@pytest.mark.parametrize("path", [f"{TAGS}/", "health/"])
def test_a_trailing_slash_is_redirected_alike(served: Server, theirs: Any, path: str) -> None:
    for url in both(served, theirs):
        method = "GET" if path == "health/" else "POST"
        reply = requests.request(method, f"{url}/{path}", json=BODY, timeout=SECONDS, allow_redirects=False)

        assert reply.status_code == 307
        assert reply.headers["Location"].removeprefix(url) == f"/{path.rstrip('/')}"


def test_a_client_that_follows_is_answered_alike(served: Server, theirs: Any) -> None:
    ours, their = (
        requests.post(f"{url}/{TAGS}/", json=BODY, timeout=SECONDS).json()["result"]
        for url in both(served, theirs)
    )

    assert ours == their


def test_a_body_without_content_type_is_read_here_and_422_there(served: Server, theirs: Any) -> None:
    data = json.dumps(BODY).encode()
    codes = [
        requests.post(f"{url}/{TAGS}", data=data, timeout=SECONDS).status_code for url in both(served, theirs)
    ]

    assert codes == [200, 422]


@pytest.mark.parametrize(
    ("asked", "classes"), [({"topK": 1}, 1), ({"topK": 3}, 3), ({}, 2), ({"other": 1}, 2)]
)
def test_an_older_request_for_the_best_classes_gets_as_many(
    served: Server, asked: dict[str, int], classes: int
) -> None:
    body = {**BODY, "inferenceParams": asked}
    reply = requests.post(f"{served.url}/{CLASSES}", json=body, timeout=SECONDS)

    assert len(reply.json()["result"]["categories"]) == classes
