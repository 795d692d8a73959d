"""The playground in a real Chromium: what a person does, and what comes of it."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.serving import pictures
from tests.serving.running import Server, wait_until
from tests.ui.driving import run, upload, visit

pytestmark = pytest.mark.slow


def test_it_lists_the_modules_with_state_and_version(page: Any, server: Server) -> None:
    visit(page, server)

    rows = [text.split("\n") for text in page.locator("#modules button").all_inner_texts()]
    assert sorted(rows) == [
        ["boxes", "ready", "2.0.0"],
        ["broken", "failed", "1.0.0"],
        ["shapes", "ready", "0.1.0"],
        ["tagger", "ready", "1.2.0"],
    ]


def test_an_uploaded_picture_gets_its_boxes_within_100_ms_of_the_reply(
    page: Any, server: Server, picture: Path
) -> None:
    visit(page, server, "boxes")
    upload(page, picture)
    run(page, ".picture polygon")
    drawings = "performance.getEntriesByName('hub-reply-drawn').length"
    wait_until(lambda: page.evaluate(drawings) == 1)

    assert page.locator(".lines .text").all_inner_texts() == ["HubServing", "静心湖公园", "hard to read"]
    assert page.locator(".lines .score").all_inner_texts() == ["99.8 %", "93.0 %", "61.0 %"]
    times = []
    for number in range(2, 12):  # the first reply has what is loaded once in it
        page.click("#run")
        wait_until(lambda number=number: page.evaluate(drawings) == number)
        # From the reply's last byte, by the browser's own clock, until the frame with the boxes was drawn.
        times.append(
            page.evaluate(
                "(() => { const drawn = performance.getEntriesByName('hub-reply-drawn').at(-1);"
                " const reply = performance.getEntriesByType('resource')"
                "   .filter(each => each.name.includes('/predict/')).at(-1);"
                " return drawn.startTime + drawn.duration - reply.responseEnd; })()"
            )
        )
    assert sorted(times)[len(times) // 2] <= 100, times


def test_boxes_lie_over_the_picture_where_the_reply_says(page: Any, server: Server, picture: Path) -> None:
    visit(page, server, "boxes")
    upload(page, picture)
    run(page, ".picture polygon")
    image = page.locator(".picture img").bounding_box()
    corner = page.evaluate(
        "(() => { const box = document.querySelector('.picture polygon'); const matrix = box.getScreenCTM();"
        " const at = box.points[0].matrixTransform(matrix); return [at.x, at.y + scrollY, matrix.a]; })()"
    )
    scale = image["width"] / 400

    assert abs(corner[0] - (image["x"] + 40 * scale)) < 1
    assert abs(corner[1] - (image["y"] + 20 * scale + page.evaluate("scrollY"))) < 1
    assert abs(corner[2] - scale) < 0.01


def test_a_photograph_that_says_turn_me_is_turned_on_both_sides(
    page: Any, server: Server, tmp_path: Path
) -> None:
    photograph = tmp_path / "turned.jpg"
    photograph.write_bytes(pictures.exotic()["EXIF-rotated JPEG"])
    visit(page, server, "boxes")
    upload(page, photograph)
    run(page, ".picture polygon")

    assert page.get_attribute(".picture svg", "viewBox") == "0 0 30 20"
    assert page.locator(".picture polygon").first.get_attribute("points").startswith("3,2 27,2")


def test_a_picture_that_browsers_cannot_show_still_gets_boxes(
    page: Any, server: Server, tmp_path: Path
) -> None:
    scan = tmp_path / "scan.tiff"
    scan.write_bytes(pictures.exotic()["two-page TIFF"])
    visit(page, server, "boxes")
    upload(page, scan)
    run(page, ".picture.blank polygon")

    assert page.locator(".lines li").count() == 3


def test_pointing_at_a_line_marks_its_box_and_the_other_way_round(
    page: Any, server: Server, picture: Path
) -> None:
    visit(page, server, "boxes")
    upload(page, picture)
    run(page, ".picture polygon")
    page.hover(".lines li:nth-child(2)")
    assert "on" in page.locator(".picture polygon").nth(1).get_attribute("class")

    page.hover(".picture polygon >> nth=2")
    assert "on" in page.locator(".lines li").nth(2).get_attribute("class")
    assert "on" not in (page.locator(".lines li").nth(1).get_attribute("class") or "")


def test_a_dropped_and_a_pasted_picture_are_taken(page: Any, server: Server, picture: Path) -> None:
    visit(page, server, "boxes")
    give = """([kind, data]) => {
        const bytes = Uint8Array.from(atob(data), each => each.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], kind + ".png", {type: "image/png"}));
        const event = kind == "drop"
            ? new DragEvent("drop", {dataTransfer: transfer, bubbles: true, cancelable: true})
            : new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true, cancelable: true});
        document.querySelector(kind == "drop" ? ".drop" : "body").dispatchEvent(event);
    }"""
    encoded = base64.b64encode(picture.read_bytes()).decode()
    page.evaluate(give, ["drop", encoded])
    page.evaluate(give, ["paste", encoded])
    run(page, ".page:nth-child(2) polygon")

    assert page.locator(".page h4").all_inner_texts() == ["drop.png — 3 lines", "paste.png — 3 lines"]


def test_what_is_no_picture_is_an_error_with_its_name(
    page: Any, server: Server, tmp_path: Path, picture: Path
) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no picture")
    visit(page, server, "boxes")
    upload(page, text, picture)
    run(page, ".picture polygon")

    notice = page.locator("#remark .notice.error")
    assert notice.locator("strong").inner_text() == "This file could not be read"
    assert notice.locator(".message").inner_text() == "notes.txt is not a readable image"
    assert page.locator(".page h4").all_inner_texts() == ["notes.txt", "it's a sign.png — 3 lines"]
    assert page.locator(".page").first.locator("svg").count() == 0
    assert "No text was found" not in page.inner_text("#view")


def test_the_reply_can_be_downloaded_and_its_text_copied(
    page: Any, server: Server, picture: Path, browser: Any
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url)
    visit(page, server, "boxes")
    upload(page, picture)
    run(page, ".picture polygon")
    with page.expect_download() as download:
        page.click("#download")
    saved = json.loads(Path(download.value.path()).read_text())
    page.click("#copy-text")

    assert saved["results"][0][1]["text"] == "静心湖公园"
    assert page.evaluate("navigator.clipboard.readText()") == "HubServing\n静心湖公园\nhard to read"


def test_visualize_shows_the_drawn_picture(page: Any, server: Server, picture: Path) -> None:
    visit(page, server, "boxes")
    upload(page, picture)
    page.click("summary:has-text('More arguments')")
    page.check("label:has-text('visualize') >> xpath=.. >> input")
    run(page, ".annotated")

    assert page.locator(".lines li").count() == 3
    assert '"visualize":true' in page.inner_text("#curl")


def test_text_becomes_chips_with_tags(page: Any, server: Server) -> None:
    visit(page, server, "tagger")
    page.fill("#form textarea", "Hub 8866\nopens 早上")
    run(page, ".chip")

    assert page.locator(".chips").first.locator(".chip").all_inner_texts() == ["Hub\nnz", "8866\nm"]
    colours = page.evaluate(
        "[...document.querySelectorAll('.chip')].map(e => getComputedStyle(e).backgroundColor)"
    )
    assert colours[0] != colours[1]
    assert "number" in page.inner_text(".legend")


def test_another_module_gets_a_form_from_its_signature_and_shows_the_raw_reply(
    page: Any, server: Server
) -> None:
    visit(page, server, "shapes")
    page.fill("label:has-text('title') >> xpath=.. >> textarea", "hello")
    page.click("summary:has-text('More arguments')")
    page.fill("label:has-text('count') >> xpath=.. >> input", "3")
    page.select_option("label:has-text('mode') >> xpath=.. >> select", label="good")
    page.fill("label:has-text('names') >> xpath=.. >> textarea", "a\nb")
    page.check("label:has-text('loud') >> xpath=.. >> input")
    page.fill("label:has-text('extra') >> xpath=.. >> textarea", '{"deep": [1]}')
    run(page, "#view pre")

    assert json.loads(page.inner_text("#view pre")) == {
        "title": "hello", "count": 3, "ratio": 0.5, "mode": "good", "names": ["a", "b"], "loud": True,
        "extra": {"deep": [1]},
    }  # fmt: skip


def test_a_mistake_in_a_field_is_said_beside_it_and_nothing_is_sent(page: Any, server: Server) -> None:
    visit(page, server, "shapes")
    page.click("summary:has-text('More arguments')")
    page.fill("label:has-text('count') >> xpath=.. >> input", "1.5")
    page.fill("label:has-text('extra') >> xpath=.. >> textarea", "{")
    run(page, ".problem:visible")

    said = page.locator(".problem:visible").all_inner_texts()
    assert said[0] == "This must be a whole number."
    assert said[1].startswith("This is not JSON")
    assert page.evaluate("performance.getEntriesByType('resource').every(e => !e.name.includes('predict'))")
    assert page.evaluate("document.activeElement.getAttribute('aria-invalid')") == "true"


def test_curl_and_python_do_what_the_page_did(
    page: Any, server: Server, picture: Path, tmp_path: Path
) -> None:
    visit(page, server, "boxes")
    upload(page, picture)
    run(page, ".picture polygon")
    expected = requests.post(
        f"{server.url}/predict/boxes",
        json={"images": [base64.b64encode(picture.read_bytes()).decode()]},
        timeout=20,
    ).json()
    for program, code in (("sh", page.inner_text("#curl")), (sys.executable, page.inner_text("#python"))):
        done = subprocess.run(
            [program, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
        )
        reply = json.loads(done.stdout) if program == "sh" else eval(done.stdout)  # noqa: S307 - our own print
        assert reply == expected


def test_curl_quotes_whatever_was_typed(page: Any, server: Server) -> None:
    title = """it's "quoted" $HOME `id` \\ 中文"""
    visit(page, server, "shapes")
    page.fill("#form textarea", title)
    run(page, "#view pre")
    for program, code in (("sh", page.inner_text("#curl")), (sys.executable, page.inner_text("#python"))):
        done = subprocess.run([program, "-c", code], capture_output=True, text=True, timeout=60, check=True)
        reply = json.loads(done.stdout) if program == "sh" else eval(done.stdout)  # noqa: S307 - our own print
        assert reply["results"]["title"] == title


