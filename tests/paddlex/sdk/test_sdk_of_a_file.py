"""``hub pack --sdk FILE.yaml``: a pipeline's own file, with the models that it names; and every endpoint."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from hub.errors import ConfigError
from hub.paddlex import ready, sdk
from hub.paddlex.plan import NATIVE, PipelineOptions, plan
from tests.paddlex.files import CLASSIFIER, OCR, written

pytestmark = pytest.mark.unit

FACES = """
pipeline_name: face_recognition
index: None
SubModules:
  Detection: {module_name: face_detection, model_name: BlazeFace, model_dir: null}
  Recognition: {module_name: face_feature, model_name: MobileFaceNet, model_dir: null}
"""
ROUTES = [f"face-recognition-{name}" for name in ("infer", "index-build", "index-add", "index-remove")]


@pytest.fixture(autouse=True)
def _paddlex_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "require_paddlex", lambda planned: None)


def model(folder: Path) -> str:
    folder.mkdir(parents=True)
    for name in ("inference.json", "inference.pdiparams"):
        (folder / name).write_text(folder.name)
    return str(folder)


def packed(file: str, folder: Path) -> Path:
    """Return ``server/`` of the SDK of a file."""
    return sdk.pack(file, folder / "out") / "server"


def test_a_file_is_packed_as_it_is_under_its_own_name(tmp_path: Path) -> None:
    file = tmp_path / "my_classes.yaml"
    file.write_text(f"# ours\n{CLASSIFIER}")
    server = packed(str(file), tmp_path)

    assert server.parent.name == "my_classes_sdk"
    assert (server / "pipeline_config.yaml").read_text() == file.read_text()
    assert (server / "model_repo" / "image-classification" / "config_cpu.pbtxt").is_file()


def test_the_models_that_a_file_names_go_along(tmp_path: Path) -> None:
    changes = {"SubModules.TextDetection.model_dir": "mine", "SubModules.TextDetection.model_name": "mine"}
    model(tmp_path / "mine")
    server = packed(written(tmp_path, OCR, **changes), tmp_path)
    found = yaml.safe_load((server / "pipeline_config.yaml").read_text())["SubModules"]["TextDetection"]

    assert found["model_dir"] == "models/TextDetection"
    assert (server / "models" / "TextDetection" / "inference.json").read_text() == "mine"
    planned = plan(str(server / "pipeline_config.yaml"), PipelineOptions())
    assert (planned.module, planned.unsupported) == (NATIVE, ())
    assert (server / "model_repo" / "ocr" / "1" / "ocr_pipeline" / "module.py").is_file()


def test_models_of_pipelines_within_and_indexes_go_along(tmp_path: Path) -> None:
    within = {"SubModules": {"DocUnwarping": {"model_name": "UVDoc", "model_dir": model(tmp_path / "uv")}}}
    changes = {"index": model(tmp_path / "faces"), "SubPipelines": {"Doc": within}}
    server = packed(written(tmp_path, FACES, **changes), tmp_path)
    found = yaml.safe_load((server / "pipeline_config.yaml").read_text())

    assert found["index"] == "models/face_recognition"
    assert (
        found["SubPipelines"]["Doc"]["SubModules"]["DocUnwarping"]["model_dir"] == "models/Doc.DocUnwarping"
    )
    assert (server / "models" / "Doc.DocUnwarping" / "inference.json").read_text() == "uv"


def test_a_file_of_2024_is_packed_in_todays_form(tmp_path: Path) -> None:
    folder = Path(model(tmp_path / "best"))
    (folder / "inference.yml").write_text("Global: {model_name: ResNet18}\n")
    older = f"Global: {{pipeline_name: image_classification}}\nPipeline: {{model: {folder}}}\n"
    server = packed(written(tmp_path, older), tmp_path)
    found = yaml.safe_load((server / "pipeline_config.yaml").read_text())

    assert found["SubModules"]["ImageClassification"]["model_name"] == "ResNet18"
    assert (server / "models" / "ImageClassification" / "inference.yml").is_file()


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    changes = {"SubModules.ImageClassification.model_dir": "nowhere"}

    with pytest.raises(ConfigError, match=r"ImageClassification\.model_dir: there is no folder nowhere"):
        packed(written(tmp_path, CLASSIFIER, **changes), tmp_path)


def test_the_model_repository_has_a_folder_for_each_endpoint(tmp_path: Path) -> None:
    repository = packed(written(tmp_path, FACES), tmp_path) / "model_repo"

    assert sorted(folder.name for folder in repository.iterdir()) == sorted(ROUTES)
    for endpoint in ROUTES[1:]:
        said = (repository / endpoint / "config.pbtxt").read_text()
        assert f'name: "{endpoint}"' in said
        assert "model_repo/face-recognition-infer/config_*.pbtxt" in said
