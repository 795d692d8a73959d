"""The rules of the tree that import-linter has no contract for."""

from __future__ import annotations

import re

import pytest

from benchmarks import structure

pytestmark = pytest.mark.unit


def test_no_files_of_hub_import_each_other_in_a_circle() -> None:
    assert structure.circles(structure.import_graph(structure.ROOT)) == []


def test_a_file_that_is_imported_late_counts_too() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}

    assert structure.circles(graph) == [["a", "b", "c"]]


def test_the_files_that_contributing_names_are_there() -> None:
    text = (structure.ROOT / "CONTRIBUTING.md").read_text()
    table = text.partition("## Where would I change")[2].partition("\n## ")[0]
    named = re.findall(r"`(hub/[^`]+)`", table)

    assert len(named) == 1 + 20  # the map, and an answer to each question
    assert [path for path in named if not (structure.ROOT / path).is_file()] == []
