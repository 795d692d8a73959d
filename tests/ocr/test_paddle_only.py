"""Where Paddle is the only engine, PP-OCRv4 stands in for the default, and nothing for a model by name."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from hub.ocr.geometry import Image
from hub.serving.messages.state import FAILED
from tests.ocr.conftest import MODULES
from tests.ocr.paddle_3 import export_recognizer
from tests.serving.running import ROOT, Server, hub

pytestmark = [pytest.mark.models, pytest.mark.slow]

#: Of sitecustomize, which Python imports first: packages that are there are not found.
HIDE = """
import sys
from importlib.machinery import PathFinder

class Finder(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        hidden = name.partition(".")[0] in ("openvino", "onnxruntime")
        return None if hidden else PathFinder.find_spec(name, path, target)

sys.meta_path = [Finder if finder is PathFinder else finder for finder in sys.meta_path]
"""
V4 = ("PP-OCRv4_mobile_det", "PP-OCRv4_mobile_rec")
#: Modules that ask for a model by its name, and how.
NAMED = {
    "by_model": {"model": "PP-OCRv6_small"},
    "by_params": {"params": {"rec_model_dir": "PP-OCRv6_small_rec"}},
    "by_engine": {"engine": "openvino"},
}
#: Copies of one module with models of their own, and the one character that each knows.
RECOGNIZERS = {"chinese": "墨", "korean": "먹", "labels": "#"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, weights: dict[str, Path]) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("paddle_only")
    (folder / "sitecustomize.py").write_text(HIDE)
    (folder / "home").mkdir()
    (folder / "home" / "weights").symlink_to(weights[V4[0]].parent)
    ocr_system = {"directory": str(MODULES / "ocr_system")}
    recognizer = {"directory": str(MODULES / "ocr_rec")}
    modules = {name: {"init_args": {**recognizer, **given}} for name, given in NAMED.items()}
    modules["ocr_system"] = {"init_args": ocr_system}
    for name, character in RECOGNIZERS.items():
        params = {"rec_model_dir": str(export_recognizer(folder / name, character=character))}
        modules[name] = {"init_args": {**recognizer, "params": params}}
    prefix = ["env", f"PYTHONPATH={folder}:{ROOT}"]
    with Server(folder / "home", modules, wait=False, prefix=prefix) as running:
        running.wait_settled(120)
        yield running


def encoded(image: Image) -> str:
    return base64.b64encode(cv2.imencode(".png", image)[1].tobytes()).decode()


def test_pp_ocrv4_reads_a_page_by_paddle_and_a_line_says_why(server: Server, page: Image) -> None:
    (lines,) = server.post("ocr_system", {"images": [encoded(page)]}, timeout=60).json()["results"]

    assert [line["text"] for line in lines] == ["INVOICE", "20261120", "RECEIPT"]
    why = "openvino or onnxruntime for CPU is not installed: pip install openvino"
    assert f"PP-OCRv6_small cannot run here ({why}); PP-OCRv4_mobile runs instead" in server.log()
    assert "text detection: PP-OCRv4_mobile_det runs on paddle (f32, cpu)" in server.log()


def test_start_status_and_config_name_the_models_that_run(server: Server) -> None:
    names = ", ".join((*V4, "ch_ppocr_mobile_v2.0_cls"))
    status = hub("serving", "status", "-p", str(server.port), home=server.home).stdout
    config = server.get("/v2/models/ocr_system/config").json()

    assert f"models {names}" in server.log()
    assert names in status
    assert config["parameters"]["models"] == {"string_value": names}


@pytest.mark.parametrize("name", NAMED)
def test_a_model_or_engine_by_its_name_is_never_replaced_but_an_error_with_the_command(
    server: Server, name: str
) -> None:
    module = server.module(name)

    assert module.state == FAILED
    assert "not installed" in module.reason and "pip install openvino" in module.reason


@pytest.mark.parametrize("name", RECOGNIZERS)
def test_one_module_serves_several_recognisers_of_paddle_3_on_one_port(server: Server, name: str) -> None:
    line = np.full((48, 320, 3), 255, np.uint8)
    line[:, 40:120] = line[:, 200:280] = 0
    ((reading,),) = server.post(name, {"images": [encoded(line)]}, timeout=60).json()["results"]
    config = server.get(f"/v2/models/{name}/config").json()

    assert reading["text"] == RECOGNIZERS[name] * 2
    assert config["parameters"]["models"]["string_value"].endswith(f"/{name}")