def test_timings_are_shown(page: Any, server: Server) -> None:
    visit(page, server, "tagger")
    run(page, "#timings dd")

    assert page.locator("#timings dt").all_inner_texts() == [
        "Total", "Queue", "Batch", "Module", "Network and rest", "Drawn in",
    ]  # fmt: skip


def test_it_speaks_chinese_to_a_chinese_browser(browser: Any, server: Server) -> None:
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    visit(page, server, "tagger")
    assert page.inner_text("#run") == "运行"
    assert page.get_attribute("html", "lang") == "zh-CN"

    page.click("#language")
    assert page.inner_text("#run") == "Run"
    page.reload()
    page.wait_for_selector("#module:not([hidden])")
    assert page.inner_text("#run") == "Run"
    context.close()


def test_both_languages_have_every_text() -> None:
    script = """
        globalThis.localStorage = {getItem: () => null, setItem: () => {}};
        Object.defineProperty(globalThis, "navigator", {value: {language: "en"}});
        const fs = await import("node:fs");
        const text = fs.readFileSync("hub/serving/gateway/static/i18n.js", "utf8") + "\\nexport {TEXTS};";
        const {TEXTS} = await import("data:text/javascript;base64," + Buffer.from(text).toString("base64"));
        const [en, zh] = [Object.keys(TEXTS.en), Object.keys(TEXTS.zh)];
        console.log(JSON.stringify([...en.filter(k => !zh.includes(k)), ...zh.filter(k => !en.includes(k))]));
    """
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(done.stdout) == []


def test_it_fits_a_phone(browser: Any, server: Server, picture: Path) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page = context.new_page()
    visit(page, server, "boxes")
    upload(page, picture)
    page.tap("#run")
    page.wait_for_selector(".picture polygon")

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()
