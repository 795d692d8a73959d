"""What ``POST /ocr`` refuses, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ocr.pdfs import nested_forms
from tests.pipelines.conftest import OCRServer, image, text_of
from tests.serving.pictures import bomb, png

pytestmark = pytest.mark.models

NO_MODEL = (500, "the input params for model settings are invalid!")
HUGE_PDF = text_of(nested_forms())
BROKEN_TIFF = text_of(b"II\x2a\x00" + b"\xff" * 50)


@pytest.mark.parametrize(
    ("fields", "code", "said"),
    [
        pytest.param({"fileType": None}, 422, "File type cannot be determined", id="no type"),
        pytest.param({"fileType": 2}, 422, "body.fileType", id="no such type"),
        pytest.param({"file": None}, 422, '"loc": "body.file", "msg": "Field required"', id="no file"),
        pytest.param({"file": 7}, 422, "Input should be a valid string", id="a number"),
        pytest.param({"file": "%%%"}, 422, "Invalid input file", id="no base64"),
        pytest.param({"file": text_of(b"this is no picture")}, 422, "Invalid input file", id="no picture"),
        pytest.param({"file": text_of(png()[:60])}, 422, "Invalid input file", id="cut picture"),
        pytest.param({"fileType": 0}, 422, "Invalid input file", id="no PDF"),
        pytest.param({"file": HUGE_PDF, "fileType": 0}, 422, "pdf_memory_mb", id="PDF that takes gigabytes"),
        pytest.param({"file": text_of(bomb(9000, 9000))}, 422, "pixel count 81000000", id="too large"),
        pytest.param({"file": BROKEN_TIFF}, 422, "Invalid input file", id="broken TIFF"),
        pytest.param({"textDetThresh": "x"}, 422, "body.textDetThresh", id="no number"),
        pytest.param({"textDetLimitType": "mix"}, 422, "'min', 'max' or 'resize_long'", id="limit type"),
        pytest.param({"textDetLimitSideLen": 0}, 422, "greater than 0", id="no size"),
        pytest.param({"textDetUnclipRatio": 1e12}, 422, "equal to 100", id="boxes without bounds"),
        pytest.param({"useDocUnwarping": True}, *NO_MODEL, id="unwarping"),
        pytest.param({"useDocUnwarping": True}, 500, "the real PaddleX does that", id="who unwarps"),
        pytest.param({"file": "http://127.0.0.1:9/a.png"}, 422, "which is not a public address", id="URL"),
        pytest.param({"file": "https://[::1]/a.png"}, 422, "which is not a public address", id="URL, IPv6"),
        pytest.param({"file": "http://x/a", "fileType": None}, 422, "Unsupported file", id="URL, no type"),
    ],
)  # fmt: skip
def test_what_is_refused_is_told_as_paddlex_tells_it(
    server: OCRServer, fields: dict[str, Any], code: int, said: str
) -> None:
    reply = server.ocr(**{"file": image("sign.jpg"), **fields, "logId": "9"})

    body = reply.json()
    assert (reply.status_code, body["errorCode"], body["logId"]) == (code, code, "9"), body
    assert said in body["errorMsg"]
