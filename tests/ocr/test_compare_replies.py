"""tools/compare_replies.py, run as people run it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving.pictures import png
from tests.serving.running import ROOT, Server, free_port

pytestmark = pytest.mark.slow

SCRIPT = ROOT / "tools" / "compare_replies.py"
#: It answers as PaddleX's /ocr does; the line says how large the file is.
PADDLEX = """
from hub.module import Module, moduleinfo, serving

@moduleinfo(name="paddlex_like", version="1.0.0")
class Like(Module):
    endpoints = {"ocr": ("file",)}

    @serving
    def call_endpoint(self, endpoint, body):
        size = len(body["file"])
        box = [[0, 0], [9, 0], [9, 9], [0, 9]]
        page = {"rec_texts": [f"{size} bytes"], "rec_scores": [1.0], "rec_polys": [box]}
        result = {"ocrResults": [{"prunedResult": page}], "pictures": body["visualize"]}
        return {"http_status": 200, "reply": {"errorCode": 0, "result": result}}
"""


def line(text: str, *, x: int = 10, confidence: float = 0.9) -> dict[str, Any]:
    region = [[x, 10], [x + 100, 10], [x + 100, 30], [x, 30]]
    return {"text": text, "confidence": confidence, "text_region": region}


def compare(tmp_path: Path, one: list[Any], other: list[Any], *options: str) -> tuple[int, str]:
    for name, items in (("a.json", one), ("b.json", other)):
        (tmp_path / name).write_text(json.dumps({"page.jpg": {"msg": "", "results": [items], "status": "0"}}))
    command = [sys.executable, str(SCRIPT), "a.json", "b.json", *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert not done.stderr
    return done.returncode, done.stdout


def test_equal_replies_agree(tmp_path: Path) -> None:
    code, output = compare(tmp_path, [line("约定")], [line("约定")])
    assert code == 0
    assert "0 edits in 2 characters (0.00 %), 0 lines without partner, largest shift 0 px" in output


def test_a_changed_character_is_shown_and_counted(tmp_path: Path) -> None:
    code, output = compare(tmp_path, [line("hello")], [line("hallo")])
    assert code == 1
    assert "- hello\n    + hallo" in output
    assert "1 edits in 5 characters (20.00 %)" in output


def test_allowed_edits_are_no_failure(tmp_path: Path) -> None:
    assert compare(tmp_path, [line("hello")], [line("hallo")], "--max-edits", "1")[0] == 0


@pytest.mark.parametrize(("shift", "code"), [(1, 0), (2, 1)])
def test_a_corner_may_move_by_one_pixel(tmp_path: Path, shift: int, code: int) -> None:
    assert compare(tmp_path, [line("a")], [line("a", x=10 + shift)])[0] == code


def test_lines_are_paired_by_place_not_by_order(tmp_path: Path) -> None:
    left, right = line("left"), line("right", x=300)
    assert compare(tmp_path, [left, right], [right, left])[0] == 0


def test_a_missing_line_is_counted(tmp_path: Path) -> None:
    code, output = compare(tmp_path, [line("a"), line("b", x=300)], [line("a")])
    assert code == 1
    assert "1 lines without partner" in output


def test_replies_without_boxes_are_paired_by_order(tmp_path: Path) -> None:
    one, other = ({"text": "a", "confidence": 0.5}, {"text": "a", "confidence": 0.25})
    code, output = compare(tmp_path, [one], [other])
    assert code == 0
    assert "0.25000" in output


# -- asking servers --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("paddlex_like")
    (folder / "module.py").write_text(PADDLEX)
    sizes = ROOT / "tests" / "docs" / "modules" / "ocr_system"  # its lines say how large a picture is
    modules = {
        "ocr_system": {"init_args": {"directory": str(sizes)}},
        "paddlex_like": {"init_args": {"directory": str(folder)}},
    }
    with Server(tmp_path_factory.mktemp("home"), modules) as running:
        yield running


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "a.png").write_bytes(png(30, 20))
    (folder / "b.png").write_bytes(png(40, 20))
    (folder / "notes.txt").write_text("not sent")
    return folder


def ask(*words: object) -> tuple[int, str, str]:
    command = [sys.executable, str(SCRIPT), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_a_folder_is_sent_to_two_addresses(server: Server, scans: Path) -> None:
    address = f"{server.url}/predict/ocr_system"
    code, output, _ = ask(address, address, "--images", scans)
    assert code == 0
    assert "2 images, 0 edits" in output


def test_saved_replies_are_compared_with_those_of_an_address(
    server: Server, scans: Path, tmp_path: Path
) -> None:
    region = [[0, 0], [30, 0], [30, 20], [0, 20]]
    texts = ("宽 31", '"20" high')
    lines = [{"text": text, "confidence": 1.0, "text_region": region} for text in texts]
    (tmp_path / "old.json").write_text(json.dumps({"a.png": [lines]}))
    code, output, _ = ask(tmp_path / "old.json", f"{server.url}/predict/ocr_system", "--images", scans)
    assert code == 1
    assert "- 宽 31\n    + 宽 30" in output


def test_an_address_of_paddlex_is_asked_in_its_own_form(server: Server, scans: Path) -> None:
    size = len(png(30, 20))
    code, output, _ = ask(
        f"{server.url}/ocr", f"{server.url}/predict/ocr_system", "--images", scans / "a.png"
    )
    assert code == 1
    assert f"- {size} bytes" in output


@pytest.mark.parametrize(
    ("path", "options", "said"),
    [
        ("/predict/ocr_system", (), "--images"),
        ("/predict/other", ("--images", ROOT / "doc" / "imgs"), "Module other is not available."),
        ("/predict/ocr_system", ("--images", ROOT / "hub"), "has no images"),
    ],
)
def test_what_cannot_be_asked_is_one_line_and_exit_code_2(
    server: Server, path: str, options: tuple[object, ...], said: str
) -> None:
    code, output, errors = ask(server.url + path, server.url + path, *options)
    assert (code, output) == (2, "")
    assert said in errors
    assert len(errors.splitlines()) == 1


def test_a_server_that_is_not_there_is_one_line_and_exit_code_2(scans: Path) -> None:
    address = f"http://127.0.0.1:{free_port()}/predict/ocr_system"
    code, _, errors = ask(address, address, "--images", scans)
    assert (code, errors) == (2, f"Error: cannot reach {address}. Is the server running there?\n")
