"""A request's options on a running server: every way in, what is refused, and requests side by side."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

import hub
from tests.pipelines.conftest import OCRServer, image, text_of

pytestmark = pytest.mark.models

MODEL = "/v2/models/ocr_system/infer"
#: /ocr's own parameters in ocr_system's words.
LIKE_OCR = {"det_limit_side_len": 64, "det_limit_type": "min", "drop_score": 0}
OPTIONS = {"det_limit_side_len": 320, "det_limit_type": "max", "drop_score": 0.9, "return_word_box": True}


def asked(server: OCRServer, name: str, **options: Any) -> Any:
    return server.post("ocr_system", {"images": [text_of(image(name))], **options})


@pytest.mark.parametrize("name", ["receipt.jpg", "label.jpg", "sign.jpg"])
def test_with_the_parameters_of_ocr_it_reads_exactly_what_ocr_reads(server: OCRServer, name: str) -> None:
    (page,) = server.read(image(name), returnWordBox=True)["ocrResults"]

    (lines,) = asked(server, name, **LIKE_OCR, return_word_box=True).json()["results"]

    found = page["prunedResult"]
    assert [line["text"] for line in lines] == found["rec_texts"]
    assert [line["text_region"] for line in lines] == found["rec_polys"]
    assert [line["text_word"] for line in lines] == found["text_word"]
    corners = [[(*region[0], *region[2]) for region in line["text_word_region"]] for line in lines]
    assert corners == [[tuple(box) for box in boxes] for boxes in found["text_word_boxes"]]


def as_form(server: OCRServer) -> Any:
    files = {"images": ("sign.jpg", image("sign.jpg"), "image/jpeg")}
    data = {name: str(value) for name, value in OPTIONS.items()}
    return server.session.post(f"{server.url}/predict/ocr_system", files=files, data=data, timeout=60).json()


def tensor(name: str, datatype: str, *data: Any) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": [len(data)], "data": list(data)}


def by_parameters(server: OCRServer) -> Any:
    body = {"inputs": [tensor("images", "BYTES", text_of(image("sign.jpg")))], "parameters": OPTIONS}
    return _unpacked(server.session.post(server.url + MODEL, json=body, timeout=60))


def by_tensors(server: OCRServer) -> Any:
    inputs = [
        tensor("images", "BYTES", text_of(image("sign.jpg"))),
        tensor("det_limit_side_len", "INT64", 320),
        tensor("det_limit_type", "BYTES", "max"),
        tensor("drop_score", "FP64", 0.9),
        tensor("return_word_box", "BOOL", True),
    ]
    return _unpacked(server.session.post(server.url + MODEL, json={"inputs": inputs}, timeout=60))


def _unpacked(reply: requests.Response) -> Any:
    (output,) = reply.json()["outputs"]
    return {"results": [json.loads(item) for item in output["data"]]}


def by_grpc(server: OCRServer) -> Any:
    grpc = pytest.importorskip("tritonclient.grpc")
    import numpy as np

    client = grpc.InferenceServerClient(f"127.0.0.1:{server.grpc_port}")
    given = grpc.InferInput("images", [1], "BYTES")
    given.set_data_from_numpy(np.array([image("sign.jpg")], dtype=object))
    found = client.infer("ocr_system", [given], parameters=OPTIONS).as_numpy("results")
    return {"results": [json.loads(item) for item in found.tolist()]}


def by_client(server: OCRServer) -> Any:
    with hub.Client(server.url) as client:
        return {"results": client.predict("ocr_system", images=[image("sign.jpg")], **OPTIONS)}


@pytest.fixture(scope="module")
def expected(server: OCRServer) -> Any:
    """What a JSON body with the options is answered."""
    return asked(server, "sign.jpg", **OPTIONS).json()["results"]


def test_options_change_the_reply_and_without_them_it_has_no_more_keys(
    server: OCRServer, expected: Any
) -> None:
    (plain,), (lines,) = asked(server, "sign.jpg").json()["results"], expected

    assert {tuple(line) for line in plain} == {("text", "confidence", "text_region")}
    assert lines[0]["text_word"] == ["静", "心", "湖", "公", "园"]
    assert lines[0]["text_region"] != plain[0]["text_region"]


@pytest.mark.parametrize("way", [as_form, by_parameters, by_tensors, by_grpc, by_client])
def test_every_way_in_takes_them(server: OCRServer, expected: Any, way: Any) -> None:
    assert way(server)["results"] == expected


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        (
            "det_limit_side_len",
            40_000,
            "`det_limit_side_len` must be int from 32 up to 4000 or null, not the number 40000",
        ),
        ("drop_score", -1, "`drop_score` must be float from 0 up to 1 or null, not the number -1"),
        (
            "return_word_box",
            "no, thanks",
            "`return_word_box` must be bool or null, not the text 'no, thanks'",
        ),
        ("det_db_threshold", 0.3, "unknown argument `det_db_threshold`; accepted: `images`, "),
    ],
)
def test_a_wrong_value_is_the_callers_mistake_by_http_and_by_v2(
    server: OCRServer, option: str, value: Any, said: str
) -> None:
    by_http = asked(server, "sign.jpg", **{option: value})
    body = {
        "inputs": [tensor("images", "BYTES", text_of(image("sign.jpg")))],
        "parameters": {option: value},
    }
    by_v2 = server.session.post(server.url + MODEL, json=body, timeout=60)

    assert (by_http.status_code, by_http.json()["status"], by_v2.status_code) == (400, "101", 400)
    assert said in by_http.json()["msg"]
    assert said in by_v2.json()["error"]


def test_requests_with_different_options_side_by_side_get_their_own(server: OCRServer) -> None:
    options: list[dict[str, Any]] = [
        {},
        {"drop_score": 1},
        {"return_word_box": True},
        {"det_limit_side_len": 32},
        {"det_db_unclip_ratio": 2.5},
    ]
    alone = [asked(server, "sign.jpg", **each).json()["results"] for each in options]

    with ThreadPoolExecutor(5) as callers:
        replies = callers.map(lambda each: asked(server, "sign.jpg", **each).json()["results"], options * 2)
        assert list(replies) == alone * 2
    assert len({str(each) for each in alone}) == 4  # nothing is found where the score or the side is so


def test_the_document_tells_types_bounds_and_meaning(server: OCRServer) -> None:
    paths = server.get("/openapi.json").json()["paths"]
    content = paths["/predict/ocr_system"]["post"]["requestBody"]["content"]

    for kind in ("application/json", "multipart/form-data"):
        described = content[kind]["schema"]["properties"]
        side, growth = described["det_limit_side_len"], described["det_db_unclip_ratio"]
        assert side["anyOf"][0] == {"type": "integer", "minimum": 32, "maximum": 4000}
        assert growth["anyOf"][0] == {"type": "number", "exclusiveMinimum": 0, "maximum": 100}
        assert described["det_limit_type"]["anyOf"][0]["enum"] == ["min", "max", "resize_long"]
        assert described["return_word_box"]["anyOf"][0] == {"type": "boolean"}
        assert all(described[name]["description"] for name in OPTIONS)


def test_triton_is_told_the_type_of_each_option(server: OCRServer) -> None:
    inputs = server.get("/v2/models/ocr_system/config").json()["input"]
    types = {each["name"]: each["data_type"] for each in inputs}

    assert (types["det_limit_side_len"], types["drop_score"]) == ("TYPE_INT64", "TYPE_FP64")
    assert (types["return_word_box"], types["det_limit_type"]) == ("TYPE_BOOL", "TYPE_STRING")
