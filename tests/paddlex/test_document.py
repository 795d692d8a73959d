"""doc/paddlex.md: every item of documents 000 to 002 has its row, and what a row names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from hub.cli.paddlex import paddlex
from hub.paddlex.names import PIPELINES
from hub.paddlex.ocr_file import OCRFile
from hub.validation import fields_of
from tests.serving.running import ROOT

pytestmark = pytest.mark.unit

PAGE = (ROOT / "doc" / "paddlex.md").read_text("utf-8")
TRITON = (ROOT / "doc" / "triton.md").read_text("utf-8")
ROWS = re.findall(r"^\| (S\d-\d+) \| (.+?) \| (.+) \|$", PAGE, re.MULTILINE)
LAST = {0: 36, 1: 46, 2: 21}
ITEMS = [f"S{document}-{number:02}" for document, last in LAST.items() for number in range(1, last + 1)]
NAMED = sorted(set(re.findall(r"`(\w+/test_\w+)::(test_\w+)`", PAGE)))


def test_every_item_of_the_documents_has_one_row_in_their_order() -> None:
    assert [item for item, _, _ in ROWS] == ITEMS


@pytest.mark.parametrize(("item", "verdict"), [(item, verdict) for item, _, verdict in ROWS])
def test_a_row_says_whether_it_works_and_what_shows_it(item: str, verdict: str) -> None:
    assert re.match(r"works|accepted, does nothing|not here, because", verdict)
    assert "::test_" in verdict or "](" in verdict or verdict.startswith("not here")


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_a_test_that_is_named_is_there(file: str, test: str) -> None:
    assert test in named_in(ROOT / "tests" / f"{file}.py")


def test_files_of_tests_that_the_page_on_triton_names_are_there() -> None:
    named = set(re.findall(r"`((?:tests/)?(?:\w+/)*test_\w+)`", TRITON))
    places = {name: ROOT / (name if name.startswith("tests/") else f"tests/triton/{name}") for name in named}

    assert named
    assert [name for name, place in places.items() if not place.with_suffix(".py").is_file()] == []


def named_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_pipeline_has_its_row_with_titles_and_routes() -> None:
    rows = re.findall(
        r"^\| `([\w.-]+)` \| (.+?) \| (`/.+|PaddleX has no server for it) \|$", PAGE, re.MULTILINE
    )
    expected = [
        (
            name,
            ", ".join(dict.fromkeys((each.chinese, each.english))),
            ", ".join(f"`/{route}`" for route in each.routes) or "PaddleX has no server for it",
        )
        for name, each in PIPELINES.items()
    ]

    assert rows == expected


def test_every_option_of_the_command_is_described() -> None:
    shown = [option for each in paddlex.params if not getattr(each, "hidden", True) for option in each.opts]

    assert [option for option in shown if f"`{option}" not in PAGE] == []


def test_every_key_of_an_ocr_file_is_described() -> None:
    below = {"hpi_config", "file_storage", "index_storage", "DocPreprocessor"}  # PaddleX's own affairs
    keys = {path[-1] for path in fields_of(OCRFile) if below.isdisjoint(path[:-1])}

    assert sorted(key for key in keys if not re.search(rf"\b{key}\b", PAGE)) == []
