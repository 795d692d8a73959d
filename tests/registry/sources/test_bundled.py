"""The bundled modules: in a checkout, and in the package that is built from it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from hub.module.info import read_module_info
from hub.registry.sources import bundled
from hub.registry.store import checksums

ROOT = Path(__file__).resolve().parents[3]


def test_every_folder_is_named_as_its_module() -> None:
    found = bundled.folders()
    assert {"ocr_cls", "ocr_det", "ocr_rec", "ocr_system"} <= found.keys()
    for name, folder in found.items():
        assert read_module_info(folder).package == name


def test_what_cannot_be_bundled_names_a_wrapper_that_is() -> None:
    for name in bundled.UNAVAILABLE:
        assert name not in bundled.folders()
        assert "cannot be installed by name" in (bundled.install_hint(name) or "")


def test_the_built_package_has_them_without_a_checkout(tmp_path: Path) -> None:
    built = tmp_path / "built"
    command = [sys.executable, "setup.py", "-q", "build_py", "--build-lib", str(built)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    for name, folder in bundled.folders().items():
        expected = checksums.of_folder(folder).items()
        packed = checksums.of_folder(built / "hub" / "bundled" / name).items()
        assert packed <= expected
        assert all("test_" in path for path, _ in expected - packed)
    environment = {**os.environ, "PYTHONPATH": str(built), "HUB_HOME": str(tmp_path / "home")}
    searched = subprocess.run(
        [sys.executable, "-m", "hub", "search", "ocr", "--json"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [each["name"] for each in json.loads(searched.stdout)] == [
        "ocr_cls",
        "ocr_det",
        "ocr_pipeline",
        "ocr_rec",
        "ocr_system",
    ]
