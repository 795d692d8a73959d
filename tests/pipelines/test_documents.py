"""Documents at /predict/ocr_system: which pages are read, and how they are told apart."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pictures import formats
from tests.pictures.drawn import several
from tests.pipelines.conftest import OCRServer, text_of

pytestmark = pytest.mark.models
THREE = formats.samples()["PDF"][0]
#: Twelve pages, of which only the last has text.
LONG = several(*[formats.picture("")] * 11, formats.picture())


def read(server: OCRServer, *files: bytes, **arguments: Any) -> Any:
    reply = server.post("ocr_system", {"images": [text_of(data) for data in files], **arguments}, timeout=60)
    return reply.json()


def test_ten_pages_are_read_unless_more_are_asked_for_and_msg_says_so(server: OCRServer) -> None:
    cut = read(server, LONG)
    assert cut["results"] == [[]]
    assert cut["msg"].startswith("images[0] has 12 pages; the first 10 were read. Ask for more with pages")
    for asked in (12, 100, [11]):
        whole = read(server, LONG, pages=asked)
        assert ([line["page"] for line in whole["results"][0]], whole["msg"]) == ([11], "")


@pytest.mark.parametrize(
    ("asked", "said"), [([12], "pages asks for 12; images[0] has 12 pages"), (0, "pages must be how many")]
)
def test_pages_that_are_not_there_or_no_pages_are_400(server: OCRServer, asked: Any, said: str) -> None:
    refused = read(server, LONG, pages=asked)
    assert refused["status"] == "101"
    assert said in refused["msg"]


def test_a_form_and_triton_ask_for_pages_too(server: OCRServer) -> None:
    form = server.post("ocr_system", json=None, files={"images": THREE}, data={"pages": "[2]"}).json()
    tensor = {"name": "images", "datatype": "BYTES", "shape": [1], "data": [text_of(THREE)]}
    ask = {"inputs": [tensor], "parameters": {"pages": 1}, "outputs": [{"name": "output"}]}
    v2 = server.session.post(f"{server.url}/v2/models/ocr_system/infer", json=ask, timeout=60).json()
    assert [line["page"] for line in form["results"][0]] == [2]
    assert formats.WORDS[0] in v2["outputs"][0]["data"][0]
    assert formats.WORDS[1] not in v2["outputs"][0]["data"][0]


def test_a_caller_gets_the_text_alone_page_by_page(server: OCRServer) -> None:
    files = [("images", THREE), ("images", formats.samples()["JPEG"][0])]
    reply = server.post("ocr_system", json=None, files=files, headers={"Accept": "text/plain"})
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert reply.text.replace(" ", "") == "INVOICE\n\fRECEIPT\n\f20261120\n\fINVOICE\n"


def test_each_page_has_its_picture(server: OCRServer) -> None:
    (result,) = read(server, THREE, pages=2, visualize=True)["results"]
    assert [line["page"] for line in result["lines"]] == [0, 1]
    assert (len(result["images"]), result["image"]) == (2, result["images"][0])


def test_more_pages_than_images_are_allowed_are_413(server: OCRServer) -> None:
    many = several(*[formats.picture("").resize((32, 32))] * 65)
    reply = server.post("ocr_system", {"images": [text_of(many)], "pages": 65}, timeout=60)
    assert (reply.status_code, "max_images" in reply.json()["msg"]) == (413, True)
