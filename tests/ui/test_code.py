"""The code below the form does what the page does: it is run, and compared with the page's own reply."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.serving import pictures
from tests.serving.running import Server
from tests.ui.conftest import KEY
from tests.ui.driving import choose_option, field, run, upload, visit

pytestmark = pytest.mark.slow

STRANGE = """it's "quoted" $HOME `id` \\ ; , @x <y 中文"""


def assert_code_gets(expected: Any, page: Any, folder: Path, **environment: str) -> None:
    """Run each tab's code as a person would who pastes it, and compare what it prints."""
    found: dict[str, Any] = {}
    for name in ("curl", "client", "requests"):
        program = "sh" if name == "curl" else sys.executable
        done = subprocess.run(
            [program, "-c", page.inner_text(f"#{name}")], cwd=folder, capture_output=True, text=True,
            timeout=60, check=False, env={**os.environ, **environment},
        )  # fmt: skip
        assert done.returncode == 0, (name, done.stderr)
        if name == "curl":
            found[name] = json.loads(done.stdout)["results"]
        elif name == "requests":
            found[name] = ast.literal_eval(done.stdout)["results"]
        else:  # which prints the results themselves: a text as it is
            is_text = isinstance(expected, str)
            found[name] = done.stdout.removesuffix("\n") if is_text else ast.literal_eval(done.stdout)
    assert found == dict.fromkeys(("curl", "client", "requests"), expected)


def results_of_the_page(page: Any) -> Any:
    with page.expect_response("**/predict/**") as answered:
        page.click("#run")
    page.wait_for_selector("#result:not([hidden])")
    return answered.value.json()["results"]


def two_pictures(page: Any, folder: Path) -> None:
    names = ["it's a sign.png", 'a;b "c",d.png']
    for name in names:
        (folder / name).write_bytes(pictures.png(400, 160))
    upload(page, *(folder / name for name in names))
    choose_option(page, "sleep", "0.01")
    page.check(field("visualize") + " input")


def a_document(page: Any, folder: Path) -> None:
    (folder / "-two.tiff").write_bytes(pictures.exotic()["two-page TIFF"])
    upload(page, folder / "-two.tiff")
    choose_option(page, "pages", "[0]")


def one_picture(page: Any, folder: Path) -> None:
    (folder / "one.png").write_bytes(pictures.png(400, 160))
    upload(page, folder / "one.png")
    choose_option(page, "unit", "7")


def words(page: Any, _: Path) -> None:
    page.fill(field("text") + " textarea", STRANGE)
    choose_option(page, "times", "2")
    choose_option(page, "words", "a\n7\n[b]")


def everything(page: Any, _: Path) -> None:
    page.fill(field("title") + " textarea", STRANGE)
    choose_option(page, "ratio", "0.25")
    choose_option(page, "names", "7")
    choose_option(page, "extra", '{"deep": [1, null, true, "x"]}')
    page.select_option(field("side") + " select", label="right")
    page.check(field("loud") + " input")


@pytest.mark.parametrize(
    ("module", "fill"),
    [
        ("boxes", two_pictures),
        ("papers", a_document),
        ("papers/measure", one_picture),
        ("papers/shout", words),
        ("shapes", everything),
    ],
)
def test_each_tab_gets_the_results_that_the_page_gets(
    page: Any, server: Server, tmp_path: Path, module: str, fill: Callable[[Any, Path], None]
) -> None:
    visit(page, server, module)
    fill(page, tmp_path)

    assert_code_gets(results_of_the_page(page), page, tmp_path)


def test_the_code_has_the_key_from_the_environment(page: Any, guarded: Server, tmp_path: Path) -> None:
    page.goto(f"{guarded.url}/#boxes")
    page.fill("#key", KEY)
    page.keyboard.press("Enter")
    page.wait_for_selector("#module:not([hidden])")
    two_pictures(page, tmp_path)

    assert_code_gets(results_of_the_page(page), page, tmp_path, HUB_API_KEY=KEY)


def test_the_code_follows_the_form_before_anything_is_run(page: Any, server: Server, picture: Path) -> None:
    visit(page, server, "boxes")
    assert "-F 'images=@image.jpg'" in page.inner_text("#curl")
    upload(page, picture)
    assert "sign.png" in page.inner_text("#curl")
    choose_option(page, "sleep", "0.5")
    assert "--form-string 'sleep=0.5'" in page.inner_text("#curl")
    page.click("[aria-label^=Remove]")
    assert "sign.png" not in page.inner_text("#curl")

    visit(page, server, "papers/shout")
    page.wait_for_selector("#client:has-text('method=\"shout\"')", state="attached")
    assert "/predict/papers/shout'" in page.inner_text("#curl")
    assert "-F" not in page.inner_text("#curl")


@pytest.mark.parametrize(
    ("value", "is_form"),
    [
        ("plain", True),
        (7, True),
        (["a", "b"], True),
        ("007", True),
        ("7", False),
        ("true", False),
        ("NaN", False),
    ],
)
def test_curl_sends_a_form_only_where_that_says_exactly_the_same(
    page: Any, server: Server, value: Any, is_form: bool
) -> None:
    visit(page, server, "boxes")
    script = """async (value) => {
        const {curl, FileReference} = await import("./ui/snippets.js");
        const args = {images: [new FileReference("a.png")], value};
        return curl({base: "http://127.0.0.1", name: "boxes", method: "", needsKey: false, args});
    }"""

    assert ("--form-string 'value=" in page.evaluate(script, value)) == is_form


def test_the_button_copies_the_code_of_the_tab_on_show(page: Any, server: Server) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url)
    visit(page, server, "tagger")
    for tab, start in (("curl", "curl -s"), ("client", "import hub"), ("requests", "import requests")):
        page.click(f"#tab-{tab}")
        page.click("#copy-code")
        page.wait_for_selector("#copy-code:has-text('Copied')")

        assert page.evaluate("navigator.clipboard.readText()") == page.evaluate(
            f"document.getElementById('{tab}').textContent"
        )
        assert page.evaluate("navigator.clipboard.readText()").startswith(start)
        page.wait_for_selector("#copy-code:text-is('Copy')")


def test_the_address_names_the_method(page: Any, server: Server) -> None:
    visit(page, server, "papers")
    assert page.locator("#method option").all_inner_texts() == ["read", "measure", "shout"]
    page.select_option("#method", label="shout")
    page.wait_for_selector(field("text"))
    assert page.url.endswith("#papers/shout")
    page.fill(field("text") + " textarea", "hello")
    run(page, "#view pre")
    assert page.inner_text("#view pre") == "HELLO!"

    page.go_back()
    page.wait_for_selector(".drop")
    assert page.input_value("#method") == ""
