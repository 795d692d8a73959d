"""The same files give the same text, whatever way they take."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hub
from tests.pictures import formats
from tests.pipelines.conftest import LIKE_OCR_SYSTEM, OCRServer, text_of
from tests.serving.running import ROOT, environment

pytestmark = [pytest.mark.models, pytest.mark.slow]
NAMES = (
    "JPEG",
    "JPEG, lying",
    "PNG, transparent",
    "PNG, 16 bits",
    "GIF, animated",
    "WebP, transparent",
    "TIFF, pages of 16 bits",
    "AVIF, lying",
    "BMP",
    "PDF",
)
ENDINGS = {"JPEG": "jpg", "TIFF": "tif"}
SAMPLES = {name: formats.samples()[name] for name in NAMES}
EXPECTED = {name: list(texts) for name, (_, texts) in SAMPLES.items()}
MODULE = ROOT / "deploy" / "hubserving" / "ocr_system"
Texts = dict[str, list[str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files; the number in a name is the place in NAMES."""
    folder: Path = tmp_path_factory.mktemp("files")
    for number, (name, (data, _)) in enumerate(SAMPLES.items()):
        kind = name.partition(",")[0]
        (folder / f"{number:02}.{ENDINGS.get(kind, kind.lower())}").write_bytes(data)
    return folder


def named(results: list[list[dict[str, Any]]]) -> Texts:
    return {name: formats.texts(lines) for name, lines in zip(NAMES, results, strict=True)}


def each(ask: Callable[[bytes], Any]) -> Texts:
    return named([ask(data) for data, _ in SAMPLES.values()])


def by_json(server: OCRServer, folder: Path) -> Texts:
    images = [text_of(data) for data, _ in SAMPLES.values()]
    return named(server.post("ocr_system", {"images": images}).json()["results"])


def by_form(server: OCRServer, folder: Path) -> Texts:
    files = [("images", (path.name, path.read_bytes())) for path in sorted(folder.iterdir())]
    return named(server.post("ocr_system", None, files=files, json=None).json()["results"])


def by_raw_body(server: OCRServer, folder: Path) -> Texts:
    def ask(data: bytes) -> Any:
        kind = "application/pdf" if data.startswith(b"%PDF") else "image/any"
        reply = server.post("ocr_system", None, data=data, json=None, headers={"Content-Type": kind})
        return reply.json()["results"][0]

    return each(ask)


def by_ocr(server: OCRServer, folder: Path) -> Texts:
    def ask(data: bytes) -> Any:
        kind = 0 if data.startswith(b"%PDF") else 1
        result = server.read(data, fileType=kind, **LIKE_OCR_SYSTEM)
        found = [page["prunedResult"]["rec_texts"] for page in result["ocrResults"]]
        return [{"text": text} for texts in found for text in texts]

    return each(ask)


def by_v2(server: OCRServer, folder: Path) -> Texts:
    images = {"images": [text_of(data) for data, _ in SAMPLES.values()]}
    tensor = {"name": "input", "datatype": "BYTES", "shape": [1], "data": [json.dumps(images)]}
    url = f"{server.url}/v2/models/ocr_system/infer"
    reply = server.session.post(url, json={"inputs": [tensor]}, timeout=60).json()
    return named(json.loads(reply["outputs"][0]["data"][0])["results"])


def by_grpc(server: OCRServer, folder: Path) -> Texts:
    grpc = pytest.importorskip("tritonclient.grpc")
    client = grpc.InferenceServerClient(f"127.0.0.1:{server.grpc_port}")
    tensor = grpc.InferInput("images", [len(NAMES)], "BYTES")
    tensor.set_data_from_numpy(np.array([data for data, _ in SAMPLES.values()], dtype=object))
    reply = client.infer("ocr_system", [tensor]).as_numpy("results")
    return named([json.loads(lines) for lines in reply])


def by_client(server: OCRServer, folder: Path) -> Texts:
    with hub.Client(server.url) as client:
        return named(client.predict("ocr_system", images=sorted(folder.iterdir())))


def by_module(server: OCRServer, folder: Path) -> Texts:
    module = hub.Module(directory=str(MODULE))
    return named(module.predict(images=[data for data, _ in SAMPLES.values()]))


def command(server: OCRServer, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words],
        env=environment(server.home),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def by_run(server: OCRServer, folder: Path) -> Texts:
    files = [word for path in sorted(folder.iterdir()) for word in ("--input_path", str(path))]
    return named(json.loads(command(server, "-m", "hub", "run", str(MODULE), *files)))


def by_predict(server: OCRServer, folder: Path) -> Texts:
    printed = command(server, "-m", "hub", "predict", f"{server.url}/predict/ocr_system", str(folder))
    return named([json.loads(line)["results"][0] for line in printed.splitlines()])


def by_pipeline(server: OCRServer, folder: Path) -> Texts:
    printed = command(server, "-m", "hub", "predict", f"{server.url}/predict/ocr_pipeline", str(folder))
    return named([json.loads(line)["results"][0] for line in printed.splitlines()])


def by_client_script(server: OCRServer, folder: Path) -> Texts:
    script = str(ROOT / "tools" / "test_hubserving.py")
    printed = command(server, script, f"{server.url}/predict/ocr_system", str(folder))
    lines = [line.partition("ppocr INFO: ")[2] for line in printed.splitlines()]
    return named([eval(line) for line in lines if line.startswith("[")])  # noqa: S307 - as it prints them


WAYS = (
    by_json,
    by_form,
    by_raw_body,
    by_ocr,
    by_v2,
    by_grpc,
    by_client,
    by_module,
    by_run,
    by_predict,
    by_pipeline,
    by_client_script,
)


@pytest.mark.parametrize("way", WAYS, ids=[way.__name__ for way in WAYS])
def test_ten_files_give_the_same_text(
    server: OCRServer, folder: Path, way: Callable[[OCRServer, Path], Texts]
) -> None:
    assert way(server, folder) == EXPECTED
