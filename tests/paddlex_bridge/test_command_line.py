"""Pipelines of the real PaddleX, served by the documents' command lines and by files of both forms."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from hub.paddlex.names import PIPELINES
from hub.registry.store.layout import VENV
from tests.paddlex.starting import Started
from tests.paddlex_bridge.conftest import INSTALL_SECONDS, MODULE
from tests.serving.running import ROOT, free_port

pytestmark = [pytest.mark.slow, pytest.mark.models, pytest.mark.timeout(INSTALL_SECONDS + 300)]

#: Prints name → routes of all pipelines that the real PaddleX has, the main one first.
_ROUTES = """
import importlib, json, pathlib, paddlex
from paddlex.inference.serving.name_mappings import pipeline_name_to_mod_name as module
found = {}
for path in (pathlib.Path(paddlex.__file__).parent / "configs" / "pipelines").glob("*.yaml"):
    try:
        schema = importlib.import_module("paddlex.inference.serving.schemas." + module(path.stem))
    except ModuleNotFoundError:
        found[path.stem] = []
    else:
        routes = [value for key, value in vars(schema).items() if key.endswith("ENDPOINT")]
        found[path.stem] = [route.strip("/") for route in routes]
print(json.dumps(found))
"""


@pytest.fixture
def home(content: Path, tmp_path: Path) -> Path:
    """A home in which paddlex_pipeline is installed with an environment of its own."""
    home = tmp_path / "home"
    version = home / "modules" / MODULE.name / "1.0.0"
    installed = home / "content" / MODULE.name / "1.0.0-0"
    shutil.copytree(content, installed, symlinks=True)
    (installed / ".hold").touch()
    version.parent.mkdir(parents=True)
    version.symlink_to(installed)
    return home


def blue() -> str:
    picture = np.full((20, 30, 3), (210, 20, 20), np.uint8)
    return base64.b64encode(cv2.imencode(".png", picture)[1].tobytes()).decode()


def is_called_blue(server: Started) -> bool:
    reply = server.post("image-classification", {"image": blue(), "visualize": False}).json()
    return bool(reply["result"]["categories"][0]["name"] == "blue")


def edited(path: Path, folder: Path, **changes: Any) -> str:
    target = folder / path.name
    target.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **changes}))
    return str(target)


def test_the_documents_line_serves_a_classifier(home: Path, pipelines: dict[str, Path]) -> None:
    port = free_port()
    line = f"paddlex --serve --pipeline {pipelines['classifier']} --device cpu --use_hpip --port {port}"
    with Started(home, port, *line.split()) as server:
        said = server.said()
        works = is_called_blue(server)

    assert works
    assert f"INFO:     HubServing running on {server.url} (Press CTRL+C to quit)" in said
    assert re.search(rf"POST {server.url}/image-classification +paddlex_pipeline [\d.]+, 1 runner\(s\)", said)
    assert "high-performance plugin (ultra-infer) is not installed" in said
    assert "Installed" not in said


def test_a_file_of_2024_is_served_as_one_of_today(home: Path, models: Path, tmp_path: Path) -> None:
    path = tmp_path / "older.yaml"
    pipeline = {"model": str(models / "classifier"), "batch_size": 2, "device": "cpu"}
    path.write_text(
        yaml.safe_dump({"Global": {"pipeline_name": "image_classification"}, "Pipeline": pipeline})
    )
    port = free_port()
    with Started(home, port, "serving", "start", "--pipeline", str(path), "-p", str(port)) as server:
        assert is_called_blue(server)


def test_an_ocr_file_that_asks_for_more_is_served_by_paddlex(
    home: Path, pipelines: dict[str, Path], tmp_path: Path
) -> None:
    pictures = tmp_path / "pictures"
    storage = {"extra": {"file_storage": {"type": "file_system", "directory": str(pictures)}}}
    path = edited(pipelines["ocr"], tmp_path, Serving=storage)
    port = free_port()
    sign = base64.b64encode((ROOT / "doc" / "imgs" / "sign.jpg").read_bytes()).decode()
    words = ["serving", "start", "--pipeline", path, "--device", "cpu", "-p", str(port)]
    with Started(home, port, *words) as server:
        said = server.said()
        reply = server.post("ocr", {"file": sign, "fileType": 1}).json()
        strayed = server.post("ocr", {"file": sign, "fileType": 1, "logId": "../strayed"})

    assert "OCR here does not do this:\n  Serving.extra.file_storage is file_system" in said
    assert reply["result"]["ocrResults"][0]["prunedResult"]["rec_texts"][0] == "静心湖公园"
    assert len(list(pictures.rglob("*.jpg"))) == 2
    assert strayed.status_code == 500
    assert not (tmp_path / "strayed").exists()


def test_names_and_routes_are_those_of_the_real_paddlex(content: Path) -> None:
    python = content / VENV / "bin" / "python"
    said = subprocess.run([python, "-c", _ROUTES], capture_output=True, text=True, check=True, timeout=100)
    theirs = json.loads(said.stdout.splitlines()[-1])

    assert {name: set(routes) for name, routes in theirs.items()} == {
        name: set(pipeline.routes) for name, pipeline in PIPELINES.items()
    }
