"""The real PaddleX behind the bridge, next to PaddleX's own server: the same replies, and what ours adds."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import requests
from PIL import Image

from tests.paddlex_bridge.conftest import INSTALL_SECONDS, MODULE, SECONDS
from tests.serving.running import ROOT, Server

pytestmark = [pytest.mark.slow, pytest.mark.models, pytest.mark.timeout(INSTALL_SECONDS + 300)]

OCR, TAGS, CLASSES = "ocr", "multilabel-image-classification", "image-classification"


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def plain(red: int, green: int, blue: int) -> str:
    """A small picture of one colour, as a request carries it."""
    return encoded(cv2.imencode(".png", np.full((20, 30, 3), (blue, green, red), np.uint8))[1].tobytes())


def drawn(name: str) -> bytes:
    return (ROOT / "doc" / "imgs" / name).read_bytes()


def pages(kind: str) -> str:
    """Two small pages in one file."""
    images = [Image.open(io.BytesIO(drawn(name))).convert("RGB") for name in ("sign.jpg", "page.jpg")]
    for image in images:
        image.thumbnail((240, 240))
    target = io.BytesIO()
    images[0].save(target, kind, save_all=True, append_images=images[1:])
    return encoded(target.getvalue())


SIGN = encoded(drawn("sign.jpg"))
READS: dict[str, Any] = {
    "with pictures": {"file": SIGN, "fileType": 1},
    "without": {"file": SIGN, "fileType": 1, "visualize": False},
    "with its parameters": {
        "file": SIGN, "fileType": 1, "logId": "mine", "visualize": False, "textDetThresh": 0.2,
        "textDetLimitSideLen": 320, "textDetLimitType": "max", "returnWordBox": True, "unknown": [1],
    },
    "a PDF": {"file": pages("PDF"), "fileType": 0},
    "a TIFF of two pages": {"file": pages("TIFF"), "fileType": 1, "visualize": False},
    "no file": {"logId": "mine"},
    "no file type": {"file": SIGN},
    "an unknown file type": {"file": SIGN, "fileType": 3},
    "no picture": {"file": encoded(b"no picture"), "fileType": 1},
    "no base64": {"file": "%%%", "fileType": 1},
    "a number for a text": {"file": 5, "fileType": "one", "logId": "mine"},
    "an odd log id": {"logId": 5},
}  # fmt: skip
TAGGINGS: dict[str, Any] = {
    "with a picture": {"image": plain(200, 20, 10)},
    "without": {"image": plain(20, 20, 210), "visualize": False},
    "with its parameters": {"image": plain(20, 20, 210), "threshold": 0.5, "visualize": False},
    "no image": {"picture": "", "logId": "mine"},
    "no picture": {"image": encoded(b"no picture"), "logId": "mine"},
    "no base64": {"image": "%%%"},
    "a wrong parameter": {"image": plain(1, 2, 3), "threshold": "half"},
}
MALFORMED: dict[str, Any] = {"a list": [1], "a text": "text", "a number": 5}


def post(server: Server, route: str, body: Any) -> requests.Response:
    """A session of its own: tests call from several threads."""
    return requests.post(f"{server.url}/{route}", json=body, timeout=SECONDS)


def assert_same(ours: requests.Response, theirs: requests.Response, body: Any) -> None:
    """Status and body; logId too where the caller chose it and PaddleX echoes it."""
    got, wanted = ours.json(), theirs.json()
    assert list(got) == list(wanted)
    if not (isinstance(body, dict) and wanted["logId"] == body.get("logId")):
        got["logId"] = wanted["logId"] = ""
    assert (ours.status_code, got) == (theirs.status_code, wanted)


@pytest.mark.parametrize("body", READS.values(), ids=READS)
def test_ocr_is_exactly_paddlexs_own(served: Server, theirs: Any, body: Any) -> None:
    assert_same(post(served, OCR, body), theirs("ocr").post(OCR, body), body)


def test_a_broken_document_is_422_as_by_paddlex_and_the_reason_is_added(served: Server, theirs: Any) -> None:
    body = {"file": SIGN, "fileType": 0}
    ours, their = post(served, OCR, body), theirs("ocr").post(OCR, body)

    assert (ours.status_code, their.status_code) == (422, 422)
    assert ours.json()["errorMsg"] == f"{their.json()['errorMsg']}: this is a JPEG: fileType 1"


@pytest.mark.parametrize("body", TAGGINGS.values(), ids=TAGGINGS)
def test_a_classifier_is_exactly_paddlexs_own(served: Server, theirs: Any, body: Any) -> None:
    assert_same(post(served, TAGS, body), theirs("tagger").post(TAGS, body), body)


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_body_that_is_no_object_is_refused_as_by_paddlex(served: Server, theirs: Any, body: Any) -> None:
    ours, their = post(served, TAGS, body), theirs("tagger").post(TAGS, body)

    assert (ours.status_code, list(ours.json())) == (their.status_code, list(their.json()))
    said, they_said = json.loads(ours.json()["errorMsg"]), json.loads(their.json()["errorMsg"])
    assert [(each["type"], each["loc"]) for each in said] == [
        (each["type"], each["loc"]) for each in they_said
    ]


def test_the_words_are_those_of_the_picture(served: Server) -> None:
    result = post(served, OCR, READS["without"]).json()["result"]

    labels = json.loads((ROOT / "doc" / "imgs" / "labels.json").read_text("utf-8"))
    assert result["ocrResults"][0]["prunedResult"]["rec_texts"][0] in str(labels)


def test_the_readmes_request_gives_the_readmes_reply(served: Server) -> None:
    request = json.loads((MODULE / "example_request.json").read_text())
    reply = json.loads((MODULE / "example_reply.json").read_text())

    got = post(served, CLASSES, request).json()

    assert got == {**reply, "logId": got["logId"]}


def test_image_classification_works_once_mended_and_only_then(served: Server, theirs: Any) -> None:
    body = {"image": plain(20, 20, 210), "visualize": False}

    mended = post(served, CLASSES, body)
    bare = served.post("bare", {"endpoint": CLASSES, "body": body}).json()["results"]
    original = theirs("classifier").post(CLASSES, body)

    assert [each["name"] for each in mended.json()["result"]["categories"]] == ["blue", "green"]
    assert (bare["http_status"], bare["reply"]["errorMsg"]) == (500, "Internal server error")
    # When this fails, PaddleX has fixed it itself: see the module's upstream_fix.py.
    assert (original.status_code, original.json()["errorMsg"]) == (500, "Internal server error")


def test_several_runners_answer_at_once_and_alike(served: Server) -> None:
    alone = post(served, OCR, READS["without"]).json()["result"]
    before = {pid: _cpu_seconds(pid) for pid in served.runner_pids("ocr")}

    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _: post(served, OCR, READS["without"]), range(12)))

    assert [reply.json().get("result") for reply in replies] == [alone] * 12
    worked = {pid: _cpu_seconds(pid) - before[pid] for pid in before}
    assert len(worked) == 2
    assert all(seconds > 0.2 for seconds in worked.values()), worked


def _cpu_seconds(pid: int) -> float:
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


def test_a_killed_runner_loses_no_request(served: Server) -> None:
    alone = post(served, OCR, READS["without"]).json()["result"]
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(post, served, OCR, READS["without"]) for _ in range(12)]
        time.sleep(0.7)
        served.kill_runner("ocr", signal.SIGKILL)
        replies = [future.result() for future in asked]

    assert [reply.json().get("result") for reply in replies] == [alone] * 12


def test_a_full_queue_is_503_in_paddlexs_form(served: Server) -> None:
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: post(served, OCR, READS["without"]), range(20)))

    refused = [reply for reply in replies if reply.status_code != 200]
    assert {reply.status_code for reply in refused} == {503}
    assert refused[0].json()["errorCode"] == 503
    assert "max_queue_size" in refused[0].json()["errorMsg"]
    assert refused[0].headers["Retry-After"]


def test_a_body_over_the_limit_is_413_in_paddlexs_form(served: Server) -> None:
    reply = post(served, OCR, {"file": "A" * (9 << 20), "fileType": 1})

    assert (reply.status_code, reply.json()["errorCode"]) == (413, 413)


def test_addresses_are_not_fetched(served: Server) -> None:
    reply = post(served, TAGS, {"image": f"{served.url}/health", "logId": "mine"})

    assert (reply.status_code, reply.json()["errorCode"], reply.json()["logId"]) == (422, 422, "mine")
    assert reply.json()["errorMsg"].startswith("body.image is a URL")


def test_its_calls_are_counted_as_any_others(served: Server) -> None:
    post(served, TAGS, TAGGINGS["without"])

    assert 'hub_requests_total{code="200",module="tagger"}' in served.get("/metrics").text


def test_a_pipeline_is_a_model_of_v2_too(served: Server) -> None:
    body = json.dumps({**TAGGINGS["without"], "logId": "mine"})
    tensor = {"name": "input", "datatype": "BYTES", "shape": [1, 1], "data": [body]}
    reply = post(served, f"v2/models/{TAGS}/infer", {"inputs": [tensor]}).json()

    answer = json.loads(reply["outputs"][0]["data"][0])
    assert answer["result"] == post(served, TAGS, TAGGINGS["without"]).json()["result"]


# -- indexes: state that runners share -------------------------------------------------------------


def pair(red: int, green: int, blue: int) -> dict[str, str]:
    return {"image": plain(red, green, blue), "label": f"{red}-{green}-{blue}"}


def test_images_added_through_several_runners_at_once_are_all_in_the_index(served: Server) -> None:
    built = post(served, "shitu-index-build", {"imageLabelPairs": [pair(200, 10, 10)]}).json()["result"]
    key = built["indexKey"]
    others = [pair(10, 25 * number, 250 - 25 * number) for number in range(1, 9)]

    with ThreadPoolExecutor(8) as pool:
        added = list(
            pool.map(
                lambda one: post(served, "shitu-index-add", {"imageLabelPairs": [one], "indexKey": key}),
                others,
            )
        )

    assert sorted(reply.json()["result"]["imageCount"] for reply in added) == list(range(2, 10))
    for one in others:  # whichever runner it comes to
        body = {"image": one["image"], "indexKey": key, "visualize": False}
        (found,) = post(served, "shitu-infer", body).json()["result"]["detectedObjects"]
        assert found["recResults"][0]["label"] == one["label"]
    removed = post(served, "shitu-index-remove", {"ids": [0], "indexKey": key}).json()
    assert removed["result"]["imageCount"] == 8


def test_a_change_of_an_index_is_never_run_twice(served: Server) -> None:
    assert served.module("shitu").manifest.once == ("shitu-index-add", "shitu-index-remove")


@pytest.mark.parametrize("key", ["2f6c0f1e-8d1f-4b8e-9a40-0f6a3f6f7b11", "../shitu.yaml", "/etc/hostname"])
def test_an_unknown_index_is_paddlexs_500(served: Server, key: str) -> None:
    reply = post(served, "shitu-infer", {"image": plain(1, 2, 3), "indexKey": key})

    assert (reply.status_code, reply.json()["errorMsg"]) == (500, "Internal server error")


# -- what cannot be served -------------------------------------------------------------------------


def test_a_mistyped_name_is_met_with_the_one_that_is_meant(building: Any) -> None:
    said = building(pipeline="image_classfication")

    assert said.startswith("ConfigError PaddleX has no pipeline 'image_classfication'")
    assert "did you mean image_classification?" in said


def test_a_file_that_is_not_there_is_named(building: Any, tmp_path: Path) -> None:
    assert building(pipeline="no.yaml") == f"ConfigError pipeline: there is no file {tmp_path / 'no.yaml'}"


def test_models_that_can_be_had_neither_here_nor_there_are_an_error_at_once(building: Any) -> None:
    said = building(pipeline="image_classification")

    assert said.startswith("EngineError PaddleX cannot build the pipeline image_classification")
    assert "Not on this machine: PP-LCNet_x0_5" in said


def test_a_card_that_is_not_there_is_an_error(building: Any, pipelines: dict[str, Path]) -> None:
    said = building(pipeline=str(pipelines["tagger"]), device="gpu:0")

    assert said.startswith("EngineError PaddleX cannot build the pipeline image_multilabel_classification")


def test_without_the_plugin_hpip_means_the_plain_engine(building: Any, pipelines: dict[str, Path]) -> None:
    assert building(pipeline=str(pipelines["tagger"]), use_hpip=True) == "built"
