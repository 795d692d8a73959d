"""``hub convert``: a model's folder becomes a module of its own name."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

from hub.module.info import read_module_info
from hub.registry.sources import bundled
from tests.cli.conftest import Hub
from tests.cli.test_install_sources import assert_refused

pytestmark = pytest.mark.skipif(
    "image_classifier" not in bundled.folders(), reason="the wrapper modules are not in this checkout"
)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Named like an exported model; nothing here loads it."""
    folder = tmp_path / "vgg16"
    folder.mkdir()
    (folder / "vgg.pdmodel").write_bytes(b"inputs: image")
    (folder / "vgg.pdiparams").write_bytes(b"weights")
    (folder / "notes.txt").write_text("not part of the model")
    return folder


def test_the_module_has_the_model_its_name_and_its_parameters(hub: Hub, tmp_path: Path, model: Path) -> None:
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    words = ("-n", "vgg16_imagenet", "-v", "2.0.0", "--labels", "classes.txt", "--kind", "classifier")
    values = ("--set", "image_size=[320, 320]", "--set", "channels=BGR")
    done = hub("convert", "--model-dir", model, "--output-dir", "made", *words, *values)
    assert done.stdout == "The converted module is stored in `made`.\n", done.stderr
    made = tmp_path / "made"
    info = read_module_info(made)
    assert (info.name, info.version, info.summary) == ("vgg16_imagenet", "2.0.0", "serves the model vgg16")
    assert {path.name for path in (made / "vgg16_imagenet_model").iterdir()} == {
        "inference.pdmodel",
        "inference.pdiparams",
    }
    assert (made / "vgg16_imagenet_labels.txt").read_text() == "cat\ndog\n"
    params = runpy.run_path(str(made / "params.py"))["read_params"]()
    assert (params.model_dir, params.image_size, params.channels) == (
        "vgg16_imagenet_model",
        (320, 320),
        "BGR",
    )
    assert json.loads((made / "config.json").read_text())["modules_info"].keys() == {"vgg16_imagenet"}
    assert hub("install", "made/").stdout == "Successfully installed vgg16_imagenet-2.0.0\n"


def test_a_detector_is_told_by_its_inputs(hub: Hub, tmp_path: Path, model: Path) -> None:
    (model / "vgg.pdmodel").write_bytes(b"inputs: image im_shape scale_factor")
    assert hub("convert", model, "-n", "finder", "-o", "made").returncode == 0
    assert "object_detector" in (tmp_path / "made" / "README.md").read_text()
    assert (tmp_path / "made" / "network.py").is_file()


def write_program(folder: Path, *shapes: list[int]) -> None:
    """Make the model one of Paddle 3, whose program gives back outputs of these shapes."""
    for file in folder.iterdir():
        file.unlink()
    fetches = [{"#": "1.fetch", "O": [{"TT": {"D": [{"#": "0.t_f32"}, shape]}}]} for shape in shapes]
    program = {"program": {"regions": [{"blocks": [{"ops": [{"#": "1.softmax"}, *fetches]}]}]}}
    (folder / "inference.json").write_text(json.dumps(program))
    (folder / "inference.pdiparams").write_bytes(b"weights")


def test_a_classifier_is_told_by_its_one_row_for_each_image(hub: Hub, tmp_path: Path, model: Path) -> None:
    write_program(model, [-1, 1000])
    assert hub("convert", model, "-o", "made").returncode == 0
    assert "image_classifier" in (tmp_path / "made" / "README.md").read_text()


@pytest.mark.parametrize(
    ("shapes", "seen"),
    [
        ([[-1, 1, -1, -1]], "Its outputs have the shapes (-1, 1, -1, -1)"),
        ([[-1, 6], [-1]], "Its outputs have the shapes (-1, 6), (-1,)"),
        ([], "Its graph cannot be read"),
    ],
    ids=["a map", "boxes", "unreadable"],
)
def test_what_is_neither_is_asked_for_and_never_called_a_classifier(
    hub: Hub, tmp_path: Path, model: Path, shapes: list[list[int]], seen: str
) -> None:
    if shapes:
        write_program(model, *shapes)
    done = hub("convert", model, "-o", "made")

    assert done.returncode == 2
    assert f"which kind of model is it? {seen}" in done.stderr
    assert "--kind detector for one of PaddleDetection" in done.stderr
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("words", "saying"),
    [
        (("nothing",), "nothing does not exist, or is not a folder"),
        (("empty",), "it holds nothing"),
        (("vgg16", "--kind", "classifier", "--set", "imge_size=3"), "Did you mean image_size?"),
        (("vgg16", "--kind", "classifier", "-n", "1 x"), "@moduleinfo's name '1 x' is not allowed"),
        (("vgg16", "-o", "vgg16"), "vgg16 exists already"),
    ],
)
def test_what_cannot_be_converted(
    hub: Hub, home: Path, tmp_path: Path, model: Path, words: tuple[str, ...], saying: str
) -> None:
    (tmp_path / "empty").mkdir()
    before = sorted(path.name for path in tmp_path.iterdir())
    assert_refused(hub, home, "convert", *words, saying=saying)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
