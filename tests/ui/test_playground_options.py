"""Optional arguments with types and bounds in the playground's form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.serving.running import Server
from tests.ui.driving import choose_option, field, run, upload, visit

pytestmark = pytest.mark.slow


def test_options_with_bounds_are_folded_away_and_sent_only_where_they_are_filled_in(
    page: Any, server: Server
) -> None:
    visit(page, server, "shapes")
    page.fill("#form textarea", "hello")
    assert not page.is_visible("label:has-text('width')")
    page.click("summary:has-text('More arguments')")
    types = {name: page.inner_text(field(name) + " .type") for name in ("title", "width", "share", "names")}
    assert types == {
        "title": "required, text", "width": "whole number, 1 … 9", "share": "number, > 0 … 1",
        "names": "list of text",
    }  # fmt: skip
    assert page.inner_text(field("width") + " .hint") == "Of a letter."
    page.fill(field("width") + " input", "9")
    page.select_option(field("side") + " select", label="right")
    page.select_option(field("boxes") + " select", label="true")
    run(page, "#view pre")

    got = json.loads(page.inner_text("#view pre"))
    assert {name: got.get(name) for name in ("width", "share", "side", "boxes")} == {
        "width": 9, "share": None, "side": "right", "boxes": True,
    }  # fmt: skip
    assert "share" not in page.inner_text("#curl")


def test_a_bound_that_is_not_allowed_itself_is_one_too(page: Any, server: Server, picture: Path) -> None:
    visit(page, server, "papers/measure")
    upload(page, picture)
    choose_option(page, "unit", "100")
    assert page.inner_text(field("unit") + " .type") == "whole number, 1 … < 100"
    run(page, ".problem:visible")
    assert page.inner_text(".problem:visible") == "This must be in 1 … < 100."

    choose_option(page, "unit", "99")
    run(page, "#view pre")
    assert json.loads(page.inner_text("#view pre")) == {"width": 4, "height": 1}


@pytest.mark.parametrize(
    ("name", "value"), [("width", "10"), ("width", "0"), ("share", "0"), ("share", "1.5")]
)
def test_a_number_out_of_bounds_is_said_beside_its_field(
    page: Any, server: Server, name: str, value: str
) -> None:
    visit(page, server, "shapes")
    page.fill("#form textarea", "hello")
    page.click("summary:has-text('More arguments')")
    page.fill(field(name) + " input", value)
    run(page, ".problem:visible")

    assert page.inner_text(".problem:visible").startswith("This must be in ")
