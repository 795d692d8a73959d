"""The main job by the documents' own commands: install the OCR modules, serve them, read the samples."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from hub import settings
from tests.serving.running import ROOT, environment, free_port, hub

pytestmark = pytest.mark.models

PACKAGES = ("ocr_det", "ocr_cls", "ocr_rec", "ocr_system")
#: The ports in the shipped config files.
PORTS = {"ocr_det": 8865, "ocr_cls": 8866, "ocr_rec": 8867, "ocr_system": 8868}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh registry with the four packages installed; weights are shared with the user's own store."""
    home: Path = tmp_path_factory.mktemp("home")
    weights = settings.hub_home() / "weights"
    weights.mkdir(parents=True, exist_ok=True)
    (home / "weights").symlink_to(weights)
    for package in PACKAGES:
        hub("install", f"deploy/hubserving/{package}/", home=home, timeout=300)
    return home


@pytest.fixture(scope="module")
def all_four(home: Path) -> Iterator[str]:
    """The URL of a server with all four modules on one port, from one config file."""
    port = free_port()
    path = home / "all.json"
    modules: dict[str, Any] = {
        name: {"init_args": {"version": "1.0.0"}, "predict_args": {}} for name in PACKAGES
    }
    path.write_text(
        json.dumps({"modules_info": modules, "port": port, "use_multiprocess": False, "workers": 2})
    )
    hub("serving", "start", "-c", str(path), "--daemon", home=home, timeout=120)
    yield f"http://127.0.0.1:{port}"
    hub("serving", "stop", "-p", str(port), home=home)


def encoded(path: str) -> str:
    return base64.b64encode((ROOT / path).read_bytes()).decode()


def read(server: str, module: str, *paths: str) -> Any:
    reply = requests.post(
        f"{server}/predict/{module}", json={"images": [encoded(path) for path in paths]}, timeout=60
    )
    assert reply.status_code == 200, reply.text
    return reply.json()["results"]


