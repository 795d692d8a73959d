from __future__ import annotations

import errno
import io
import json
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from hub.errors import InvalidInputError
from hub.serving.config import server_config
from hub.serving.gateway.job_inputs import BodyReader
from hub.serving.gateway.job_page_reader import PageReader
from hub.serving.messages import state
from hub.serving.messages.job_inputs import PageInput, ReadReply, ReadRequest
from hub.serving.messages.jobs import Submission
from hub.serving.messages.manifest import Manifest, Parameter
from hub.serving.messages.state import LOADING, READY, ModuleState, ServerState, StateReader
from tests.serving.jobs.documents import pdf
from tests.serving.pictures import png, text_of

pytestmark = pytest.mark.unit
TEXTS = Manifest("say", batch="texts", parameters=(Parameter("texts", True),), takes_any=False)
FILES = Manifest("read", batch="images", images=("images",), documents=True)
MASKED = Manifest("m", batch="images", images=("images", "mask"))


def read(folder: Path, body: Any, manifest: Manifest, status: str = READY, **fields: Any) -> ReadReply:
    (folder / "body").write_bytes(body if isinstance(body, bytes) else json.dumps(body).encode())
    state.write(folder / "state.json", ServerState({"m": ModuleState("m", "1", status, manifest=manifest)}))
    config = server_config.build({"modules_info": {"m": {}}}, source="test")
    submission = Submission("m", content_type="application/json", **fields)
    reader = BodyReader(config, StateReader(folder / "state.json"))
    return reader.answer(ReadRequest("take", str(folder), str(folder / "body"), submission))[0]


def numbers(reply: ReadReply) -> list[tuple[int, int | None]]:
    return [(each.item, each.page) for each in reply.pages]


def frames(kind: str, *shades: int) -> bytes:
    images = [Image.new("L", (8, 8), shade) for shade in shades]
    file = io.BytesIO()
    images[0].save(file, kind, save_all=True, append_images=images[1:])
    return file.getvalue()


def test_each_text_is_a_page(tmp_path: Path) -> None:
    reply = read(tmp_path, {"texts": ["a", "ü"]}, TEXTS)
    assert reply.plan is not None
    assert (reply.plan.argument, reply.plan.in_files, reply.plan.arguments) == ("texts", False, "{}")
    assert reply.pages == (PageInput(0, None, '"a"'), PageInput(1, None, '"\\u00fc"'))


def test_each_page_of_each_document_is_a_page(tmp_path: Path) -> None:
    images = [pdf(2), png(), frames("TIFF", 1, 1, 3), b"no picture"]
    reply = read(tmp_path, {"images": [text_of(each) for each in images], "mark": 1.0}, FILES)
    assert numbers(reply) == [(0, 0), (0, 1), (1, None), (2, 0), (2, 1), (2, 2), (3, None)]
    assert reply.plan is not None and json.loads(reply.plan.arguments) == {"mark": 1.0}
    assert (tmp_path / "0").read_bytes() == images[0]


def test_of_an_animation_frames_that_are_as_the_one_before_are_left_out(tmp_path: Path) -> None:
    body = {"images": [text_of(frames("PNG", 1, 1, 200))]}
    assert numbers(read(tmp_path, body, FILES)) == [(0, 0), (0, 2)]


@pytest.mark.parametrize(("pages", "found"), [(2, [0, 1]), ([2, 0, 2], [2, 0]), (9, [0, 1, 2])])
def test_pages_says_which(tmp_path: Path, pages: Any, found: list[int]) -> None:
    reply = read(tmp_path, {"images": [text_of(pdf(3))], "pages": pages}, FILES)
    assert [page for _, page in numbers(reply)] == found
    assert reply.plan is not None and json.loads(reply.plan.arguments) == {}


@pytest.mark.parametrize("pages", [[3], 0, "all"])
def test_pages_that_are_not_there_are_an_error(tmp_path: Path, pages: Any) -> None:
    reply = read(tmp_path, {"images": [text_of(pdf(3))], "pages": pages}, FILES)
    assert "pages" in reply.error and not reply.again


