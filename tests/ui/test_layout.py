"""The result is seen without scrolling, on a desk and on a phone, in light and dark."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serving.running import Server, wait_until
from tests.ui.driving import choose_option, visit

pytestmark = pytest.mark.slow


def opened(browser: Any, width: int, height: int, **options: Any) -> Any:
    page = browser.new_context(viewport={"width": width, "height": height}, **options).new_page()
    page.set_default_timeout(15_000)
    return page


def box(page: Any, selector: str) -> dict[str, float]:
    """Where an element is in the window."""
    found: dict[str, float] = page.locator(selector).first.bounding_box()
    return found


def widest(page: Any) -> float:
    found: float = page.evaluate("document.documentElement.scrollWidth")
    return found


@pytest.mark.parametrize(("width", "height"), [(1024, 768), (1280, 800), (1920, 1080)])
def test_the_result_is_seen_beside_the_input_without_scrolling(
    browser: Any, server: Server, width: int, height: int
) -> None:
    page = opened(browser, width, height)
    visit(page, server, "boxes")
    page.click("[data-sample=text]")
    page.wait_for_selector(".picture polygon")
    form, picture, lines = box(page, "#input"), box(page, ".picture"), box(page, ".lines")

    assert page.evaluate("scrollY") == 0
    assert form["x"] + form["width"] <= box(page, "#output")["x"]
    assert max(picture["y"] + picture["height"], lines["y"] + lines["height"]) <= height
    assert widest(page) <= width
    page.context.close()


def test_the_result_is_in_sight_where_the_form_is_long(browser: Any, server: Server) -> None:
    page = opened(browser, 1280, 700)
    visit(page, server, "shapes")
    page.fill("#form textarea", "hello")
    choose_option(page, "width", "9")
    page.click("#run")
    page.wait_for_selector("#view pre")
    assert page.evaluate("scrollY") > 100

    wait_until(lambda: 0 <= box(page, "#view pre")["y"] < 350)
    page.context.close()


@pytest.mark.parametrize("width", [360, 390, 1023])
def test_a_narrow_window_scrolls_to_the_result(browser: Any, server: Server, width: int) -> None:
    page = opened(browser, width, 740, has_touch=True, is_mobile=width < 500)
    visit(page, server, "boxes")
    page.tap("[data-sample=columns]")
    page.wait_for_selector(".picture polygon")
    wait_until(lambda: -1 <= box(page, "#output")["y"] < 60)
    form = box(page, "#input")

    assert form["y"] + form["height"] <= box(page, "#output")["y"]
    assert box(page, ".lines")["y"] < 740
    assert widest(page) <= width
    page.context.close()


def test_a_narrow_window_scrolls_to_an_error(browser: Any, server: Server) -> None:
    page = opened(browser, 390, 600, reduced_motion="reduce")
    visit(page, server, "shapes")
    page.fill("#form textarea", "bad")
    page.click("#run")
    page.wait_for_selector("#notice strong")

    notice = box(page, "#notice")
    assert 0 <= notice["y"] < notice["y"] + notice["height"] <= 600
    page.context.close()


def test_a_module_that_does_not_answer_moves_nothing_by_itself(browser: Any, server: Server) -> None:
    page = opened(browser, 390, 600)
    visit(page, server, "broken")
    page.wait_for_selector("#notice strong")

    assert page.evaluate("scrollY") == 0
    page.context.close()


@pytest.mark.parametrize("address", ["#%E0%A4%A", "#nothing", "#boxes/nothing", "#/"])
def test_an_address_that_names_nothing_shows_what_there_is(page: Any, server: Server, address: str) -> None:
    page.goto(f"{server.url}/{address}")
    page.wait_for_selector("#module:not([hidden])")

    assert page.inner_text("#module-name") == "boxes"


def test_nothing_moves_for_those_who_want_it_calm(browser: Any, server: Server) -> None:
    page = opened(browser, 1280, 800, reduced_motion="reduce")
    visit(page, server, "boxes")
    page.click("[data-sample=text]")
    page.wait_for_selector(".picture polygon")

    durations = "[...document.querySelectorAll('*')].map(each => getComputedStyle(each).transitionDuration)"
    assert set(page.evaluate(durations)) == {"0s"}
    page.context.close()


@pytest.mark.parametrize("name", ["text", "table", "columns"])
def test_a_sample_is_run_by_one_click_in_place_of_what_was_chosen(
    page: Any, server: Server, name: str
) -> None:
    visit(page, server, "boxes")
    page.click("[data-sample=text]")
    page.wait_for_selector(".page h4:has-text('sample_text.png')")
    page.click(f"[data-sample={name}]")
    page.wait_for_selector(f".page h4:has-text('sample_{name}.png — 3 lines')")

    assert page.locator(".thumbs .name").all_inner_texts() == [f"sample_{name}.png"]
    assert page.evaluate("document.querySelector('.picture img').naturalWidth") == 640


@pytest.mark.parametrize(
    ("system", "chosen", "is_dark"), [("dark", "", True), ("light", "dark", True), ("dark", "light", False)]
)
def test_both_pages_are_dark_where_the_system_or_the_button_says_so(
    browser: Any, server: Server, system: Any, chosen: str, is_dark: bool
) -> None:
    page = opened(browser, 1280, 800, color_scheme=system)
    visit(page, server, "boxes")
    while chosen and page.evaluate("document.documentElement.dataset.theme") != chosen:
        page.click("#theme")
    assert looks_dark(page, "#module-name") is is_dark

    page.goto(f"{server.url}/docs")
    page.wait_for_selector(".opblock-tag")
    assert looks_dark(page, ".opblock-tag") is is_dark
    page.context.close()


def looks_dark(page: Any, selector: str) -> bool:
    """Tell whether an element is light on dark; it must not be light on light, nor dark on dark."""

    def shade(of: str, what: str) -> int:
        channels = page.eval_on_selector(
            of, f"each => getComputedStyle(each).{what}.match(/\\d+/g).map(Number)"
        )
        return sum(channels[:3])

    ground, ink = shade("body", "backgroundColor"), shade(selector, "color")
    assert abs(ground - ink) > 400
    return ground < ink


def test_the_api_page_keeps_tritons_routes_in_one_group_that_is_folded(page: Any, server: Server) -> None:
    page.goto(f"{server.url}/docs")
    page.wait_for_selector(".opblock-tag")
    name = "Triton (Open Inference Protocol)"
    paths = server.get("/openapi.json").json()["paths"]
    tags = {
        path: {tag for each in methods.values() for tag in each["tags"]} for path, methods in paths.items()
    }

    assert {path for path, found in tags.items() if name in found} == {
        path for path in paths if path.startswith("/v2")
    }
    assert page.locator("h3.opblock-tag").last.get_attribute("data-tag") == name
    page.wait_for_selector(f"h3.opblock-tag[data-tag='{name}'][data-is-open=false]")
    assert page.locator(".opblock-summary-path:has-text('/v2')").count() == 0
