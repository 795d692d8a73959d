"""A server with the OCR pipeline and ocr_system on real models; no test may harm it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.registry.weights import fetch
from tests.serving.running import ROOT, Server, free_port

MODELS = ("PP-OCRv6_small_det", "PP-OCRv6_small_rec", "ch_ppocr_mobile_v2.0_cls")
#: Not fetched with the module: a request that asks for it has it loaded.
ORIENTATION = "PP-LCNet_x1_0_doc_ori"
IMAGES = ROOT / "doc" / "imgs"
PIPELINE = ROOT / "modules" / "ocr_pipeline"
#: ocr_system's parameters in PaddleX's words.
LIKE_OCR_SYSTEM = {
    "textDetLimitSideLen": 960,
    "textDetLimitType": "max",
    "textDetThresh": 0.2,
    "textDetBoxThresh": 0.45,
    "textDetUnclipRatio": 1.4,
    "textRecScoreThresh": 0.5,
    "useTextlineOrientation": True,
}


@pytest.fixture(scope="session")
def ocr_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of its own, but for the weights."""
    home: Path = tmp_path_factory.mktemp("home")
    (home / "weights").symlink_to(fetch((*MODELS, ORIENTATION))[ORIENTATION].parent)
    return home


@pytest.fixture(scope="session")
def server(ocr_home: Path) -> Iterator[OCRServer]:
    with OCRServer(ocr_home) as running:
        yield running


class OCRServer(Server):
    """ocr_pipeline (three pages at most, URLs allowed) beside ocr_system; HTTP and gRPC."""

    def __init__(self, home: Path) -> None:
        self.grpc_port = free_port()
        limits = {"max_num_input_imgs": 3, "max_output_img_size": [900, 700], "allow_urls": True}
        modules: dict[str, dict[str, Any]] = {
            "ocr_pipeline": {"init_args": {"directory": str(PIPELINE), **limits}},
            "ocr_system": {"init_args": {"directory": str(ROOT / "deploy" / "hubserving" / "ocr_system")}},
        }
        super().__init__(home, modules, wait=False, grpc_port=self.grpc_port, max_pixels=20_000_000)
        self.wait_settled(100)

    def ocr(self, file: bytes | str | None = None, **fields: Any) -> requests.Response:
        """POST /ocr as PaddleX's documents show it; an image unless ``fileType`` says otherwise."""
        body = {"file": text_of(file) if isinstance(file, bytes) else file, "fileType": 1, **fields}
        body = {name: value for name, value in body.items() if value is not None}
        return self.session.post(f"{self.url}/ocr", json=body, timeout=60)

    def read(self, file: bytes, **fields: Any) -> Any:
        """The ``result`` of a request that must succeed; without pictures unless they are asked for."""
        reply = self.ocr(file, **{"visualize": False, **fields})
        body = reply.json()
        assert (reply.status_code, body["errorCode"], body["errorMsg"]) == (200, 0, "Success"), body
        return body["result"]


def text_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def image(name: str) -> bytes:
    return (IMAGES / name).read_bytes()
