"""PDFs with invisible text, read again by PDFium."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.errors import UsageError
from hub.predict import searchable
from hub.predict.job import Job, Output
from tests.pictures.drawn import several
from tests.pictures.test_pages import pdf
from tests.serving.pictures import encode, plain

pytestmark = pytest.mark.unit


def test_without_the_library_the_command_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searchable, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match="pip install reportlab"):
        searchable.check(tmp_path)
    with pytest.raises(UsageError, match="give --output DIR"):
        searchable.check(None)


def line(text: str, *corners: tuple[int, int], **more: Any) -> dict[str, Any]:
    return {"text": text, "text_region": [list(corner) for corner in corners], **more}


def texts(data: bytes) -> list[str]:
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    return [page.get_textpage().get_text_range() for page in document]


@pytest.mark.parametrize(
    "text",
    [
        "Total 12.50 €",
        "增值税发票，合计",
        "日本語カタカナ",
        "한국어 영수증",
        "Größe",
        "Привет",
        "𠮷野家",
        "a😀b",
    ],
)
def test_text_of_any_script_is_found_again(text: str) -> None:
    pytest.importorskip("reportlab")
    data = searchable.searchable(
        encode(plain(400, 100)), [line(text, (10, 20), (310, 20), (310, 60), (10, 60))]
    )
    assert text in texts(data)[0]


def test_text_stands_where_it_is_in_the_picture_and_is_as_large() -> None:
    pytest.importorskip("reportlab")
    import pypdfium2

    box = (10, 20), (310, 20), (310, 60), (10, 60)
    data = searchable.searchable(encode(plain(400, 100)), [line("INVOICE", *box)])
    page = pypdfium2.PdfDocument(data)[0]
    assert page.get_size() == (200, 50)
    page_text = page.get_textpage()
    left = page_text.get_charbox(0)[0]
    right = page_text.get_charbox(6)[2]
    assert (left, right) == (pytest.approx(5, abs=3), pytest.approx(155, abs=4))
    assert 20 <= page_text.get_charbox(0, loose=True)[1] + 8 <= 33


def test_a_tilted_line_is_tilted_in_the_pdf() -> None:
    pytest.importorskip("reportlab")
    down = (100, 10), (100, 90), (60, 90), (60, 10)  # turned clockwise: from the top to the bottom
    data = searchable.searchable(encode(plain(200, 100)), [line("DOWN", *down)])
    import pypdfium2

    page_text = pypdfium2.PdfDocument(data)[0].get_textpage()
    assert page_text.get_charbox(0)[3] > page_text.get_charbox(3)[3]


@pytest.mark.parametrize("document", [several(plain(40, 30), plain(60, 50)), pdf(2)], ids=["TIFF", "PDF"])
def test_each_page_has_its_own_text(document: bytes) -> None:
    pytest.importorskip("reportlab")
    box = (2, 2), (30, 2), (30, 12), (2, 12)
    found = texts(searchable.searchable(document, [line("one", *box, page=0), line("two", *box, page=1)]))
    assert [text.strip() for text in found] == ["one", "two"]


def test_a_file_has_its_pdf_beside_the_records_also_after_the_job_was_killed(tmp_path: Path) -> None:
    pytest.importorskip("reportlab")
    scan = tmp_path / "in" / "a.png"
    scan.parent.mkdir()
    scan.write_bytes(encode(plain(100, 40)))
    box = (2, 2), (90, 2), (90, 30), (2, 30)
    job = Job("ocr", "images", "image")
    with Output(tmp_path / "out", job, "pdf", resume=True) as output:
        output.add({"file": str(scan), "results": [[line("found", *box)]]})
        output.add({"file": "bad", "error": "no picture"})
    (written,) = (tmp_path / "out").rglob("a.png.pdf")
    assert "found" in texts(written.read_bytes())[0]

    written.unlink()
    with Output(tmp_path / "out", job, "pdf", resume=True):
        assert written.exists()
