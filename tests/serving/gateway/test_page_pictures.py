"""The pictures of pages that the playground shows, drawn in a process of their own."""

from __future__ import annotations

import contextlib
import io
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from hub.errors import DeadlineError, InvalidInputError
from hub.serving.gateway import page_pictures
from tests.serving import pictures
from tests.serving.gateway import apps
from tests.serving.gateway.apps import Door

MOST = 10_000_000


def three_pages(kind: str) -> bytes:
    white = [pictures.plain(300, 200, colour=(255, 255, 255 - 20 * number)) for number in range(3)]
    options: dict[str, Any] = {"resolution": 144} if kind == "PDF" else {}
    return pictures.encode(white[0], kind, save_all=True, append_images=white[1:], **options)


@pytest.mark.parametrize("kind", ["PDF", "TIFF", "GIF"])
def test_each_page_of_a_file_is_drawn_as_large_as_a_module_gets_it(kind: str) -> None:
    page = page_pictures.draw(three_pages(kind), 2, MOST)
    drawn = Image.open(io.BytesIO(page.jpeg))

    assert (page.total, page.is_animation) == (3, kind == "GIF")
    assert (drawn.format, drawn.size) == ("JPEG", (page.width, page.height)) == ("JPEG", (300, 200))


def test_a_large_page_is_drawn_small_and_its_size_is_told() -> None:
    page = page_pictures.draw(pictures.png(4000, 1000), 0, MOST)

    assert (page.width, page.height) == (4000, 1000)
    assert Image.open(io.BytesIO(page.jpeg)).size == (1600, 400)


@pytest.mark.parametrize(
    ("data", "number", "reason"),
    [
        (b"no picture", 0, "it is text"),
        (b"%PDF-1.7 cut off", 0, "it is a PDF that is damaged or cut off"),
        (pictures.png(), 1, "it has no page 1, counted from 0: the last is 0"),
        (pictures.png(4000, 4000), 0, "it has 4000 × 4000 pixels; at most 10000000"),
    ],
)
def test_what_cannot_be_drawn_is_an_error_that_says_why(data: bytes, number: int, reason: str) -> None:
    with pytest.raises(
        InvalidInputError, match=f"page {number}, counted from 0, cannot be shown: .*{reason}"
    ):
        page_pictures.draw(data, number, MOST)


def test_a_process_that_dies_is_an_error_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_pictures, "CPU_SECONDS", 0)  # the kernel ends it

    with pytest.raises(InvalidInputError, match="takes too much memory or time"):
        page_pictures.draw(pictures.png(), 0, MOST)


def test_a_process_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_pictures, "WAIT_SECONDS", 0.01)
    started = []
    begin = subprocess.Popen.__init__

    def noted(process: Any, *args: Any, **options: Any) -> None:
        started.append(process)
        begin(process, *args, **options)

    monkeypatch.setattr(subprocess.Popen, "__init__", noted)
    with pytest.raises(DeadlineError):
        page_pictures.draw(pictures.png(), 0, MOST)
    assert [process.returncode for process in started] == [-9]


def test_the_route_answers_with_the_page_and_what_is_known_of_it(door: Door) -> None:
    reply = door.client.post("/api/page?page=1", data=three_pages("TIFF"))

    told = {name: reply.headers[name] for name in ("X-Hub-Page-Size", "X-Hub-Pages", "X-Hub-Page-Kind")}
    assert told == {"X-Hub-Page-Size": "300x200", "X-Hub-Pages": "3", "X-Hub-Page-Kind": "page"}
    assert (reply.status_code, reply.mimetype, reply.headers["Cache-Control"]) == (
        200,
        "image/jpeg",
        "no-store",
    )


@pytest.mark.parametrize("page", ["-1", "x", "1.0", "", "9999999", "٣"])
def test_a_page_is_asked_for_by_its_number(door: Door, page: str) -> None:
    code, reply = door.json("POST", "/api/page", query_string={"page": page}, data=pictures.png())

    assert (code, reply["status"]) == (400, "101")
    assert "page must be the number of a page, from 0" in reply["msg"]


def test_more_pages_at_once_than_may_be_drawn_are_refused(door: Door) -> None:
    with contextlib.ExitStack() as held:
        for _ in range(page_pictures.AT_ONCE):
            held.enter_context(door.gateway.admission.admit(page_pictures.NAME, page_pictures.AT_ONCE, 0))
        refused = door.client.post("/api/page", data=pictures.png())

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert door.client.post("/api/page", data=pictures.png()).status_code == 200


def test_a_page_is_drawn_for_those_who_have_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    (tmp_path / "keys").write_text("alice:0123456789abcdef\n")
    client = apps.make(tmp_path, api_key_file=str(tmp_path / "keys")).client

    assert client.post("/api/page", data=pictures.png()).status_code == 401
    answered = client.post("/api/page", data=pictures.png(), headers={"X-API-Key": "0123456789abcdef"})
    assert answered.status_code == 200


def test_without_pages_for_people_none_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    client = apps.make(tmp_path, ui=False).client

    assert client.post("/api/page", data=pictures.png()).status_code == 404
    assert "/api/page" not in client.get("/openapi.json").json["paths"]
