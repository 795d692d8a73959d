"""OpenVINO is loaded without the part that counts how often it was."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("module", ["hub.engines.openvino", "hub.engines.converter_left_out"])
def test_loading_openvino_writes_nothing_into_the_home_folder(module: str, tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True, env=environment)
    assert not list(tmp_path.iterdir())


def test_who_wants_the_converter_can_import_it_afterwards() -> None:
    code = "import hub.engines.openvino, openvino.tools.ovc; openvino.tools.ovc.convert_model"
    subprocess.run([sys.executable, "-c", code], check=True)
