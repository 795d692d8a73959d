"""Pipelines served by the documents' command lines: real servers, the real models, clients of both ages."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.registry.weights import fetch
from tests.paddlex.files import OCR, OLDER_OCR, written
from tests.paddlex.starting import Started
from tests.serving.running import MODULES, ROOT, free_port, hub, pretended_card

MODELS = (
    "PP-OCRv6_small_det",
    "PP-OCRv6_small_rec",
    "PP-OCRv4_mobile_det",
    "PP-OCRv4_mobile_rec",
    "ch_ppocr_mobile_v2.0_cls",
)
SIGN = base64.b64encode((ROOT / "doc" / "imgs" / "sign.jpg").read_bytes()).decode()
READ = "静心湖公园"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return new_home(tmp_path)


def new_home(folder: Path) -> Path:
    """An empty home, but for the weights: no module is installed."""
    home = folder / "home"
    home.mkdir()
    (home / "weights").symlink_to(fetch(MODELS)[MODELS[0]].parent)
    return home


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """The documents' line with all of its options."""
    line = "paddlex --serve --pipeline OCR --device cpu --use_hpip --serial_number {sn} --update_license"
    port = free_port()
    with Started(
        new_home(tmp_path_factory.mktemp("line")), port, *line.split(), "--port", str(port)
    ) as running:
        yield running


@pytest.mark.models
def test_the_documents_line_starts_a_server_that_says_what_uvicorn_says(served: Started) -> None:
    expected = [
        f"INFO:     Started server process [{served.process.pid}]",
        "INFO:     Waiting for application startup.",
        "INFO:     Application startup complete.",
        f"INFO:     HubServing running on {served.url} (Press CTRL+C to quit)",
    ]
    lines = served.said().splitlines()

    assert [line for line in lines if line.startswith("INFO:")] == expected
    assert f"  POST {served.url}/ocr   ocr_pipeline 1.0.0, 1 runner(s)" in served.said()
    assert "Only this machine can connect; --host 0.0.0.0 opens it" in served.said()


@pytest.mark.models
def test_what_is_installed_and_what_does_nothing_is_said_in_one_line_each(served: Started) -> None:
    assert served.said().count("Installed ocr_pipeline 1.0.0, bundled with HubServing.") == 1
    assert served.said().count("--serial_number and --update_license do nothing") == 1
    assert "ocr_pipeline" in hub("list", home=served.home).stdout


@pytest.mark.models
def test_use_hpip_says_for_each_model_which_engine_runs_it(served: Started) -> None:
    said = served.said()

    default = ("PP-OCRv6_small_det", "PP-OCRv6_small_rec", "ch_ppocr_mobile_v2.0_cls")
    for step, model in zip(("detection", "recognition", "line orientation"), default, strict=True):
        assert f"text {step}: {model} runs on openvino (" in said


@pytest.mark.models
def test_clients_of_both_generations_are_answered(served: Started) -> None:
    now = served.post("ocr", {"file": SIGN, "fileType": 1, "visualize": False}).json()
    then = served.post("ocr", {"image": SIGN, "inferenceParams": {"maxLongSide": 960}}).json()

    (page,) = now["result"]["ocrResults"]
    assert page["prunedResult"]["rec_texts"][0] == READ
    assert then["result"]["texts"][0]["text"] == READ
    assert (now["errorCode"], then["errorMsg"]) == (0, "Success")


@pytest.mark.models
def test_health_is_answered_as_paddlex_answers_it(served: Started) -> None:
    reply = requests.get(f"{served.url}/health", timeout=10)

    assert (reply.status_code, reply.json()["errorMsg"]) == (200, "Healthy")


