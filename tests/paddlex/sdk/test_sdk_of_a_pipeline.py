"""``hub pack --sdk OCR``: PaddleX's folder for a pipeline, its server.sh and its client.py."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
import requests
import yaml

from hub.paddlex.plan import NATIVE, PipelineOptions, plan
from hub.registry.weights import fetch
from tests.paddlex.sdk.test_sdk import Running, call, has_grpc, serve
from tests.serving.running import ROOT, hub

pytestmark = [pytest.mark.models, pytest.mark.slow]

MODELS = (
    "PP-OCRv6_small_det",
    "PP-OCRv6_small_rec",
    "PP-OCRv4_mobile_det",
    "PP-OCRv4_mobile_rec",
    "ch_ppocr_mobile_v2.0_cls",
)
IMAGE = str(ROOT / "doc" / "imgs" / "sign.jpg")


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SDK folder, made where no module is installed."""
    home: Path = tmp_path_factory.mktemp("home")
    hub("pack", "--sdk", "OCR", "--output", str(home), home=home)
    return home / "OCR_sdk"


@pytest.fixture(scope="module")
def packages(sdk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target: Path = tmp_path_factory.mktemp("site")
    (wheel,) = (sdk / "client").glob("paddlex_hps_client-*.whl")
    words = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target"]
    subprocess.run([*words, str(target), str(wheel)], check=True, timeout=60)
    return target


@pytest.fixture(scope="module")
def running(sdk: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp("server")
    (folder / "home").mkdir()
    (folder / "home" / "weights").symlink_to(fetch(MODELS)[MODELS[0]].parent)
    yield from serve(sdk, folder, grpc=True)


def test_the_folder_has_the_documents_parts(sdk: Path) -> None:
    files = {str(path.relative_to(sdk)) for path in sdk.rglob("*") if path.is_file()}

    assert {
        "server/server.sh",
        "server/pipeline_config.yaml",
        "server/model_repo/ocr/config_cpu.pbtxt",
        "server/model_repo/ocr/config_gpu.pbtxt",
        "server/model_repo/ocr/1/ocr_pipeline/module.py",
        "client/client.py",
        "client/requirements.txt",
    } < files
    assert yaml.safe_load((sdk / "server" / "pipeline_config.yaml").read_text())["pipeline_name"] == "OCR"
    ast.parse((sdk / "client" / "client.py").read_text(), feature_version=(3, 8))


def test_doc_preprocessor_is_packed_with_a_file_that_needs_no_paddlex(tmp_path: Path) -> None:
    hub("pack", "--sdk", "doc_preprocessor", "--output", str(tmp_path), home=tmp_path / "home")

    server = tmp_path / "doc_preprocessor_sdk" / "server"
    planned = plan(str(server / "pipeline_config.yaml"), PipelineOptions())
    assert (planned.module, planned.unsupported, planned.ignored) == (NATIVE, (), ())
    assert 'weights="PP-LCNet_x1_0_doc_ori"' in (server / "server.sh").read_text()
    assert (server / "model_repo/document-preprocessing/1/ocr_pipeline/module.py").is_file()


def test_a_mistyped_pipeline_has_a_guess(tmp_path: Path) -> None:
    done = hub("pack", "--sdk", "OCRR", home=tmp_path, check=False)

    assert done.returncode == 1
    assert "there is no pipeline 'OCRR'. Did you mean OCR?" in done.stderr


def test_a_pipeline_of_paddlexs_needs_paddlex(tmp_path: Path) -> None:
    done = hub("pack", "--sdk", "image_classification", home=tmp_path, check=False)

    assert done.returncode == 1
    assert "hub install --isolated paddlex_pipeline" in done.stderr


@has_grpc
def test_its_services_are_on_three_ports(running: Running) -> None:
    said = running.log.read_text()

    assert f"Started GRPCInferenceService at 127.0.0.1:{running.grpc}" in said
    assert f"Started HTTPService at 127.0.0.1:{running.http}" in said
    assert f"Started Metrics Service at 127.0.0.1:{running.metrics}" in said
    metrics = requests.get(f"http://127.0.0.1:{running.metrics}/metrics", timeout=5).text
    assert 'hub_module_ready{module="ocr_pipeline"} 1.0' in metrics


@has_grpc
@pytest.mark.parametrize("transport", ["grpc", "http"])
def test_its_client_prints_the_text_and_saves_the_pictures(
    sdk: Path, packages: Path, running: Running, transport: str, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{running.http}" if transport == "http" else f"127.0.0.1:{running.grpc}"

    done = call(
        sdk, packages, "--file", IMAGE, "--file-type", "1", "--url", url, "--output", f"{tmp_path}/sign_"
    )

    assert done.returncode == 0, done.stderr
    (page,) = json.loads(done.stdout)["ocrResults"]
    assert "静心湖公园" in page["prunedResult"]["rec_texts"]
    assert page["ocrImage"] == f"{tmp_path}/sign_ocrImage_0.jpg"
    assert cv2.imread(page["ocrImage"]) is not None


def test_its_client_does_without_pictures_and_tells_errors(
    sdk: Path, packages: Path, running: Running
) -> None:
    url = f"http://127.0.0.1:{running.http}"

    plain = call(sdk, packages, "--file", IMAGE, "--file-type", "1", "--no-visualization", "--url", url)
    wrong = call(sdk, packages, "--file", IMAGE, "--file-type", "0", "--url", url)

    assert json.loads(plain.stdout)["ocrResults"][0].keys() == {"prunedResult"}
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr.startswith("422 Invalid input file")


def test_paddlexs_path_is_there_as_well(running: Running) -> None:
    reply = requests.post(f"http://127.0.0.1:{running.http}/ocr", json={}, timeout=10)

    assert (reply.status_code, reply.json()["errorCode"]) == (422, 422)
