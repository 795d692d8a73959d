"""A reader of a file that is replaced whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.serving.messages import atomic_json
from hub.serving.messages.atomic_json import Reader

pytestmark = pytest.mark.unit


def test_a_file_that_is_gone_still_says_what_it_said_last(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    reader = Reader(path, Path.read_text, "")
    with pytest.raises(FileNotFoundError):
        reader.current()
    atomic_json.write(path, "first")
    said = [reader.current()]
    path.unlink()
    said.append(reader.current())
    atomic_json.write(path, "second")
    said.append(reader.current())

    assert said == ['"first"', '"first"', '"second"']