@pytest.mark.models
def test_a_pipeline_file_configures_what_is_served_and_other_flags_go_with_it(
    home: Path, tmp_path: Path
) -> None:
    """Thresholds, pictures, a module beside it, further ports."""
    path = written(tmp_path, OCR, **{"Serving.visualize": False, "SubModules.TextDetection.thresh": 0.4})
    hub("install", str(MODULES / "greet"), home=home)
    port, metrics = free_port(), free_port()
    words = ["--pipeline", path, "--device", "cpu", "-p", str(port), "-m", "greet"]
    words += ["--workers", "2", "--metrics_port", str(metrics), "--grpc_port", str(free_port())]
    with Started(home, port, "serving", "start", *words) as server:
        reply = server.post("ocr", {"file": SIGN, "fileType": 1}).json()
        greeted = server.post("predict/greet", {"names": ["you"]})
        health = requests.get(f"http://127.0.0.1:{metrics}/health/ready", timeout=10)

    assert parameters(reply)["thresh"] == 0.4
    assert reply["result"]["ocrResults"][0].get("ocrImage") is None
    assert (greeted.status_code, health.status_code) == (200, 200)
    assert "Started GRPCInferenceService at 127.0.0.1:" in server.said()


def parameters(reply: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = reply["result"]["ocrResults"][0]["prunedResult"]["text_det_params"]
    return found


@pytest.mark.models
def test_doc_preprocessor_is_served_without_paddlex(home: Path) -> None:
    fetch(("PP-LCNet_x1_0_doc_ori",))
    port = free_port()
    words = ["--pipeline", "doc_preprocessor", "--device", "cpu", "-p", str(port)]
    with Started(home, port, "serving", "start", *words) as server:
        body = {"file": SIGN, "fileType": 1, "visualize": False}
        reply = server.post("document-preprocessing", body).json()
        unwarped = server.post("document-preprocessing", {**body, "useDocUnwarping": True})

    (page,) = reply["result"]["docPreprocessingResults"]
    assert (page["prunedResult"]["angle"], page.keys()) == (0, {"outputImage", "prunedResult"})
    assert (unwarped.status_code, unwarped.json()["errorCode"]) == (500, 500)
    assert f"POST {server.url}/document-preprocessing   ocr_pipeline 1.0.0" in server.said()
    assert "Note: doc_preprocessor: pages are turned, not flattened" in server.said()
    assert "page orientation: PP-LCNet_x1_0_doc_ori runs on" in server.said()
    assert "text detection" not in server.said()


@pytest.mark.models
def test_the_variables_of_high_stability_serving_start_a_pipeline_file(home: Path, tmp_path: Path) -> None:
    """An older file, and a model repository with PaddleX's folder for the route."""
    repository = tmp_path / "model_repo" / "ocr"
    repository.mkdir(parents=True)
    (repository / "config_cpu.pbtxt").write_text(
        'name: "ocr"\ninstance_group [{ count: 2 kind: KIND_CPU }]\n'
    )
    port = free_port()
    variables = {
        "PADDLEX_HPS_PIPELINE_CONFIG_PATH": written(tmp_path, OLDER_OCR, **{"Pipeline.device": "gpu"}),
        "PADDLEX_HPS_DEVICE_TYPE": "cpu",
        "PADDLEX_HPS_USE_HPIP": "1",
        "HUB_MODEL_REPO": str(tmp_path / "model_repo"),
        "HUB_PORT": str(port),
    }
    with Started(home, port, "serving", "start", "--device", "cpu", **variables) as server:
        reply = server.post("ocr", {"file": SIGN, "fileType": 1, "visualize": False}).json()
        runners = server.state().modules["ocr_pipeline"].runners

    assert parameters(reply)["limit_side_len"] == 960
    assert len(runners) == 2


def test_device_starts_a_runner_on_each_of_its_cards(home: Path, tmp_path: Path) -> None:
    hub("install", str(MODULES / "greet"), home=home)
    port = free_port()
    words = ("serving", "start", "-m", "greet", "--device", "gpu:0,1", "-p", str(port))
    with pretended_card(tmp_path), Started(home, port, *words) as server:
        pids = [runner.pid for runner in server.state().modules["greet"].runners]
        environments = [Path(f"/proc/{pid}/environ").read_text().split("\0") for pid in pids]

    cards = {line for lines in environments for line in lines if line.startswith("CUDA_VISIBLE_DEVICES=")}
    assert cards == {"CUDA_VISIBLE_DEVICES=0", "CUDA_VISIBLE_DEVICES=1"}
