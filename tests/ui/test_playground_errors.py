"""The playground when something is wrong: it says what, in a real Chromium."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.serving.running import Server, wait_until, write_module
from tests.ui.conftest import KEY, own
from tests.ui.driving import field, run, title_of_notice, upload, visit

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("title", "notice", "message"),
    [
        ("bad", "The request was refused", "this title is bad"),
        ("worse", "The module reported an error", "the module is at its end"),
    ],
)
def test_an_error_says_its_kind_and_the_modules_words(
    page: Any, server: Server, title: str, notice: str, message: str
) -> None:
    visit(page, server, "shapes")
    page.fill("#form textarea", title)
    page.click("#run")

    assert title_of_notice(page) == notice
    assert message in page.inner_text("#notice")
    assert page.locator("#result").is_hidden()


def test_an_error_that_comes_with_http_200_is_one_too(page: Any, home: Path) -> None:
    with Server(home, own("shapes"), status_style="2.x") as server:
        visit(page, server, "shapes")
        page.fill("#form textarea", "bad")
        page.click("#run")
        assert title_of_notice(page) == "The server reported an error"
        assert "this title is bad" in page.inner_text("#notice")

        page.fill("#form textarea", "good")
        run(page, "#view pre")
        assert page.locator("#notice strong").count() == 0


def test_a_failed_module_is_shown_as_failed_with_its_reason(page: Any, server: Server) -> None:
    visit(page, server, "broken")
    assert title_of_notice(page) == "The module has failed"
    assert "the weights are missing" in page.inner_text("#notice")

    page.click("#run")
    page.wait_for_selector("#notice:has-text('HTTP 503')")
    assert title_of_notice(page) == "The module has failed"


def test_what_the_server_would_refuse_as_too_large_is_not_even_sent(
    page: Any, home: Path, tmp_path: Path
) -> None:
    large = tmp_path / "large.png"
    large.write_bytes(b"\x89PNG" + bytes(1_000_000))
    with Server(home, own("boxes"), max_body_mb=1, max_images=2) as server:
        visit(page, server, "boxes")
        upload(page, large)
        page.click("#run")
        assert title_of_notice(page) == "The request is too large"
        assert "1.3 MB; this server takes 1.0 MB" in page.inner_text("#notice")

        upload(page, large, large, large)
        page.click("#run")
        page.wait_for_selector("#notice:has-text('At most 2 images')")


def test_a_full_queue_is_shown_as_one_with_a_way_to_try_again(page: Any, home: Path) -> None:
    with Server(home, {"probe": {"max_queue_size": 1}}) as server:
        stop = threading.Event()

        def keep_busy() -> None:
            while not stop.is_set():
                requests.post(f"{server.url}/predict/probe", json={"sleep": 0.5}, timeout=30)

        threads = [threading.Thread(target=keep_busy) for _ in range(6)]
        visit(page, server, "probe")
        for thread in threads:
            thread.start()
        try:
            time.sleep(0.4)
            page.click("#run")
            assert title_of_notice(page) == "The queue is full"
            assert "probe has" in page.inner_text("#notice")
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        page.click(".retry")
        page.wait_for_selector("#result:not([hidden])")


def test_a_missing_key_is_asked_for_and_kept_in_this_tab_only(page: Any, guarded: Server) -> None:
    page.goto(guarded.url)
    page.wait_for_selector("#key-dialog[open]")
    assert page.inner_text("#server-notice strong") == "The server needs an API key"
    assert page.inner_text("#key-problem") == ""

    page.fill("#key", "wrong-key-wrong-key")
    page.keyboard.press("Enter")
    page.wait_for_selector("#key-dialog[open] #key-problem:has-text('That key was refused.')")
    assert page.evaluate("Object.values(sessionStorage)") == []
    assert page.get_attribute("#key", "aria-invalid") == "true"
    page.fill("#key", KEY)
    page.keyboard.press("Enter")
    page.wait_for_selector("#key-dialog:not([open])", state="attached")
    page.wait_for_selector("#module:not([hidden])")
    assert page.locator("#server-notice strong").count() == 0
    run(page, ".chip")

    assert page.evaluate("JSON.stringify(localStorage) + document.cookie").find(KEY) == -1
    assert page.evaluate("Object.values(sessionStorage)") == [KEY]
    codes = [page.inner_text(f"#{code}") for code in ("curl", "client", "requests")]
    assert [code.count(KEY) for code in codes] == [0, 0, 0]
    assert [code.count("HUB_API_KEY") for code in codes] == [1, 1, 1]
    assert page.context.cookies() == []


def test_a_server_that_goes_away_and_comes_back_is_noticed(page: Any, home: Path) -> None:
    with Server(home, own("tagger")) as server:
        visit(page, server, "tagger")
        port = server.port
    page.click("#run")
    assert title_of_notice(page) == "The server cannot be reached"
    page.wait_for_selector("#server-notice strong")
    with Server(home, own("tagger"), port=port):
        page.wait_for_selector("#server-notice:not(:has(strong))", state="attached", timeout=20_000)
        run(page, ".chip")


def test_a_module_that_becomes_ready_is_noticed(page: Any, home: Path) -> None:
    with Server(home, {"slow_start": {"init_args": {"seconds": 4.0}}}, wait=False) as server:
        wait_until(lambda: server.pid_file() and server.state().modules, what="state.json")
        wait_until(lambda: _answers(server), what="the gateway")
        visit(page, server)
        assert title_of_notice(page) == "The module is still loading"
        page.wait_for_selector("#module-state .READY", timeout=20_000)
        page.wait_for_selector("#notice:not(:has(strong))", state="attached")


def test_a_version_that_does_not_load_is_told_until_one_does(page: Any, home: Path, tmp_path: Path) -> None:
    folder = write_module(tmp_path / "mine", "1.0.0")
    with Server(home, {"mine": {"init_args": {"directory": str(folder)}}}, watch=True) as server:
        visit(page, server, "mine")
        write_module(folder, "1.1.0", "pass (")
        page.wait_for_selector("#notice:has-text('A new version did not load; this one still serves')")
        assert "cannot be read as Python" in page.inner_text("#notice .message")
        assert page.inner_text("#module-version") == "1.0.0"
        write_module(folder, "1.2.0")
        page.wait_for_selector("#notice:not(:has(strong))", state="attached")

        assert page.inner_text("#module-version") == "1.2.0"
        source = (folder / "module.py").read_text()
        (folder / "module.py").write_text(source.replace("def say(self)", "def say(self, colour='red')"))
        page.wait_for_selector("#form :has-text('colour')")


def _answers(server: Server) -> bool:
    try:
        return server.get("/health/live").ok
    except requests.RequestException:
        return False


def test_a_long_request_can_be_stopped(page: Any, server: Server, picture: Path) -> None:
    visit(page, server, "boxes")
    upload(page, picture)
    page.click("summary:has-text('More arguments')")
    page.fill(field("sleep") + " input", "5")
    page.click("#run")
    page.wait_for_selector("#progress:has-text('Running')")
    page.click("#stop")
    page.wait_for_selector("#progress:has-text('Stopped.')")

    assert page.locator("#run").is_enabled()


def test_the_api_page_takes_the_tabs_key(page: Any, guarded: Server) -> None:
    page.goto(f"{guarded.url}/docs")
    page.fill("#key", KEY)
    page.keyboard.press("Enter")
    page.wait_for_selector("#operations-tagger-predict_tagger")


def test_the_api_page_shows_and_tries_every_module(page: Any, server: Server) -> None:
    page.goto(f"{server.url}/docs")
    page.wait_for_selector("#operations-boxes-predict_boxes")
    page.click("#operations-tagger-predict_tagger .opblock-summary-control")
    page.click("#operations-tagger-predict_tagger .try-out__btn")
    page.click("#operations-tagger-predict_tagger .execute")
    page.wait_for_selector("#operations-tagger-predict_tagger .live-responses-table")

    assert '"word"' in page.inner_text("#operations-tagger-predict_tagger .live-responses-table")
