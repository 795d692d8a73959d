"""examples/bulk_ocr: every image is read once, also when the job is killed and started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import hub as hub_api
from hub.registry.weights import fetch
from hub.serving.config import ray
from tests.serving.ray.running import RayServer
from tests.serving.running import ROOT, environment, hub, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.models, pytest.mark.timeout(1200)]

SCRIPT = ROOT / "examples" / "bulk_ocr" / "bulk_ocr.py"
WEIGHTS = ("PP-OCRv6_small_det", "PP-OCRv6_small_rec", "ch_ppocr_mobile_v2.0_cls")
IMAGES = 300
SHARD = 25


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with ocr_system."""
    if not ray.is_installed():
        pytest.skip(f"the extra is not installed ({ray.how_to_install()}; make test-all does it)")
    pytest.importorskip("pyarrow", reason="pip install -r examples/bulk_ocr/requirements.txt")
    fetch(WEIGHTS)
    home = tmp_path_factory.mktemp("home")
    (home / "weights").symlink_to(RayServer.weights())
    hub("install", "deploy/hubserving/ocr_system/", home=home, timeout=300)
    return home


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small pictures, each with its number; the last one is no picture."""
    folder = tmp_path_factory.mktemp("images")
    for number in range(IMAGES - 1):
        picture = np.full((48, 160, 3), 255, np.uint8)
        cv2.putText(picture, f"{number:05d}", (20, 36), cv2.FONT_HERSHEY_SIMPLEX, 1.1, (0, 0, 0), 2)
        cv2.imwrite(str(folder / f"{number:05d}.png"), picture)
    (folder / f"{IMAGES - 1:05d}.png").write_bytes(b"no picture")
    return folder


def start(home: Path, *words: object) -> subprocess.Popen[str]:
    command = [sys.executable, str(SCRIPT), *map(str, words), "--shard_size", str(SHARD)]
    return subprocess.Popen(
        command, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def rows_of(out: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    rows: list[dict[str, Any]] = []
    for part in sorted(out.glob("part-*")):
        if part.suffix == ".parquet":
            rows += pq.read_table(part).to_pylist()
        else:
            rows += [json.loads(line) for line in part.read_text().splitlines()]
    return rows


def test_a_job_that_was_killed_goes_on_and_reads_every_image_once(
    home: Path, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    killed = start(home, images, out)
    wait_until(lambda: len(list(out.glob("part-*"))) >= 3 or killed.poll() is not None, 300)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    before = {part.name: part.stat().st_mtime_ns for part in out.glob("part-*")}
    resumed = start(home, images, out)
    said, _ = resumed.communicate(timeout=600)
    rows = rows_of(out)

    assert 0 < len(before) < IMAGES // SHARD, said
    assert resumed.returncode == 0, said
    assert f"{len(before) * SHARD} of {IMAGES} images were read before" in said
    assert "images/s" in said
    assert {name: (out / name).stat().st_mtime_ns for name in before} == before
    assert [row["path"] for row in rows] == [str(path) for path in sorted(images.iterdir())]
    right = sum(row["text"] == f"{number:05d}" for number, row in enumerate(rows))
    assert right > IMAGES * 0.9
    assert [row["path"] for row in rows if row["error"]] == [str(images / f"{IMAGES - 1:05d}.png")]


def test_a_list_and_json_lines_give_what_the_module_gives(
    home: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = [images / f"{number:05d}.png" for number in (7, 3, 11)]
    (tmp_path / "list.txt").write_text("".join(f"{path}\n" for path in chosen))
    job = start(home, tmp_path / "list.txt", tmp_path / "out", "--format", "jsonl")
    said, _ = job.communicate(timeout=600)
    monkeypatch.setenv("HUB_HOME", str(home))
    expected = hub_api.Module(name="ocr_system").predict(paths=[str(path) for path in chosen])
    rows = rows_of(tmp_path / "out")

    assert job.returncode == 0, said
    assert [row["path"] for row in rows] == [str(path) for path in chosen]
    for row, lines in zip(rows, expected, strict=True):
        assert [line["text"] for line in row["lines"]] == [line["text"] for line in lines]
        assert [line["confidence"] for line in row["lines"]] == pytest.approx(
            [line["confidence"] for line in lines], abs=1e-4
        )


def test_another_job_in_the_same_folder_is_refused(home: Path, images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "job.json").write_text('{"module": "ocr_system", "images": 7}')
    refused = start(home, images, out)
    said, _ = refused.communicate(timeout=60)

    assert refused.returncode == 1
    assert "holds another job" in said
