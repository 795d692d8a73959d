"""The catalogue that ships with the package."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path, PurePosixPath

import pytest

from hub.registry import weights
from hub.registry.weights import catalogue

pytestmark = pytest.mark.unit


def test_it_names_what_the_modules_use() -> None:
    expected = {
        "PP-OCRv4_mobile_det",
        "PP-OCRv4_mobile_rec",
        "ch_ppocr_mobile_v2.0_cls",
        "PP-OCRv6_small_det",
        "PP-OCRv6_small_rec",
        "PP-OCRv6_tiny_det",
        "PP-OCRv6_tiny_rec",
        "PP-OCRv5_mobile_det",
        "PP-OCRv5_mobile_rec",
        "ch_ppocr_mobile_v2.0_cls_onnx",
        "PP-LCNet_x1_0_doc_ori",
        "PP-OCRv4_mobile_seal_det",
        "LAC",
        "NotoSansCJKsc",
    }
    assert set(catalogue()) == expected


@pytest.mark.parametrize("name", catalogue())
def test_an_entry_is_well_formed(name: str) -> None:
    entry = catalogue()[name]
    assert entry.kind in {"paddle", "onnx", "font"}
    assert re.fullmatch(r"[\w.-]+==[\d.]+", entry.archive.requirement)
    assert entry.license in {"Apache-2.0", "OFL-1.1"}
    assert entry.files
    for file in entry.files:
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert file.size > 0
        target = PurePosixPath(file.name)
        assert not target.is_absolute()
        assert ".." not in target.parts


@pytest.mark.models
def test_the_ocr_models_are_where_the_catalogue_says(tmp_path: Path) -> None:
    names = ["PP-OCRv4_mobile_det", "PP-OCRv4_mobile_rec", "ch_ppocr_mobile_v2.0_cls"]
    for name, folder in weights.fetch(names, home=tmp_path).items():
        for file in catalogue()[name].files:
            assert hashlib.sha256((folder / file.name).read_bytes()).hexdigest() == file.sha256
        assert {"inference.pdmodel", "inference.pdiparams"} <= {path.name for path in folder.iterdir()}
