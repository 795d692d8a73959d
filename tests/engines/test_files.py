from __future__ import annotations

from pathlib import Path

import pytest

from hub.engines.files import find_model_files
from hub.errors import ModelNotFoundError

pytestmark = pytest.mark.unit


def folder_with(path: Path, *names: str) -> Path:
    for name in names:
        (path / name).touch()
    return path


@pytest.mark.parametrize(
    ("names", "kind", "graph"),
    [
        (["inference.pdmodel", "inference.pdiparams"], "pdmodel", "inference.pdmodel"),
        (["inference.json", "inference.pdiparams"], "json", "inference.json"),
        (["model.pdmodel", "model.pdiparams"], "pdmodel", "model.pdmodel"),
        (["PP-OCRv6_det_small.onnx"], "onnx", "PP-OCRv6_det_small.onnx"),
        (["inference.json", "inference.pdmodel", "inference.pdiparams"], "pdmodel", "inference.pdmodel"),
    ],
    ids=["pdmodel", "json", "PaddleDetection's name", "onnx", "pdmodel first"],
)
def test_a_model_is_found_in_its_folder(tmp_path: Path, names: list[str], kind: str, graph: str) -> None:
    files = find_model_files(folder_with(tmp_path, *names))
    assert (files.kind, files.graph) == (kind, tmp_path / graph)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=str(tmp_path / "nowhere")):
        find_model_files(tmp_path / "nowhere")


def test_a_missing_file_is_named_with_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"needs .*inference\.pdiparams.*holds inference\.pdmodel"):
        find_model_files(folder_with(tmp_path, "inference.pdmodel"))


def test_two_onnx_files_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"det\.onnx, rec\.onnx"):
        find_model_files(folder_with(tmp_path, "det.onnx", "rec.onnx"))


def test_of_a_large_folder_ten_names_are_told(tmp_path: Path) -> None:
    names = [f"{number:02}.bin" for number in range(300)]
    with pytest.raises(ModelNotFoundError, match=r"holds 00\.bin, .*09\.bin and 290 more$"):
        find_model_files(folder_with(tmp_path, *names))
