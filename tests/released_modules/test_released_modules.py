"""The bundled modules as they were released, with today's code.

Users edit ``module.py`` and ``params.py`` of the modules that they have installed, so these files stay as
they are while ``hub`` changes: it must still have what they import, and accept what it accepted. The file
``released.json`` of each release holds what its modules need; ``keep.py`` wrote it from the ``hub`` of then.

``paddlex_pipeline`` is loaded here without PaddleX, and names what is missing. The slow
``test_with_paddlex.py`` sends it a request with the real PaddleX.
"""

from __future__ import annotations

import base64
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.module.info import read_module_info
from hub.registry.weights import fetch
from hub.serving.messages import state
from tests.modules_own import test_image_classifier as classifier
from tests.modules_own import test_object_detector as detector
from tests.modules_own.conftest import encoded
from tests.modules_own.test_lac import ANSWERS, TEXTS
from tests.released_modules import keep
from tests.released_modules.signatures import problems
from tests.serving.running import ROOT, Server

WEIGHTS = ("PP-OCRv4_mobile_det", "PP-OCRv4_mobile_rec", "ch_ppocr_mobile_v2.0_cls", "LAC")
SIGN, LINE = (
    base64.b64encode((ROOT / "doc" / path).read_bytes()).decode()
    for path in ("imgs/sign.jpg", "imgs_words/word_1.jpg")
)


@pytest.fixture(scope="module", params=keep.releases(), ids=lambda path: path.name)
def release(request: pytest.FixtureRequest) -> Path:
    """The folder of one kept release."""
    found: Path = request.param
    return found


def released(release: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((release / keep.RECORD).read_text("utf-8"))
    return record


# -- files and names -------------------------------------------------------------------------------


def test_the_files_are_those_of_the_release(release: Path) -> None:
    assert keep.checksums(release) == released(release)["files"]


def test_the_record_has_every_name_that_the_files_use(release: Path) -> None:
    names = keep.names(release)

    assert "hub.ocr.build.build_pipeline" in names
    assert names == released(release)["names"].keys()


def test_what_the_modules_import_is_there_and_accepts_what_it_accepted(release: Path) -> None:
    before = released(release)

    assert problems(before, keep.described(release, before["names"])) == []


def test_every_module_has_the_name_of_its_folder(release: Path) -> None:
    folders = keep.folders(release)

    assert {folder.name for folder in folders} >= {"ocr_system", "echo", "ocr_pipeline", "paddlex_pipeline"}
    assert [read_module_info(folder).package for folder in folders] == [folder.name for folder in folders]


# -- one server with all of them -------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home: Path = tmp_path_factory.mktemp("home")
    (home / "weights").symlink_to(fetch(WEIGHTS)["LAC"].parent)
    arguments = {
        "echo": {"prefix": "You said: "},
        "image_classifier": classifier.init_args(
            classifier.exported_onnx(tmp_path_factory.mktemp("classes"))
        ),
        "object_detector": detector.init_args(detector.exported_onnx(tmp_path_factory.mktemp("boxes"))),
        "paddlex_pipeline": {"pipeline": "image_classification"},
    }
    modules = {
        folder.name: {"init_args": {"directory": str(folder), **arguments.get(folder.name, {})}}
        for folder in keep.folders(release)
    }
    with Server(home, modules, wait=False) as running:
        running.wait_settled(100)
        yield running


def results(server: Server, module: str, body: dict[str, Any]) -> Any:
    reply = server.post(module, body, timeout=60)
    assert reply.status_code == 200, reply.text
    return reply.json()["results"]


@pytest.mark.models
def test_ocr_system_reads_the_sign(server: Server) -> None:
    (lines,) = results(server, "ocr_system", {"images": [SIGN]})

    assert lines[0]["text"] == "静心湖公园"
    assert lines[0].keys() == {"text", "confidence", "text_region"}


@pytest.mark.models
def test_ocr_system_draws_what_it_read(server: Server) -> None:
    (page,) = results(server, "ocr_system", {"images": [SIGN], "visualize": True})

    assert page["lines"][0]["text"] == "静心湖公园"
    assert base64.b64decode(page["image"]).startswith(b"\xff\xd8")


@pytest.mark.models
def test_ocr_det_finds_what_ocr_system_reads(server: Server) -> None:
    (regions,) = results(server, "ocr_det", {"images": [SIGN]})
    (lines,) = results(server, "ocr_system", {"images": [SIGN]})

    assert regions and {"text_region": lines[0]["text_region"]} in regions


@pytest.mark.models
def test_ocr_rec_reads_a_line_and_ocr_cls_knows_its_way_up(server: Server) -> None:
    ((reading,),) = results(server, "ocr_rec", {"images": [LINE]})
    ((angle,),) = results(server, "ocr_cls", {"images": [LINE]})

    assert reading["text"] == "云杉超市收银小票"
    assert angle["angle"] == "0"


@pytest.mark.models
def test_ocr_pipeline_reads_the_sign_at_its_own_route(server: Server) -> None:
    reply = server.session.post(f"{server.url}/ocr", json={"file": SIGN, "fileType": 1}, timeout=60).json()

    assert (reply["errorCode"], reply["errorMsg"]) == (0, "Success")
    (page,) = reply["result"]["ocrResults"]
    assert "静心湖公园" in page["prunedResult"]["rec_texts"]
    assert base64.b64decode(page["ocrImage"]).startswith(b"\xff\xd8")


@pytest.mark.models
def test_lac_gives_the_documents_answers(server: Server) -> None:
    assert results(server, "lac", {"texts": TEXTS}) == ANSWERS


@pytest.mark.models
@pytest.mark.parametrize("name", ["echo", "qrcode"])
def test_a_module_without_weights_answers_its_own_example(server: Server, release: Path, name: str) -> None:
    request, reply = (
        json.loads((release / name / f"example_{kind}.json").read_text("utf-8"))
        for kind in ("request", "reply")
    )

    assert results(server, name, request) == reply["results"]


@pytest.mark.models
def test_image_classifier_names_the_brightest_colour(server: Server) -> None:
    body = {"images": [encoded(classifier.plain(255, 51, 0))], "top_k": 2}

    assert list(results(server, "image_classifier", body)[0]) == ["red", "green"]


@pytest.mark.models
def test_object_detector_finds_the_two_boxes(server: Server) -> None:
    (found,) = results(server, "object_detector", {"images": [encoded(detector.IMAGE)]})

    assert found["data"] == detector.approximately([detector.CAT, detector.DOG])


# -- paddlex_pipeline ------------------------------------------------------------------------------


@pytest.mark.models
@pytest.mark.skipif(importlib.util.find_spec("paddlex") is not None, reason="is about PaddleX's absence")
def test_paddlex_pipeline_says_what_installs_paddlex(server: Server) -> None:
    module = server.module("paddlex_pipeline")

    assert module.state == state.FAILED
    assert module.reason.startswith("not installed in this Python")
