"""The playground in a real Chromium: what a person does, and what comes of it."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.serving import pictures
from tests.serving.running import Server, wait_until
from tests.ui.driving import field, run, upload, visit

pytestmark = pytest.mark.slow


def test_it_lists_the_modules_with_state_and_version(page: Any, server: Server) -> None:
    visit(page, server)

    rows = [text.split("\n") for text in page.locator("#modules button").all_inner_texts()]
    assert sorted(rows) == [
        ["boxes", "ready", "2.0.0"],
        ["broken", "failed", "1.0.0"],
        ["papers", "ready", "3.0.0"],
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
    page.check(field("visualize") + " input")
    run(page, ".annotated")

    assert page.locator(".lines li").count() == 3
    assert "--form-string 'visualize=true'" in page.inner_text("#curl")


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
    page.fill(field("title") + " textarea", "hello")
    page.click("summary:has-text('More arguments')")
    page.fill(field("count") + " input", "3")
    page.select_option(field("mode") + " select", label="good")
    page.fill(field("names") + " textarea", "a\nb")
    page.check(field("loud") + " input")
    page.fill(field("extra") + " textarea", '{"deep": [1]}')
    run(page, "#view pre")

    assert json.loads(page.inner_text("#view pre")) == {
        "title": "hello", "count": 3, "ratio": 0.5, "mode": "good", "names": ["a", "b"], "loud": True,
        "extra": {"deep": [1]},
    }  # fmt: skip


def test_a_mistake_in_a_field_is_said_beside_it_and_nothing_is_sent(page: Any, server: Server) -> None:
    visit(page, server, "shapes")
    page.click("summary:has-text('More arguments')")
    page.fill(field("count") + " input", "1.5")
    page.fill(field("extra") + " textarea", "{")
    run(page, ".problem:visible")

    said = page.locator(".problem:visible").all_inner_texts()
    assert said[0] == "This must be a whole number."
    assert said[1].startswith("This is not JSON")
    assert page.evaluate("performance.getEntriesByType('resource').every(e => !e.name.includes('predict'))")
    assert page.evaluate("document.activeElement.getAttribute('aria-invalid')") == "true"


def test_timings_are_folded_away(page: Any, server: Server) -> None:
    visit(page, server, "tagger")
    run(page, ".chip")
    assert not page.is_visible("#timings")
    page.click("#spent summary")
    page.wait_for_selector("#timings dd")

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
