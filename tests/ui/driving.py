"""What every browser test does: open the page, choose pictures, press Run, read what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.serving.running import Server


def visit(page: Any, server: Server, module: str = "") -> None:
    page.goto(f"{server.url}/#{module}")
    page.wait_for_selector("#module:not([hidden])")


def upload(page: Any, *paths: Path) -> None:
    page.set_input_files("input[type=file]", [str(path) for path in paths])
    page.wait_for_selector(f".thumbs li:nth-child({len(paths)})")


def run(page: Any, until: str) -> None:
    page.click("#run")
    page.wait_for_selector(until)


def title_of_notice(page: Any) -> str:
    page.wait_for_selector("#notice strong")
    text: str = page.inner_text("#notice strong")
    return text


def field(name: str) -> str:
    """The selector of an argument's field."""
    return f".field:has(label:text-is('{name}'))"


def choose_option(page: Any, name: str, value: str) -> None:
    """Fill an argument that is folded away."""
    if not page.is_visible(field(name)):
        page.click("summary:has-text('More arguments')")
    page.fill(f"{field(name)} input, {field(name)} textarea", value)
