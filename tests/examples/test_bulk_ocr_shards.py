"""What examples/bulk_ocr works out before it starts Ray."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.serving.running import ROOT

pytestmark = pytest.mark.unit


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("bulk_ocr", ROOT / "examples/bulk_ocr/bulk_ocr.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bulk_ocr", module)
    spec.loader.exec_module(module)
    return module


def test_only_shards_without_a_file_are_pending(script: ModuleType, tmp_path: Path) -> None:
    paths = [f"{number}.png" for number in range(7)]
    job = script.Job("ocr_system", {}, "jsonl", shard_size=3, images=len(paths), list_sha256="")
    (tmp_path / script.part_name(1, "jsonl")).touch()

    shards = script.pending(job, paths, tmp_path)

    assert [(shard["number"], shard["paths"]) for shard in shards] == [
        (0, ["0.png", "1.png", "2.png"]),
        (2, ["6.png"]),
    ]
