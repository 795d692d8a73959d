"""modules/object_detector with networks that the test exports: two boxes, whatever the image shows."""

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

LABELS = ["cat", "dog"]
#: class, score, and a box in pixels of the resized image, which the network scales back.
KINDS = np.array([[1, 0.6], [0, 0.9], [0, 0.2], [-1, 0.99]], np.float32)
BOXES = np.array([[4, 8, 12, 16], [-5, 0, 99, 4], [1, 1, 2, 2], [0, 0, 0, 0]], np.float32)


def exported_paddle(folder: Path) -> Path:
    import paddle

    class TwoBoxes(paddle.nn.Layer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.boxes = self.create_parameter([4, 4])
            self.boxes.set_value(BOXES)

        def forward(self, image: Any, im_shape: Any, scale_factor: Any) -> Any:
            y, x = scale_factor[0, 0], scale_factor[0, 1]
            scaled = self.boxes / paddle.stack([x, y, x, y])
            nothing = 0 * (image.mean() + im_shape.mean())
            return paddle.concat([paddle.to_tensor(KINDS), scaled + nothing], axis=1), paddle.full(
                [1], 4, "int32"
            )

    network = TwoBoxes()
    network.eval()
    spec = paddle.static.InputSpec
    inputs = [
        spec([1, 3, 16, 32], "float32", name="image"),
        spec([1, 2], "float32", name="im_shape"),
        spec([1, 2], "float32", name="scale_factor"),
    ]
    paddle.jit.save(network, str(folder / "model"), input_spec=inputs)
    return folder


def exported_onnx(folder: Path) -> Path:
    nodes: list[Any] = [
        ("Gather", ["scale_factor", "order"], "scales", {"axis": 1}),
        ("Div", ["boxes", "scales"], "scaled", {}),
        ("Concat", ["kinds", "scaled"], "rows", {"axis": 1}),
    ]
    constants = {"order": np.array([1, 0, 1, 0], np.int64), "boxes": BOXES, "kinds": KINDS}
    inputs: dict[str, list[int | str]] = {"image": [1, 3, 16, 32], "scale_factor": [1, 2]}
    folder.joinpath("model.onnx").write_bytes(onnx_bytes.model(nodes, inputs, "rows", constants))
    return folder


def exported_paddle_old(folder: Path) -> Path:
    return in_paddles_old_format(exported_paddle, folder)


@pytest.fixture(
    scope="module",
    params=[exported_paddle, exported_paddle_old, exported_onnx],
    ids=["paddle json", "paddle pdmodel", "onnx"],
)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = request.param(tmp_path_factory.mktemp("model"))
    return made


def init_args(folder: Path, **changes: Any) -> dict[str, Any]:
    return {"model_dir": str(folder), "labels": LABELS, "image_size": [16, 32], **changes}


IMAGE = np.full((80, 64, 3), 128, np.uint8)
CAT = {"label": "cat", "confidence": 0.9, "left": 0.0, "top": 0.0, "right": 64.0, "bottom": 20.0}
DOG = {"label": "dog", "confidence": 0.6, "left": 8.0, "top": 40.0, "right": 24.0, "bottom": 80.0}


def approximately(objects: list[dict[str, Any]]) -> list[Any]:
    return [pytest.approx(each, abs=1e-4) for each in objects]


def test_objects_are_in_pixels_of_the_image_and_inside_it(folder: Path) -> None:
    module = create(MODULES / "object_detector", init_args(folder))
    assert module.object_detection([IMAGE]) == [{"data": approximately([CAT, DOG])}]


def test_the_threshold_is_the_requests_or_the_configurations(folder: Path) -> None:
    module = create(MODULES / "object_detector", init_args(folder, score_thresh=0.7))
    assert module.object_detection([IMAGE, None]) == [{"data": approximately([CAT])}, {"data": []}]
    assert len(module.object_detection([IMAGE], score_thresh=0)[0]["data"]) == 3
    assert module.object_detection([IMAGE], score_thresh=1) == [{"data": []}]


def test_the_ratio_may_be_kept(folder: Path) -> None:
    module = create(MODULES / "object_detector", init_args(folder, keep_ratio=True))
    dog = module.object_detection([IMAGE])[0]["data"][1]
    # 64 × 80 fits into 32 × 16 at 13 × 16: both axes are scaled by about a fifth.
    assert (dog["left"], dog["top"]) == pytest.approx((4 * 64 / 13, 40))


def test_labels_may_be_missing_but_not_too_few(folder: Path) -> None:
    numbered = create(MODULES / "object_detector", init_args(folder, labels=None))
    assert [each["label"] for each in numbered.object_detection([IMAGE])[0]["data"]] == ["0", "1"]
    short = create(MODULES / "object_detector", init_args(folder, labels=["cat"]))
    with pytest.raises(ConfigError, match="found class 1, labels has 1 entries"):
        short.object_detection([IMAGE])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_dir": ""}, "no model; set model_dir"),
        ({"model_dir": "/nowhere/at/all"}, "/nowhere/at/all"),
        ({"threshold": 1}, "unknown init_args 'threshold'"),
        ({"image_size": 640}, "image_size is 640; it needs 2 numbers"),
        ({"use_gpu": True}, "needs a CUDA build"),
    ],
)
def test_a_mistake_in_the_configuration_is_named(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(HubError, match=message):
        create(MODULES / "object_detector", init_args(exported_onnx(tmp_path), **changes))


def test_a_folder_without_a_model_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "model.pdmodel").touch()
    with pytest.raises(HubError, match=r"it holds model\.pdmodel"):
        create(MODULES / "object_detector", init_args(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"score_thresh": 2}, "score_thresh is 2"),
        ({"use_gpu": True}, "start it with --use_gpu"),
        ({"images": {}}, "not dict"),
    ],
)
def test_a_mistake_in_a_request_is_named(tmp_path: Path, arguments: dict[str, Any], message: str) -> None:
    module = create(MODULES / "object_detector", init_args(exported_onnx(tmp_path)))
    with pytest.raises(InvalidInputError, match=message):
        module.object_detection(**{"images": [IMAGE], **arguments})


def test_it_is_served_under_the_name_of_a_module_of_paddlehubs(start: Start, tmp_path: Path) -> None:
    args = init_args(exported_onnx(tmp_path))
    server = start("object_detector", served_as="yolov3_darknet53_coco2017", **args)
    body = {"images": [encoded(IMAGE)], "batch_size": 1, "use_gpu": False}
    reply = server.post("yolov3_darknet53_coco2017", body).json()
    shown = json.loads((MODULES / "object_detector" / "example_reply.json").read_text("utf-8"))
    assert reply["results"][0]["data"] == approximately(shown["results"][0]["data"])
    assert {key: reply[key] for key in ("msg", "status")} == {key: shown[key] for key in ("msg", "status")}
