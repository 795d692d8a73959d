"""Which files are meant, and how records look as CSV and text."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest

from hub.errors import InvalidInputError, UsageError
from hub.predict import files
from hub.predict.formats import FORMATS
from tests.serving.pictures import encode, plain

pytestmark = pytest.mark.unit


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("b.JPG", "a.png", "c.txt", ".hidden.png", "deep/d.png", "deep/er/e.png", "odd[1].png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("one\ntwo\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["."], ["a.png", "b.JPG", "odd[1].png"]),
        (["deep", "a.png"], ["deep/d.png", "a.png"]),
        (["c.txt"], ["c.txt"]),
        (["*.png"], ["a.png", "odd[1].png"]),
        (["deep/**/*.png"], ["deep/d.png", "deep/er/e.png"]),
        (["odd[1].png"], ["odd[1].png"]),
        (["a.png", ".", "./a.png"], ["a.png", "b.JPG", "odd[1].png"]),
        (["absent.png"], ["absent.png"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_words_name_files_folders_and_patterns(place: Path, words: list[str], expected: list[str]) -> None:
    assert files.expand(words, "image").names == expected


def test_of_a_folder_a_module_of_texts_gets_the_texts(place: Path) -> None:
    found = files.expand(["."], "text")
    assert found.names == ["c.txt"]
    assert found.left_out == "skipped 4: 1 folder (--recursive searches it), 3 text"


def test_of_a_folder_pictures_are_known_by_their_content_and_the_rest_is_counted_by_kind(
    place: Path,
) -> None:
    (place / "scan").write_bytes(encode(plain()))
    (place / "page.dat").write_bytes(b"%PDF-1.7")
    (place / "deep" / "x.zip").write_bytes(b"PK\3\4")
    (place / "odd").write_bytes(bytes(20))
    pictures = files.expand(["."], "image")
    assert pictures.names == ["a.png", "b.JPG", "odd[1].png", "scan"]
    assert pictures.left_out == (
        "skipped 4: 1 PDF, 1 folder (--recursive searches it), 1 text, 1 unknown file"
    )
    documents = files.expand(["."], "image", documents=True, recursive=True)
    names = ["a.png", "b.JPG", "deep/d.png", "deep/er/e.png", "odd[1].png", "page.dat", "scan"]
    assert documents.names == names
    assert documents.left_out == "skipped 3: 1 ZIP archive, 1 text, 1 unknown file"


def test_what_of_a_folder_is_no_file_is_counted_by_kind(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "gone.png").symlink_to(place / "nowhere")
    (place / "again").symlink_to(place)
    (place / "shut").mkdir()
    os.mkfifo(place / "pipe.png")
    list_folder = Path.iterdir

    def refused(folder: Path) -> Any:
        if folder.name == "shut":
            raise PermissionError(13, "Permission denied")
        return list_folder(folder)

    monkeypatch.setattr(Path, "iterdir", refused)  # root may read any folder
    found = files.expand(["."], "image", recursive=True)

    assert found.skipped["broken link"] == found.skipped["link to a folder"] == 1
    assert found.skipped["pipe, socket or device"] == found.skipped["folder that cannot be read"] == 1


@pytest.mark.parametrize("word", ["deep/er/*.jpg", "nothing"])
def test_a_folder_or_pattern_without_a_file_is_wrong_usage(place: Path, word: str) -> None:
    (place / "nothing").mkdir()
    with pytest.raises(UsageError, match="no file"):
        files.expand([word], "image")


def test_what_is_passed_for_a_file(place: Path) -> None:
    assert files.value("c.txt", "texts", "text") == ["one", "two"]
    assert files.value("a.png", "images", "image") == [Path("a.png")]
    assert files.value("a.png", "image", "image") == Path("a.png")
    assert files.value("a.png", "paths", "path") == [str(place / "a.png")]
    with pytest.raises(InvalidInputError, match="2 lines, and text takes one text"):
        files.value("c.txt", "text", "text")


OCR = [
    {"file": "empty.jpg", "results": [[]]},
    {"file": "a.jpg", "results": [[{"text": '你好, "x"', "box": [[0, 1]]}, {"text": "two\nlines", "n": 1}]]},
    {"file": "bad.jpg", "error": "InvalidInputError: no image"},
]
LABELS = [{"file": "a.jpg", "results": ["cat"]}, {"file": "b.txt", "results": [1, None, {"text": "x"}]}]


def written(format: str, records: list[dict[str, Any]]) -> list[str]:
    file = io.StringIO()
    writer = FORMATS[format](file)
    for record in records:
        writer.write(record)
    writer.end()
    return file.getvalue().splitlines()


def test_csv_has_a_row_for_each_line_of_a_picture() -> None:
    assert "\n".join(written("csv", OCR)) == (
        "file,number,text,box,other,error\n"
        "empty.jpg,,,,,\n"
        'a.jpg,1,"你好, ""x""","[[0,1]]",,\n'
        'a.jpg,2,"two\nlines",,"{""n"":1}",\n'
        "bad.jpg,,,,,InvalidInputError: no image"
    )


def test_csv_of_values_and_of_nothing() -> None:
    assert written("csv", LABELS) == [
        "file,number,value,other,error",
        "a.jpg,1,cat,,",
        "b.txt,1,1,,",
        "b.txt,2,null,,",
        'b.txt,3,,"{""text"":""x""}",',
    ]
    assert written("csv", OCR[2:]) == ["file,number,other,error", "bad.jpg,,,InvalidInputError: no image"]


def test_txt_has_a_line_for_each_text_and_none_for_an_error() -> None:
    assert written("txt", OCR) == ["empty.jpg\t", 'a.jpg\t你好, "x"', "a.jpg\ttwo lines"]
    assert written("txt", LABELS) == ["a.jpg\tcat", "b.txt\t1", "b.txt\tnull", "b.txt\tx"]
