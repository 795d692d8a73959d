"""Which requests call a model."""

from __future__ import annotations

import pytest

from hub.serving.gateway import model_paths
from hub.serving.gateway.model_paths import ModelPath, Spoken
from hub.serving.messages.manifest import Manifest
from hub.serving.messages.state import READY, ModuleState, ServerState

pytestmark = pytest.mark.unit

SERVED = ServerState(
    {
        "image": ModuleState("image", "1.0", READY),
        "pipeline": ModuleState("pipeline", "1.0", READY, manifest=Manifest(endpoints={"ocr": ("file",)})),
    }
)


def find(path: str, method: str = "POST") -> ModelPath | None:
    return model_paths.find(method, path, lambda: SERVED)


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/predict/echo", ModelPath(Spoken.PREDICT, "echo")),
        ("/predict/echo/shout", ModelPath(Spoken.PREDICT, "echo", "shout")),
        ("/predict/image/echo", ModelPath(Spoken.PREDICT, "image", "echo")),
        ("/ocr", ModelPath(Spoken.ENDPOINT, "ocr")),
        ("/v2/models/a/infer", ModelPath(Spoken.INFER, "a")),
        ("/v2/models/a/versions/2/infer", ModelPath(Spoken.INFER, "a", "2")),
    ],
)
def test_a_post_to_a_model_is_told_from_its_path_alone(path: str, meant: ModelPath) -> None:
    assert find(path) == meant
    assert find(path, "GET") is None


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nope",
        "/ocr/",
        "/predict",
        "/predict/",
        "/predict//a",
        "/predict/a/",
        "/predict/a/b/c",
        "/predict/text/echo",
        "/v2/models//infer",
        "/v2/models/a/versions//infer",
        "/v2/models/a/infer/",
        "/v2/repository/index",
    ],
)
def test_all_other_paths_call_no_model(path: str) -> None:
    assert find(path) is None
