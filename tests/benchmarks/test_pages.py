"""The pages have the tables of the results that are beside them."""

from __future__ import annotations

import json

import pytest

from benchmarks import machine, ocr_page, ocr_plot, operators

pytestmark = pytest.mark.unit
PAGE = machine.ROOT / "doc" / "measurements.md"


def test_the_page_has_the_tables_of_the_ocr_servers() -> None:
    figures = json.loads(ocr_page.RESULTS.read_text("utf-8"))

    assert ocr_page.tables(figures) in PAGE.read_text("utf-8")


def test_the_picture_is_of_the_results() -> None:
    figures = json.loads(ocr_page.RESULTS.read_text("utf-8"))

    assert ocr_page.RESULTS.with_suffix(".svg").read_text("utf-8") == ocr_plot.draw(figures)


def test_the_page_has_the_table_of_operators() -> None:
    figures = json.loads((machine.RESULTS / "operators.json").read_text("utf-8"))

    assert operators.text(figures) in PAGE.read_text("utf-8")
