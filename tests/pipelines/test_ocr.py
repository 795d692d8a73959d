"""The OCR pipeline on a running server, asked by clients written from PaddleX's documents."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from PIL import Image

from tests.pipelines.conftest import LIKE_OCR_SYSTEM, PIPELINE, OCRServer, image, text_of
from tests.serving.pictures import exotic
from tests.serving.running import ROOT

pytestmark = pytest.mark.models


def texts(result: Any) -> list[list[str]]:
    return [page["prunedResult"]["rec_texts"] for page in result["ocrResults"]]


def picture(data: str) -> Any:
    decoded = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
    assert base64.b64decode(data)[:2] == b"\xff\xd8", "no JPEG"
    return decoded


def pages(*names: str, kind: str) -> bytes:
    first, *others = (Image.open(io.BytesIO(image(name))).convert("RGB") for name in names)
    file = io.BytesIO()
    first.save(
        file, kind, save_all=True, append_images=others, **({"resolution": 144} if kind == "PDF" else {})
    )
    return file.getvalue()


# -- the present form ------------------------------------------------------------------------------


def test_a_reply_has_paddlexs_fields(server: OCRServer) -> None:
    reply = server.ocr(image("sign.jpg"), logId="abc", visualize=False).json()

    assert reply.keys() == {"logId", "errorCode", "errorMsg", "result"}
    assert (reply["logId"], reply["errorCode"], reply["errorMsg"]) == ("abc", 0, "Success")
    (page,) = reply["result"]["ocrResults"]
    found = page["prunedResult"]
    assert found["model_settings"] == {"use_doc_preprocessor": False, "use_textline_orientation": True}
    assert found["text_det_params"] == {
        "limit_side_len": 64, "limit_type": "min", "thresh": 0.2,
        "max_side_limit": 4000, "box_thresh": 0.45, "unclip_ratio": 1.4,
    }  # fmt: skip
    assert (found["text_type"], found["text_rec_score_thresh"], found["return_word_box"]) == (
        "general",
        0,
        False,
    )
    assert "静心湖公园" in found["rec_texts"]
    count = len(found["rec_texts"])
    assert {len(found[key]) for key in ("rec_scores", "rec_polys", "rec_boxes")} == {count}
    assert len(found["textline_orientation_angles"]) == len(found["dt_polys"]) >= count
    height, width = cv2.imdecode(np.frombuffer(image("sign.jpg"), np.uint8), cv2.IMREAD_COLOR).shape[:2]
    assert reply["result"]["dataInfo"] == {"width": width, "height": height, "type": "image"}


@pytest.mark.parametrize("name", ["page.jpg", "receipt.jpg", "label.jpg", "sign.jpg", "empty.jpg"])
def test_with_equal_parameters_it_reads_exactly_what_ocr_system_reads(server: OCRServer, name: str) -> None:
    (expected,) = server.post("ocr_system", {"images": [text_of(image(name))]}).json()["results"]

    (page,) = server.read(image(name), **LIKE_OCR_SYSTEM)["ocrResults"]

    found = page["prunedResult"]
    assert found["rec_texts"] == [line["text"] for line in expected]
    assert found["rec_scores"] == [line["confidence"] for line in expected]
    assert found["rec_polys"] == [line["text_region"] for line in expected]


def test_parameters_of_one_request_do_not_reach_the_next(server: OCRServer) -> None:
    before = server.read(image("receipt.jpg"))
    few = server.read(image("receipt.jpg"), textRecScoreThresh=0.99, textDetBoxThresh=0.9)
    none = server.read(image("receipt.jpg"), textDetThresh=1)

    assert 0 < len(texts(few)[0]) < len(texts(before)[0])
    assert texts(none) == [[]]
    assert server.read(image("receipt.jpg")) == before


def test_orientation_can_be_left_out(server: OCRServer) -> None:
    upside_down = cv2.rotate(
        cv2.imdecode(np.frombuffer(image("sign.jpg"), np.uint8), cv2.IMREAD_COLOR), cv2.ROTATE_180
    )
    file = cv2.imencode(".png", upside_down)[1].tobytes()

    turned, plain = server.read(file), server.read(file, useTextlineOrientation=False)

    assert (
        "静心湖公园" in texts(turned)[0]
        and 1 in turned["ocrResults"][0]["prunedResult"]["textline_orientation_angles"]
    )
    assert "静心湖公园" not in texts(plain)[0]
    assert set(plain["ocrResults"][0]["prunedResult"]["textline_orientation_angles"]) == {-1}


def test_word_boxes_lie_in_their_lines(server: OCRServer) -> None:
    (page,) = server.read(image("page.jpg"), returnWordBox=True)["ocrResults"]

    found = page["prunedResult"]
    assert found["return_word_box"] is True
    assert next(line for line in found["text_word"] if line)[:3] == ["茶", "叶", "仓"]
    assert ["".join(line) for line in found["text_word"]] == found["rec_texts"]
    for boxes, (left, top, right, bottom) in zip(found["text_word_boxes"], found["rec_boxes"], strict=True):
        for x1, y1, x2, y2 in boxes:
            assert left <= x1 <= x2 <= right and top <= y1 <= y2 <= bottom


def test_the_picture_shows_boxes_and_text(server: OCRServer) -> None:
    (page,) = server.read(image("sign.jpg"), visualize=True)["ocrResults"]

    drawn, plain = picture(page["ocrImage"]), picture(page["inputImage"])
    height, width = drawn.shape[:2]
    assert width <= 900 and height <= 700, "max_output_img_size"
    assert plain.shape[1] <= 900 and plain.shape[0] <= 700
    left, right = drawn[:, : width // 2], drawn[:, width // 2 :]
    small = cv2.resize(plain, (width // 2, height), interpolation=cv2.INTER_AREA)
    assert cv2.absdiff(left, small).max() > 60, "no boxes on the left"
    assert right.mean() > 200 and right.min() < 100, "no text on white on the right"


def test_pictures_come_unless_they_are_declined(server: OCRServer) -> None:
    asked = server.ocr(image("sign.jpg")).json()["result"]["ocrResults"][0]
    declined = server.ocr(image("sign.jpg"), visualize=False).json()["result"]["ocrResults"][0]

    assert asked.keys() == {"prunedResult", "ocrImage", "inputImage"}
    assert declined.keys() == {"prunedResult"}


@pytest.mark.parametrize("kind", sorted(set(exotic()) - {"two-page TIFF"}))
def test_any_kind_of_image_is_read(server: OCRServer, kind: str) -> None:
    info = server.read(exotic()[kind])["dataInfo"]

    assert info == {"width": 30, "height": 20, "type": "image"}


def test_the_api_document_has_both_forms_of_the_body(server: OCRServer) -> None:
    document = server.get("/openapi.json").json()

    OpenAPIV31SpecValidator(document).validate()
    schema = document["paths"]["/ocr"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    present, older = (form["properties"].keys() for form in schema["anyOf"])
    assert {"file", "fileType", "textDetLimitSideLen", "useDocUnwarping", "logId"} < present
    assert older == {"image", "inferenceParams", "visualize", "logId"}


def test_the_module_itself_takes_the_same_body(server: OCRServer) -> None:
    body = {"file": text_of(image("sign.jpg")), "fileType": 1, "visualize": False, "logId": "3"}

    results = server.post("ocr_pipeline", {"endpoint": "ocr", "body": body}).json()["results"]

    assert results == {"http_status": 200, "reply": server.ocr(**body).json()}
    assert server.post("ocr_pipeline", {"endpoint": "orc", "body": body}).status_code == 400
    assert server.post("ocr_pipeline", {"endpoint": "ocr", "body": "x"}).status_code == 400


def test_the_modules_example_is_answered_as_its_folder_shows(server: OCRServer) -> None:
    request, shown = (
        json.loads((PIPELINE / f"example_{kind}.json").read_text("utf-8")) for kind in ("request", "reply")
    )

    reply = server.session.post(f"{server.url}/ocr", json=request, timeout=60).json()

    for each in (reply, shown):  # which differ a little from engine to engine
        (page,) = each["result"]["ocrResults"]
        assert page["prunedResult"].pop("rec_scores")[0] > 0.9
        for key in ("dt_polys", "rec_polys", "rec_boxes", "text_word_boxes"):
            assert page["prunedResult"].pop(key)
    assert reply == shown


def test_the_documents_client_prints_the_text_and_writes_the_picture(
    server: OCRServer, tmp_path: Path
) -> None:
    document = (ROOT / "doc" / "paddlex.md").read_text("utf-8")
    example = next(code for code in re.findall(r"```python\n(.*?)```", document, re.DOTALL) if "/ocr" in code)
    (tmp_path / "doc").symlink_to(ROOT / "doc")

    code = example.replace("127.0.0.1:8080", f"127.0.0.1:{server.port}")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert "静心湖公园" in done.stdout
    assert (tmp_path / "page_0.jpg").read_bytes()[:2] == b"\xff\xd8"


# -- several pages ---------------------------------------------------------------------------------


def test_a_tiff_of_two_pages_is_read_page_by_page(server: OCRServer) -> None:
    result = server.read(pages("sign.jpg", "receipt.jpg", kind="TIFF"))

    assert result["dataInfo"]["type"] == "tiff"
    assert result["dataInfo"]["numPages"] == len(result["dataInfo"]["pages"]) == 2
    assert "warnings" not in result
    single = [server.read(pages(name, kind="TIFF")) for name in ("sign.jpg", "receipt.jpg")]
    assert texts(result) == [texts(each)[0] for each in single]
    assert single[0]["dataInfo"]["type"] == "image"


def test_a_page_limit_is_said_aloud(server: OCRServer) -> None:
    file = pages(*["sign.jpg"] * 5, kind="TIFF")

    result = server.read(file)

    assert len(result["ocrResults"]) == result["dataInfo"]["numPages"] == 3
    assert result["dataInfo"]["totalPages"] == 5
    assert result["warnings"] == ["only the first 3 of 5 pages were read (max_num_input_imgs)"]
    assert "only the first 3 of 5 pages" in server.log()


def test_a_pdf_is_rendered_and_read(server: OCRServer) -> None:
    pytest.importorskip("pypdfium2")
    size = Image.open(io.BytesIO(image("sign.jpg"))).size

    result = server.read(pages("sign.jpg", "page.jpg", kind="PDF"), fileType=0)

    assert result["dataInfo"]["type"] == "pdf"
    assert result["dataInfo"]["pages"][0] == {"width": size[0], "height": size[1]}, "144 dots per inch"
    assert "静心湖公园" in texts(result)[0] and "茶叶仓库的第一份数字档案" in texts(result)[1]


def test_fields_that_nobody_knows_are_ignored_as_in_paddlex(server: OCRServer) -> None:
    assert texts(server.read(image("sign.jpg"), colour="red")) == texts(server.read(image("sign.jpg")))


# -- the older form ----------------------------------------------------------------------------------


def old(server: OCRServer, **body: Any) -> Any:
    return server.session.post(f"{server.url}/ocr", json=body, timeout=60).json()


def test_the_older_form_gives_texts_and_a_picture(server: OCRServer) -> None:
    reply = old(server, image=text_of(image("sign.jpg")))

    found = server.read(image("sign.jpg"))["ocrResults"][0]["prunedResult"]
    assert (reply["errorCode"], reply["errorMsg"]) == (0, "Success")
    assert reply["result"]["texts"] == [
        {"poly": poly, "text": text, "score": score}
        for poly, text, score in zip(found["rec_polys"], found["rec_texts"], found["rec_scores"], strict=True)
    ]
    assert picture(reply["result"]["image"]).size


def test_max_long_side_limits_what_the_model_sees(server: OCRServer) -> None:
    small = old(
        server, image=text_of(image("page.jpg")), inferenceParams={"maxLongSide": 160}, visualize=False
    )

    same = server.read(image("page.jpg"), textDetLimitSideLen=160, textDetLimitType="max")
    assert (
        [text["text"] for text in small["result"]["texts"]]
        == texts(same)[0]
        != texts(server.read(image("page.jpg")))[0]
    )


# -- Triton's protocol -------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["http", "grpc"])
def test_the_real_tritonclients_get_the_same_reply(server: OCRServer, transport: str) -> None:
    triton = pytest.importorskip(f"tritonclient.{transport}")
    port = server.grpc_port if transport == "grpc" else server.port
    client = triton.InferenceServerClient(f"127.0.0.1:{port}")

    def ask(body: dict[str, Any]) -> Any:
        tensor = triton.InferInput("input", [1, 1], "BYTES")
        tensor.set_data_from_numpy(np.array([[json.dumps(body).encode()]], dtype=object))
        output = client.infer("ocr", [tensor], outputs=[triton.InferRequestedOutput("output")])
        return json.loads(output.as_numpy("output")[0][0])

    body = {"file": text_of(image("receipt.jpg")), "fileType": 1, "visualize": False, "logId": "5"}

    assert client.is_model_ready("ocr")
    assert ask(body) == server.ocr(**body).json()
    assert ask({**body, "fileType": 5})["errorCode"] == 422
    refused = ask({**body, "useDocUnwarping": True})
    assert refused["errorMsg"].startswith("the input params for model settings are invalid! useDocUnwarping")
    turned = ask({**body, "useDocOrientationClassify": True})["result"]["ocrResults"][0]["prunedResult"]
    assert turned["doc_preprocessor_res"]["angle"] == 0
