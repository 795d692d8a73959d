"""Everything by keyboard, and nothing serious in an axe-core audit, in light and dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.serving import pictures
from tests.serving.running import Server

pytestmark = pytest.mark.slow

SERIOUS = ("serious", "critical")


def audit(page: Any, axe: str) -> list[str]:
    """What axe-core finds, minor matters left out."""
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['impact']} {each['id']}: {node['html'][:150]}"
        for each in found["violations"]
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    browser: Any, server: Server, axe: str, theme: Any, tmp_path: Path
) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(pictures.png(300, 120))
    context = browser.new_context(color_scheme=theme, bypass_csp=True)  # for axe's own script
    page = context.new_page()
    for module in ("boxes", "tagger", "shapes", "papers", "broken"):
        page.goto(f"{server.url}/#{module}")
        page.wait_for_selector("#module:not([hidden])")
        if module in ("boxes", "papers"):
            page.set_input_files("input[type=file]", str(picture))
            page.wait_for_selector(".thumbs li")
        if module == "shapes":
            page.click("summary:has-text('More arguments')")
        page.click("#run")
        page.wait_for_selector("#result:not([hidden]), #notice strong, .problem:not([hidden])")
        assert (module, audit(page, axe)) == (module, [])
    page.evaluate("document.getElementById('key-dialog').showModal()")
    assert audit(page, axe) == []
    context.close()


def test_a_picture_is_read_by_keyboard_alone(page: Any, server: Server) -> None:
    page.goto(f"{server.url}/#tagger")
    page.wait_for_selector("#module:not([hidden])")
    _tab_to(page, "[data-name=boxes]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".sample")
    _tab_to(page, ".sample")
    page.keyboard.press("Enter")
    page.wait_for_selector(".picture polygon")
    _tab_to(page, ".numbers button")
    page.keyboard.press("ArrowRight")
    assert page.locator(".lines [aria-selected=true] .text").inner_text() == "静心湖公园"
    assert "on" in page.locator(".picture polygon").nth(1).get_attribute("class")
    _tab_to(page, ".lines [role=option]")
    page.keyboard.press("ArrowDown")

    assert page.locator(".lines [aria-selected=true] .text").inner_text() == "hard to read"
    assert "on" in page.locator(".picture polygon").nth(2).get_attribute("class")
    for control in ("#copy-text", "#download", "#spent summary", "#raw summary", "#copy-code", "#tab-curl"):
        _tab_to(page, control)
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-client"
    assert page.is_visible("#client")
    assert not page.is_visible("#curl")


def test_the_key_dialog_is_used_and_left_by_keyboard(page: Any, server: Server) -> None:
    page.goto(server.url)
    page.wait_for_selector("#module:not([hidden])")
    page.evaluate("document.getElementById('key-dialog').showModal()")
    assert page.evaluate("document.activeElement.id") == "key"

    page.keyboard.press("Escape")
    assert page.evaluate("document.getElementById('key-dialog').open") is False


def test_the_first_stop_leads_past_the_list_of_modules(page: Any, server: Server) -> None:
    page.goto(server.url)
    page.wait_for_selector("#module:not([hidden])")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert page.evaluate("document.activeElement.id") == "main"


def _tab_to(page: Any, selector: str) -> None:
    """Press Tab until the element has the focus, visibly; at most once around the page."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", selector
            return
    raise AssertionError(f"{selector} cannot be reached by Tab")
