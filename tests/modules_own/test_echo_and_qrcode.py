"""modules/echo and modules/qrcode: small enough to share a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from hub.errors import InvalidInputError
from hub.module.loader import create
from tests.modules_own.conftest import MODULES, Start, encoded


def drawn(*texts: str) -> Any:
    """A white page with the QR codes of these texts side by side: uint8 (h, w, 3) BGR."""
    encoder = cv2.QRCodeEncoder.create()
    codes = [cv2.resize(encoder.encode(text), (210, 210), interpolation=cv2.INTER_NEAREST) for text in texts]
    framed = [cv2.copyMakeBorder(code, 40, 40, 40, 40, cv2.BORDER_CONSTANT, value=255) for code in codes]
    return cv2.cvtColor(np.hstack(framed), cv2.COLOR_GRAY2BGR)


@pytest.fixture(scope="module")
def qrcode() -> Any:
    return create(MODULES / "qrcode", {})


def test_echo_says_what_it_is_told(start: Start) -> None:
    server = start("echo", prefix="You said: ")
    request = json.loads((MODULES / "echo" / "example_request.json").read_text("utf-8"))
    reply = json.loads((MODULES / "echo" / "example_reply.json").read_text("utf-8"))
    assert server.post("echo", request).json() == reply


def test_echo_takes_nan_for_a_missing_number(start: Start) -> None:
    server = start("echo")
    headers = {"Content-Type": "application/json"}
    body = b'{"texts": ["a", "b"], "times": NaN}'

    assert server.post("echo", data=body, json=None, headers=headers).json()["results"] == ["a", "b"]


def test_every_code_of_an_image_is_read_in_reading_order(qrcode: Any) -> None:
    (codes,) = qrcode.read([drawn("https://example.org/1", "你好，世界", "3")])
    assert [code["text"] for code in codes] == ["https://example.org/1", "你好，世界", "3"]
    assert [[len(point) for point in code["points"]] for code in codes] == [[2, 2, 2, 2]] * 3


def test_the_corners_are_where_the_code_is(qrcode: Any) -> None:
    ((code,),) = qrcode.read([drawn("corners")])
    assert np.abs(np.array(code["points"]) - [[56, 56], [234, 56], [234, 234], [56, 234]]).max() < 25


def test_a_code_upside_down_is_read(qrcode: Any) -> None:
    ((code,),) = qrcode.read([cv2.rotate(drawn("turned"), cv2.ROTATE_180)])
    assert code["text"] == "turned"


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (200, 200)], ids=str)
def test_an_image_without_codes_is_an_empty_list(qrcode: Any, shape: tuple[int, int]) -> None:
    assert qrcode.read([np.full((*shape, 3), 255, np.uint8), None]) == [[], []]


def test_images_are_given_as_to_the_client(qrcode: Any, tmp_path: Path) -> None:
    path = tmp_path / "code.png"
    cv2.imwrite(str(path), drawn("a file"))
    with path.open("rb") as file, Image.open(path) as image:
        found = qrcode.read([str(path), path, path.read_bytes(), file, image, drawn("a file")])

    assert [[code["text"] for code in codes] for codes in found] == [["a file"]] * 6


@pytest.mark.parametrize("item", ["a.jpg", b"abc", 7, Path("a.jpg")])
def test_what_is_no_image_is_an_error(qrcode: Any, item: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"images\[0\]"):
        qrcode.read([item])


def test_images_must_be_a_list(qrcode: Any) -> None:
    with pytest.raises(InvalidInputError, match="list of images, not dict"):
        qrcode.read({"a": 1})


def test_qrcode_reads_image_files_on_the_command_line(qrcode: Any, tmp_path: Any) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), drawn("a file"))
    assert qrcode.run_cmd(["--input_path", str(tmp_path / "a.png")])[0][0]["text"] == "a file"


@pytest.mark.parametrize("ending", [".png", ".webp", ".tif"])
def test_a_code_on_a_transparent_ground_is_read(qrcode: Any, tmp_path: Any, ending: str) -> None:
    black = drawn("nothing behind")
    alpha = 255 - black[:, :, 0]
    path = tmp_path / f"a{ending}"
    Image.fromarray(np.dstack([np.zeros_like(black), alpha]), "RGBA").save(path, lossless=True)

    (codes,) = qrcode.run_cmd(["--input_path", str(path)])
    assert [code["text"] for code in codes] == ["nothing behind"]


def test_qrcode_is_served(start: Start) -> None:
    server = start("qrcode")
    request = json.loads((MODULES / "qrcode" / "example_request.json").read_text("utf-8"))
    reply = json.loads((MODULES / "qrcode" / "example_reply.json").read_text("utf-8"))
    assert server.post("qrcode", request).json() == reply
    mixed = server.post("qrcode", {"images": [encoded(drawn("one", "two")), "bm8gaW1hZ2U="]}).json()
    assert [[code["text"] for code in codes] for codes in mixed["results"]] == [["one", "two"], []]
    assert "images[1]" in mixed["msg"]
