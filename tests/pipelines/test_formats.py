"""Each cell of doc/reference/formats.md: what is read of a format, on which way."""

from __future__ import annotations

from typing import Any

import pytest

from hub.pictures.pages import Reader
from tests.pictures import formats
from tests.pipelines.conftest import OCRServer, text_of
from tools.format_table import FIRST, NAMED, ONE, PICTURE, ROWS, Row

pytestmark = pytest.mark.models
SAMPLES = formats.samples()
IDS = [f"{row.kind.name}, {row.remark}" for row in ROWS]


def sample(row: Row) -> tuple[bytes, tuple[str, ...]]:
    if row.sample == "HEIC":
        pytest.importorskip("pillow_heif")
        return formats.heic(), formats.WORDS[:1]
    return SAMPLES[row.sample]


def expected(cell: str, texts: tuple[str, ...]) -> list[str]:
    return list(texts[:1] if cell in (PICTURE, ONE) else texts)


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_a_module_that_reads_documents_reads_what_the_table_says(server: OCRServer, row: Row) -> None:
    data, texts = sample(row)
    reply = server.post("ocr_system", {"images": [text_of(data)]}).json()
    (lines,) = reply["results"]
    assert (formats.texts(lines), reply["msg"]) == (expected(row.documents, texts), "")
    has_pages = len(expected(row.documents, texts)) > 1
    assert [line.get("page") for line in lines] == ([0, 1, 2] if has_pages else [None])


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_the_endpoint_reads_what_the_table_says(server: OCRServer, row: Row) -> None:
    data, texts = sample(row)
    result = server.read(data, fileType=0 if row.kind.name == "PDF" else 1)
    found: list[Any] = [page["prunedResult"]["rec_texts"] for page in result["ocrResults"]]
    assert [text.replace(" ", "") for page in found for text in page] == expected(row.endpoint, texts)


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_another_module_gets_what_the_table_says(row: Row) -> None:
    data, _ = sample(row)
    reader = Reader()
    image = reader.read(data, "images[0]")
    assert (image is None) == (row.others == NAMED)
    said = {FIRST: "only the first is read", NAMED: "it is a PDF: ocr_system"}.get(row.others)
    assert (said in reader.notes[0]) if said else reader.notes == []