def client(home: Path, url: str, images: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "tools/test_hubserving.py", url, images]
    return subprocess.run(
        words, cwd=ROOT, env=environment(home), text=True, capture_output=True, timeout=120, check=False
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_the_shipped_config_is_the_documents(package: str) -> None:
    config = json.loads((ROOT / "deploy/hubserving" / package / "config.json").read_text())

    assert config == {
        "modules_info": {package: {"init_args": {"version": "1.0.0", "use_gpu": False}, "predict_args": {}}},
        "port": PORTS[package],
        "use_multiprocess": False,
        "workers": 2,
    }


def test_ocr_system_gives_text_confidence_and_region_of_each_line(all_four: str) -> None:
    (lines,) = read(all_four, "ocr_system", "doc/imgs/sign.jpg")

    assert lines[0]["text"] == "静心湖公园"
    for line in lines:
        assert set(line) == {"text", "confidence", "text_region"}
        assert isinstance(line["text"], str)
        assert isinstance(line["confidence"], float)
        assert len(line["text_region"]) == 4
        assert all(isinstance(number, int) for point in line["text_region"] for number in point)


def test_ocr_det_gives_regions_only(all_four: str) -> None:
    (regions,) = read(all_four, "ocr_det", "doc/imgs/sign.jpg")

    assert len(regions) >= 4
    assert all(set(region) == {"text_region"} for region in regions)


def test_ocr_rec_gives_one_list_for_all_images(all_four: str) -> None:
    labels = json.loads((ROOT / "doc/imgs_words/labels.json").read_text())
    names = [name for name in labels if "upside" not in name][:2]
    results = read(all_four, "ocr_rec", *(f"doc/imgs_words/{name}" for name in names))

    assert len(results) == 1
    assert [set(line) for line in results[0]] == [{"text", "confidence"}] * 2


def test_ocr_cls_tells_a_line_that_is_upside_down(all_four: str) -> None:
    names = sorted(path.name for path in (ROOT / "doc/imgs_words").glob("*.jpg"))
    results = read(all_four, "ocr_cls", *(f"doc/imgs_words/{name}" for name in names))
    angles = {name: item["angle"] for name, item in zip(names, results[0], strict=True)}

    assert {angle for name, angle in angles.items() if "upside" in name} == {"180"}
    assert {angle for name, angle in angles.items() if "upside" not in name} == {"0"}


def test_several_images_give_one_entry_each_in_order(all_four: str) -> None:
    sign, empty, again = read(
        all_four, "ocr_system", *(f"doc/imgs/{name}.jpg" for name in ("sign", "empty", "sign"))
    )

    assert empty == []
    assert sign == again != []


def test_bytes_that_are_no_image_give_an_empty_entry_and_a_remark(all_four: str) -> None:
    body = {"images": [base64.b64encode(b"no image").decode(), encoded("doc/imgs/sign.jpg")]}
    reply = requests.post(f"{all_four}/predict/ocr_system", json=body, timeout=60).json()

    assert reply["results"][0] == []
    assert reply["results"][1] != []
    assert "images[0]" in reply["msg"]


def test_no_images_is_refused_in_paddleocrs_words(all_four: str) -> None:
    reply = requests.post(f"{all_four}/predict/ocr_system", json={"images": []}, timeout=60)

    assert reply.status_code == 400
    assert reply.json()["msg"] == "The input data is inconsistent with expectations."


@pytest.mark.parametrize("package", PACKAGES)
def test_the_client_script_reads_a_folder(all_four: str, home: Path, package: str) -> None:
    folder = "./doc/imgs/" if package in ("ocr_det", "ocr_system") else "./doc/imgs_words/"
    done = client(home, f"{all_four}/predict/{package}", folder)

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Predict time of") == len(list((ROOT / folder).glob("*.jpg")))
    assert "avg time cost" in done.stdout


def test_the_modules_work_in_a_script_without_a_server(home: Path) -> None:
    script = (
        "import hub; ocr = hub.Module(name='ocr_system');"
        "print(ocr.predict(paths=['doc/imgs/sign.jpg'])[0][0]['text'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment(home),
        text=True,
        capture_output=True,
        timeout=60,
    )

    assert done.stdout.strip() == "静心湖公园", done.stderr


def test_the_start_the_status_and_the_protocol_name_the_models(all_four: str, home: Path) -> None:
    models = ["PP-OCRv6_small_det", "PP-OCRv6_small_rec", "ch_ppocr_mobile_v2.0_cls"]
    port = all_four.rpartition(":")[2]
    status = json.loads(hub("serving", "status", "-p", port, "--json", home=home).stdout)
    config = requests.get(f"{all_four}/v2/models/ocr_system/config", timeout=10).json()

    assert {module["name"]: module["models"] for module in status["modules"]} == {
        "ocr_det": models[:1],
        "ocr_cls": models[2:],
        "ocr_rec": models[1:2],
        "ocr_system": models,
    }
    assert ", ".join(models) in hub("serving", "status", "-p", port, home=home).stdout
    assert config["parameters"]["models"]["string_value"] == ", ".join(models)
    log = next((home / "log").glob(f"*{port}*")).read_text()
    assert f"models {', '.join(models)}" in log


def test_a_module_file_can_be_run_directly(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "deploy/hubserving/ocr_system/module.py", "doc/imgs/sign.jpg"],
        cwd=ROOT, env=environment(home), text=True, capture_output=True, timeout=60,
    )  # fmt: skip

    assert "静心湖公园" in done.stdout, done.stderr


def test_a_missing_model_folder_is_an_error_at_start_that_names_it(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "ocr_rec"
    folder.mkdir()
    for source in (ROOT / "deploy/hubserving/ocr_rec").glob("*.py"):
        text = source.read_text().replace('"PP-OCRv6_small_rec"', '"./inference/my_rec/"')
        (folder / source.name).write_text(text)
    config = tmp_path / "config.json"
    entry = {"init_args": {"directory": str(folder)}}
    config.write_text(json.dumps({"modules_info": {"ocr_rec": entry}, "port": free_port()}))
    done = hub("serving", "start", "-c", str(config), home=home, check=False)

    assert done.returncode == 1
    assert "inference/my_rec" in done.stderr
