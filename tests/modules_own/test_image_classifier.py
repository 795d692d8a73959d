"""modules/image_classifier with networks that the test exports: the class is the brightest colour."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.errors import ConfigError, HubError, InvalidInputError
from hub.module.loader import create
from tests.modules_own import onnx_bytes
from tests.modules_own.conftest import MODULES, Start, encoded, in_paddles_old_format

pytestmark = pytest.mark.slow

LABELS = ["red", "green", "blue"]


def exported_paddle(folder: Path) -> Path:
    import paddle

    class Brightest(paddle.nn.Layer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.scale = paddle.nn.Linear(3, 3, bias_attr=False)
            self.scale.weight.set_value(4 * np.eye(3, dtype=np.float32))

        def forward(self, image: Any) -> Any:
            return paddle.nn.functional.softmax(self.scale(image.mean(axis=[2, 3])))

    network = Brightest()
    network.eval()
    image = paddle.static.InputSpec([None, 3, 8, 8], "float32", name="image")
    paddle.jit.save(network, str(folder / "inference"), input_spec=[image])
    return folder


def exported_onnx(folder: Path) -> Path:
    """Ends before its softmax, as models from PyTorch do."""
    nodes: list[Any] = [
        ("GlobalAveragePool", ["image"], "means", {}),
        ("Flatten", ["means"], "flat", {"axis": 1}),
        ("Mul", ["flat", "four"], "logits", {}),
    ]
    four = {"four": np.array([4.0], np.float32)}
    folder.joinpath("model.onnx").write_bytes(
        onnx_bytes.model(nodes, {"image": ["n", 3, 8, 8]}, "logits", four)
    )
    return folder


def exported_paddle_old(folder: Path) -> Path:
    return in_paddles_old_format(exported_paddle, folder)


@pytest.fixture(
    scope="module",
    params=[
        exported_paddle,
        exported_paddle_old,
        exported_onnx,
    ],
    ids=["paddle json", "paddle pdmodel", "onnx"],
)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = request.param(tmp_path_factory.mktemp("model"))
    return made


def init_args(folder: Path, **changes: Any) -> dict[str, Any]:
    shape = {"image_size": [8, 8], "resize_short": 10, "mean": [0, 0, 0], "std": [1, 1, 1]}
    return {"model_dir": str(folder), "labels": LABELS, **shape, **changes}


def plain(red: int, green: int, blue: int, size: tuple[int, int] = (20, 30)) -> Any:
    return np.full((*size, 3), (blue, green, red), np.uint8)


def test_the_most_probable_labels_come_first(folder: Path) -> None:
    module = create(MODULES / "image_classifier", init_args(folder))
    (answer,) = module.classification([plain(255, 51, 0)], top_k=3)
    assert list(answer) == ["red", "green", "blue"]
    expected = np.exp([4, 0.8, 0]) / np.exp([4, 0.8, 0]).sum()
    np.testing.assert_allclose(list(answer.values()), expected, atol=1e-3)


def test_several_images_of_different_sizes_are_one_batch(folder: Path) -> None:
    module = create(MODULES / "image_classifier", init_args(folder))
    images = [plain(255, 0, 0, (1, 1)), None, plain(0, 255, 0, (7, 300)), plain(0, 0, 255, (50, 9))]
    assert [list(answer) for answer in module.classification(images)] == [["red"], [], ["green"], ["blue"]]
    assert module.classification([]) == []
    assert module.classification([None]) == [{}]


def test_channels_mean_and_std_are_applied(folder: Path) -> None:
    swapped = create(MODULES / "image_classifier", init_args(folder, channels="BGR"))
    assert list(swapped.classification([plain(255, 0, 0)])[0]) == ["blue"]
    shifted = create(MODULES / "image_classifier", init_args(folder, mean=[1, 0, 0]))
    assert list(shifted.classification([plain(255, 51, 0)])[0]) == ["green"]
    steeper = create(MODULES / "image_classifier", init_args(folder, std=[0.1, 1, 1]))
    assert steeper.classification([plain(100, 110, 0)])[0]["red"] > 0.99


def test_the_middle_is_cut_out_or_the_whole_is_stretched(folder: Path) -> None:
    image = plain(0, 0, 255, (20, 60))
    image[:, 20:40] = (0, 0, 255)  # red in the middle, blue at both sides
    cut = create(MODULES / "image_classifier", init_args(folder))
    assert list(cut.classification([image])[0]) == ["red"]
    stretched = create(MODULES / "image_classifier", init_args(folder, resize_short=None))
    assert list(stretched.classification([image])[0]) == ["blue"]


def test_labels_may_be_a_file_or_missing(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("红\n绿\n蓝\n", encoding="utf-8")
    named = create(MODULES / "image_classifier", init_args(folder, labels=str(tmp_path / "labels.txt")))
    assert list(named.classification([plain(0, 255, 0)])[0]) == ["绿"]
    numbered = create(MODULES / "image_classifier", init_args(folder, labels=None))
    assert list(numbered.classification([plain(0, 255, 0)])[0]) == ["1"]


def test_too_few_labels_are_named(folder: Path) -> None:
    module = create(MODULES / "image_classifier", init_args(folder, labels=["a", "b"]))
    with pytest.raises(ConfigError, match="labels has 2 entries, the model 3 classes"):
        module.classification([plain(1, 2, 3)])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_dir": ""}, "no model; set model_dir"),
        ({"model_dir": "/nowhere/at/all"}, "/nowhere/at/all"),
        ({"lables": []}, "unknown init_args 'lables'"),
        ({"mean": [1]}, "mean is"),
        ({"channels": "rgb"}, "channels is 'rgb'; allowed are RGB and BGR"),
        ({"labels": "/nowhere/labels.txt"}, "/nowhere/labels.txt"),
    ],
)
def test_a_mistake_in_the_configuration_is_named(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(HubError, match=message):
        create(MODULES / "image_classifier", init_args(exported_onnx(tmp_path), **changes))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"top_k": 0}, "top_k is 0"),
        ({"use_gpu": True}, "start it with --use_gpu"),
        ({"images": 3}, "not int"),
    ],
)
def test_a_mistake_in_a_request_is_named(tmp_path: Path, arguments: dict[str, Any], message: str) -> None:
    module = create(MODULES / "image_classifier", init_args(exported_onnx(tmp_path)))
    with pytest.raises(InvalidInputError, match=message):
        module.classification(**{"images": [plain(1, 2, 3)], **arguments})


def test_it_is_served_under_the_name_of_a_module_of_paddlehubs(start: Start, tmp_path: Path) -> None:
    args = init_args(exported_onnx(tmp_path))
    server = start("image_classifier", served_as="vgg16_imagenet", **args)
    body = {"images": [encoded(plain(255, 51, 0))], "batch_size": 1, "use_gpu": False, "top_k": 2}
    reply = server.post("vgg16_imagenet", body).json()
    shown = json.loads((MODULES / "image_classifier" / "example_reply.json").read_text("utf-8"))
    assert reply["status"] == "0"
    assert list(reply["results"][0]) == list(shown["results"][0])
    assert reply["results"][0] == pytest.approx(shown["results"][0], abs=1e-3)