@pytest.mark.parametrize(
    ("manifest", "body", "fields"),
    [
        (Manifest("add"), {"numbers": [1]}, {}),
        (TEXTS, {"texts": "one"}, {}),
        (TEXTS, {"texts": []}, {}),
        (Manifest("m", endpoints={"ocr": ("file",)}), {"file": ""}, {"endpoint": "ocr"}),
        (MASKED, {"images": [text_of(png())], "mask": text_of(png())}, {}),
    ],
    ids=["no batch argument", "no list", "an empty list", "an endpoint", "another picture"],
)
def test_all_else_is_sent_whole(tmp_path: Path, manifest: Manifest, body: Any, fields: Any) -> None:
    reply = read(tmp_path, body, manifest, **fields)
    assert reply.plan is not None
    assert (reply.plan.argument, reply.pages) == ("", (PageInput(0),))


def test_documents_whose_result_is_of_the_whole_are_a_page_each(tmp_path: Path) -> None:
    manifest = Manifest("read", batch="images", images=("images",), documents=True, whole_documents=True)
    reply = read(tmp_path, {"images": [text_of(pdf(3))], "pages": 2}, manifest)
    assert numbers(reply) == [(0, None)]
    assert reply.plan is not None and json.loads(reply.plan.arguments) == {"pages": 2}


def test_what_must_not_run_twice_is_told(tmp_path: Path) -> None:
    reply = read(tmp_path, {"texts": ["a"]}, Manifest("pay", batch="texts", idempotent=False))
    assert reply.plan is not None and reply.plan.once


def test_a_module_that_is_loading_may_be_ready_later(tmp_path: Path) -> None:
    assert read(tmp_path, {"texts": ["a"]}, TEXTS, LOADING).again


def test_a_page_is_as_it_is_when_it_is_read_with_the_others(tmp_path: Path) -> None:
    from hub.pictures.documents import open_document

    for name, data in (("pdf", pdf(2)), ("tiff", frames("TIFF", 7, 90))):
        (tmp_path / name).write_bytes(data)
        with open_document(data) as document:
            expected = document.page(1)
        found = cv2.imdecode(np.frombuffer(PageReader(10**6).png(tmp_path / name, 1), np.uint8), 1)
        assert np.array_equal(found, expected)


def test_a_page_that_cannot_be_read_does_not_spoil_the_next(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(pdf(2))
    pages = PageReader(10**6)
    with pytest.raises(InvalidInputError):
        pages.png(tmp_path / "a", 7)
    assert pages.png(tmp_path / "a", 1)


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e400", '"\\ud800"'])
def test_an_item_is_what_the_module_would_get_in_a_request(tmp_path: Path, number: str) -> None:
    (item,) = read(tmp_path, b'{"texts": [{"a": %b}]}' % number.encode(), TEXTS).pages
    assert repr(json.loads(item.content)) == repr({"a": json.loads(number)})


@pytest.mark.parametrize("depth", [500, 1010])
def test_an_item_that_is_nested_deeply_does_not_end_the_process(tmp_path: Path, depth: int) -> None:
    reply = read(tmp_path, b'{"texts": [%b]}' % (b"[" * depth + b"]" * depth), TEXTS)
    assert len(reply.pages) == 1 or "nested too deeply" in reply.error


@pytest.mark.parametrize(
    ("number", "again"), [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EIO, False)]
)
def test_a_body_waits_for_room_on_the_disk_and_fails_for_other_reasons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, again: bool
) -> None:
    def write_bytes(path: Path, data: bytes) -> int:
        if path.name == "0":
            raise OSError(number, os.strerror(number))
        with path.open("wb") as file:
            return file.write(data)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    reply = read(tmp_path, {"images": [text_of(png())]}, FILES)
    assert (reply.again, os.strerror(number) in reply.error) == (again, True)
