"""Boxes and lines that mark each other, on pictures and on the pages of documents; files that fail."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.serving import pictures
from tests.serving.running import Server
from tests.ui.driving import choose_option, run, upload, visit

pytestmark = pytest.mark.slow


def three_pages(folder: Path, kind: str) -> Path:
    white = [pictures.plain(300, 200, colour=(255, 255, 255 - 20 * number)) for number in range(3)]
    options: dict[str, Any] = {"resolution": 144} if kind == "PDF" else {}
    path = folder / f"three.{kind.lower()}"
    path.write_bytes(pictures.encode(white[0], kind, save_all=True, append_images=white[1:], **options))
    return path


def where(page: Any, number: int, found: str, total: int = 3) -> None:
    page.wait_for_selector(f".pager .where:text-is('Page {number} of {total} · {found}')")


@pytest.mark.parametrize("kind", ["PDF", "TIFF"])
def test_the_pages_of_a_document_are_shown_with_their_boxes_one_by_one(
    page: Any, server: Server, tmp_path: Path, kind: str
) -> None:
    visit(page, server, "papers")
    upload(page, three_pages(tmp_path, kind))
    run(page, ".picture img")
    where(page, 1, "1 line")
    assert page.inner_text(".page h4") == f"three.{kind.lower()} — 2 lines"
    assert page.get_attribute(".picture svg", "viewBox") == "0 0 300 200"
    assert page.evaluate("document.querySelector('.picture img').naturalWidth") == 300

    page.click("[aria-label='Next page']")
    where(page, 2, "No text was found.")
    assert page.locator(".picture polygon").count() == 0
    page.keyboard.press("Enter")  # the button keeps the focus
    where(page, 3, "1 line")
    assert page.locator(".lines .text").all_inner_texts() == ["page 2"]
    assert page.locator(".picture polygon").count() == 1
    assert page.locator("[aria-label='Next page']").is_disabled()
    assert page.evaluate("document.activeElement.ariaLabel") == "Page before"


def test_only_pages_that_were_asked_for_are_shown(page: Any, server: Server, tmp_path: Path) -> None:
    visit(page, server, "papers")
    upload(page, three_pages(tmp_path, "PDF"))
    choose_option(page, "pages", "[2]")
    run(page, ".picture img")
    where(page, 3, "1 line")
    assert page.locator("[aria-label='Next page']").is_disabled()

    choose_option(page, "pages", "2")
    page.click("#run")
    where(page, 1, "1 line")
    page.click("[aria-label='Next page']")
    where(page, 2, "No text was found.")
    assert page.locator("[aria-label='Next page']").is_disabled()


def test_of_a_document_with_many_pages_those_are_shown_that_were_read(
    page: Any, server: Server, tmp_path: Path
) -> None:
    sheets = [pictures.plain() for _ in range(12)]
    long = tmp_path / "long.tiff"
    long.write_bytes(pictures.encode(sheets[0], "TIFF", save_all=True, append_images=sheets[1:]))
    visit(page, server, "papers")
    upload(page, long)
    run(page, ".picture img")
    assert "long.tiff has 12 pages; the first 10 were read" in page.inner_text("#remark .notice.info")
    for _ in range(9):
        page.click("[aria-label='Next page']:enabled")
        page.wait_for_selector(".page-body:not([aria-busy])")

    where(page, 10, "1 line", total=12)
    assert page.locator("[aria-label='Next page']").is_disabled()


def test_a_picture_that_browsers_cannot_show_is_shown_all_the_same(
    page: Any, server: Server, tmp_path: Path
) -> None:
    scan = tmp_path / "scan.tiff"
    scan.write_bytes(pictures.exotic()["two-page TIFF"])
    visit(page, server, "boxes")
    upload(page, scan)
    run(page, ".picture img")

    assert page.inner_text(".thumbs .ending") == "TIFF"
    assert page.locator(".lines li").count() == 3
    assert page.get_attribute(".picture svg", "viewBox") == "0 0 30 20"
    where(page, 1, "3 lines", total=2)
    assert page.locator("[aria-label='Next page']").is_disabled()  # the module reads only the first


def test_boxes_are_shown_where_the_server_gives_no_picture_of_the_page(
    page: Any, server: Server, tmp_path: Path
) -> None:
    page.route(
        "**/api/page*", lambda route: route.fulfill(status=400, json={"msg": "too dark", "status": "101"})
    )
    visit(page, server, "papers")
    upload(page, three_pages(tmp_path, "PDF"))
    run(page, ".picture.blank polygon")

    page.wait_for_selector(".page-body .note:text-is('too dark')")


def test_a_page_is_asked_for_again_where_the_server_draws_those_of_others(
    page: Any, server: Server, tmp_path: Path
) -> None:
    page.route("**/api/page*", lambda route: route.fulfill(status=503, json={"msg": "busy"}), times=1)
    visit(page, server, "papers")
    upload(page, three_pages(tmp_path, "PDF"))
    run(page, ".picture.blank polygon")

    page.wait_for_selector(".picture img")
    where(page, 1, "1 line")


@pytest.mark.parametrize("kind", ["picture", "document"])
def test_a_box_and_its_line_mark_each_other(
    page: Any, server: Server, picture: Path, tmp_path: Path, kind: str
) -> None:
    visit(page, server, "boxes")
    if kind == "document":
        picture = tmp_path / "scan.tiff"
        picture.write_bytes(pictures.encode(pictures.plain(400, 160), "TIFF"))
    upload(page, picture)
    run(page, ".picture img")

    def marked() -> list[list[int]]:
        """Which line, box and number are marked."""
        found: list[list[int]] = page.evaluate(
            "['.lines li', '.picture polygon', '.numbers button'].map(selector =>"
            " [...document.querySelectorAll(selector)]"
            "   .flatMap((each, at) => each.classList.contains('on') ? [at] : []))"
        )
        return found

    assert page.locator(".numbers button").all_inner_texts() == ["1", "2", "3"]
    assert page.locator(".lines .number").all_text_contents() == ["1", "2", "3"]
    page.hover(".lines li:nth-child(2)")
    assert marked() == [[1], [1], [1]]
    page.hover(".picture polygon >> nth=2")
    assert marked() == [[2], [2], [2]]
    page.hover(".numbers button >> nth=0")
    assert marked() == [[0], [0], [0]]
    page.hover("h1")
    assert marked() == [[], [], []]

    page.click(".picture polygon >> nth=1")
    page.hover("h1")
    assert marked() == [[1], [1], [1]]
    page.focus(".lines li:nth-child(3)")
    assert marked() == [[2], [2], [2]]
    page.focus(".numbers button >> nth=0")
    page.keyboard.press("ArrowRight")
    assert marked() == [[1], [1], [1]]
    assert page.get_attribute(".numbers button >> nth=1", "aria-pressed") == "true"
    assert page.get_attribute(".numbers button >> nth=1", "aria-label") == "Box 2: 静心湖公园"
    assert page.get_attribute(".lines li:nth-child(2)", "aria-selected") == "true"


def test_files_that_cannot_be_read_are_told_by_name_with_the_reason(
    page: Any, server: Server, tmp_path: Path, picture: Path
) -> None:
    text, cut = tmp_path / "notes.txt", tmp_path / "cut.png"
    text.write_text("no picture")
    cut.write_bytes(picture.read_bytes()[:60])
    visit(page, server, "boxes")
    upload(page, text, picture, cut)
    run(page, ".picture polygon")

    notice = page.locator("#remark .notice.error")
    assert notice.locator("strong").inner_text() == "These files could not be read"
    said = notice.locator("li").all_inner_texts()
    assert [each.partition(" is ")[0] for each in said] == ["notes.txt", "cut.png"]
    assert said[0].startswith("notes.txt is not a readable image: it is text")
    assert page.locator(".thumbs li.failed .name").all_inner_texts() == ["notes.txt", "cut.png"]
    assert page.locator(".page h4").all_inner_texts() == ["it's a sign.png — 3 lines"]
    assert "images[" not in page.inner_text("#output")


def test_an_error_of_the_whole_request_names_the_file_too(page: Any, server: Server, tmp_path: Path) -> None:
    small, bomb = tmp_path / "small.png", tmp_path / "bomb.png"
    small.write_bytes(pictures.png())
    bomb.write_bytes(pictures.bomb(30_000, 30_000))
    visit(page, server, "boxes")
    upload(page, small, bomb)
    run(page, "#notice .notice.error")

    assert page.inner_text("#notice .message").startswith("bomb.png has 30000 × 30000 pixels")
    assert page.locator(".thumbs li.failed .name").all_inner_texts() == ["bomb.png"]


def test_a_reply_that_is_not_one_json_document_is_shown_as_text_with_the_error_at_its_end(
    page: Any, server: Server
) -> None:
    lines = ['{"word": "a"}', '{"word": "b"}', '{"status": "0"}']
    failed = [*lines[:2], '{"msg": "the module is at its end", "results": "", "status": "101"}']
    visit(page, server, "tagger")
    for body, problems in ((lines, 0), (failed, 1), (["plain words"], 0)):
        text = "\n".join(body)
        page.unroute("**/predict/tagger")
        reply = {"status": 200, "content_type": "application/x-ndjson", "body": text}
        page.route("**/predict/tagger", partial(fulfilled, reply))
        page.click("#run")
        page.wait_for_function("text => document.querySelector('#view pre')?.textContent == text", arg=text)

        assert page.locator("#notice strong").count() == problems


def fulfilled(reply: dict[str, Any], route: Any) -> None:
    route.fulfill(**reply)
