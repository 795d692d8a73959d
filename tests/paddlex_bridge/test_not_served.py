"""Pipelines that PaddleX has no server for, or serves on cards only, are refused with its own reason."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.paddlex_bridge.conftest import INSTALL_SECONDS

pytestmark = [pytest.mark.slow, pytest.mark.models, pytest.mark.timeout(INSTALL_SECONDS + 300)]

#: PaddleX's own words, which doc/paddlex.md has, too.
NO_SERVER = "No module named 'paddlex.inference.serving.basic_serving._pipeline_apps.text_to_speech'"
CARDS_ONLY = "3D BEVFusion custom ops only support CUDA GPU platform."

_PADDLEX_SAYS = """
import sys
from paddlex import create_pipeline
from paddlex.inference.serving.basic_serving import create_pipeline_app
try:
    create_pipeline_app(None, {"pipeline_name": "text_to_speech"})
except Exception as error:
    print(error)
part = {"module_name": "3d_bev_detection", "model_name": "BEVFusion", "model_dir": sys.argv[1]}
try:
    create_pipeline(config={"pipeline_name": "3d_bev_detection", "SubModules": {"3DBEVDetection": part}})
except Exception as error:
    print(error)
"""


@pytest.fixture
def fusion(tmp_path: Path) -> Path:
    """A folder like that of a model for 3d_bev_detection, which PaddleX asks for first."""
    (tmp_path / "inference.yml").write_text("Global: {model_name: BEVFusion}\n")
    for name in ("inference.json", "inference.pdiparams"):
        (tmp_path / name).touch()
    return tmp_path


def test_paddlex_says_so_itself(python: Path, fusion: Path) -> None:
    words = [python, "-W", "ignore", "-c", _PADDLEX_SAYS, fusion]
    said = subprocess.run(words, capture_output=True, text=True, check=True, timeout=100)

    assert [line for line in said.stdout.splitlines() if line in (NO_SERVER, CARDS_ONLY)] == [
        NO_SERVER,
        CARDS_ONLY,
    ]


@pytest.mark.parametrize("config", ["text_to_speech", {"pipeline_name": "text_to_speech"}])
def test_a_pipeline_without_a_server_is_said_to_have_none(building: Any, config: Any) -> None:
    assert building(pipeline=config) == "ConfigError PaddleX has no server for the pipeline text_to_speech"


def test_a_pipeline_for_cards_is_refused_with_paddlexs_reason(building: Any, fusion: Path) -> None:
    part = {"module_name": "any", "model_name": "BEVFusion", "model_dir": str(fusion)}
    config = {"pipeline_name": "3d_bev_detection", "SubModules": {"3DBEVDetection": part}}

    said = building(pipeline=config)

    assert said == f"EngineError PaddleX cannot build the pipeline 3d_bev_detection: {CARDS_ONLY}"


def test_a_name_in_a_file_that_is_mistyped_is_met_with_the_one_that_is_meant(building: Any) -> None:
    said = building(pipeline={"pipeline_name": "object_detecton"})

    assert said.startswith(
        "ConfigError PaddleX has no pipeline 'object_detecton'; did you mean object_detection?"
    )
