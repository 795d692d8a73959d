"""The playground behind the example's nginx, as its visitors have it: over TLS, on the proxy's port."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.nginx import NGINX, Nginx, running
from tests.serving.running import Server, free_port
from tests.ui.driving import run, upload

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(NGINX is None, reason="needs nginx: apt-get install nginx-light"),
]


@pytest.fixture
def nginx(tmp_path: Path, server: Server) -> Iterator[Nginx]:
    with running(tmp_path, [server.port, free_port()]) as front:
        yield front


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page in a fresh profile, which takes the test's own certificate."""
    context = browser.new_context(ignore_https_errors=True, locale="en-GB")
    opened = context.new_page()
    opened.set_default_timeout(15_000)
    yield opened
    context.close()


def test_the_playground_reads_a_picture_through_the_proxy(page: Any, nginx: Nginx, picture: Path) -> None:
    page.goto(f"{nginx.url}/#boxes")
    page.wait_for_selector("#module:not([hidden])")
    upload(page, picture)
    run(page, ".picture polygon")

    assert page.locator(".lines .text").all_inner_texts() == ["HubServing", "静心湖公园", "hard to read"]


def test_a_page_of_another_origin_cannot_have_its_visitor_send_requests(
    page: Any, nginx: Nginx, server: Server
) -> None:
    # Chromium lets no page of the Internet come as far as here.
    page.goto(f"http://localhost:{server.port}/health/live")
    ask = """url => fetch(url, {method: "POST", mode: "no-cors", body: "{}"}).then(() => true)"""
    for url in (nginx.url, server.url):
        with page.expect_response(f"{url}/predict/tagger") as answered:
            page.evaluate(ask, f"{url}/predict/tagger")

        assert answered.value.status == 403, url
