"""OCR by /predict, /v2 and gRPC: the same text, and no door that costs.

python -m pytest -s tests/triton/test_ocr_by_all_doors.py     prints the times
"""

from __future__ import annotations

import base64
import json
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from hub import settings
from tests.serving.running import ROOT, environment, free_port, hub

pytestmark = [pytest.mark.models, pytest.mark.slow]

IMAGE = (ROOT / "doc/imgs/sign.jpg").read_bytes()
BODY = json.dumps({"images": [base64.b64encode(IMAGE).decode()]})
ROUNDS = 15


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home: Path = tmp_path_factory.mktemp("home")
    weights = settings.hub_home() / "weights"
    weights.mkdir(parents=True, exist_ok=True)
    (home / "weights").symlink_to(weights)
    hub("install", "deploy/hubserving/ocr_system/", home=home, timeout=300)
    return home


@pytest.fixture(scope="module")
def ports(home: Path) -> Iterator[tuple[int, int]]:
    """HTTP and gRPC port of a server of ocr_system."""
    pytest.importorskip("tritonclient.grpc")
    http, grpc = free_port(), free_port()
    words = ("-m", "ocr_system", "-p", str(http), "--grpc_port", str(grpc), "--daemon")
    hub("serving", "start", *words, home=home, timeout=120)
    yield http, grpc
    hub("serving", "stop", "-p", str(http), home=home)


@pytest.fixture(scope="module")
def doors(ports: tuple[int, int]) -> dict[str, Callable[[], Any]]:
    """Each way to have the image read; they give the envelope's results."""
    import numpy as np
    from tritonclient import grpc

    url, session = f"http://127.0.0.1:{ports[0]}", requests.Session()
    client = grpc.InferenceServerClient(f"127.0.0.1:{ports[1]}")
    infer = f"{url}/v2/models/ocr_system/infer"

    def predict() -> Any:
        headers = {"Content-Type": "application/json"}
        return session.post(f"{url}/predict/ocr_system", data=BODY, headers=headers, timeout=60).json()

    def v2_json() -> Any:
        tensor = {"name": "input", "datatype": "BYTES", "shape": [1, 1], "data": [BODY]}
        reply = session.post(infer, json={"inputs": [tensor]}, timeout=60).json()
        return json.loads(reply["outputs"][0]["data"][0])

    def v2_binary() -> Any:
        raw = struct.pack("<I", len(IMAGE)) + IMAGE
        size = {"binary_data_size": len(raw)}
        tensor = {"name": "images", "datatype": "BYTES", "shape": [1], "parameters": size}
        head = json.dumps({"inputs": [tensor], "outputs": [{"name": "output"}]}).encode()
        headers = {"Inference-Header-Content-Length": str(len(head))}
        reply = session.post(infer, data=head + raw, headers=headers, timeout=60).json()
        return json.loads(reply["outputs"][0]["data"][0])

    def over_grpc() -> Any:
        tensor = grpc.InferInput("input", [1, 1], "BYTES")
        tensor.set_data_from_numpy(np.array([[BODY.encode()]], dtype=object))
        return json.loads(client.infer("ocr_system", [tensor]).as_numpy("output")[0][0])

    return {"/predict": predict, "/v2 JSON": v2_json, "/v2 binary": v2_binary, "gRPC": over_grpc}


def test_every_door_reads_the_same_text(doors: dict[str, Callable[[], Any]]) -> None:
    replies = {name: door() for name, door in doors.items()}

    expected = replies["/predict"]
    assert expected["results"][0][0]["text"] == "静心湖公园"
    assert replies == dict.fromkeys(doors, expected)


def test_the_packed_client_reads_it_too(home: Path, ports: tuple[int, int], tmp_path: Path) -> None:
    hub("pack", "--sdk", "ocr_system", "--output", str(tmp_path), home=home)
    client = tmp_path / "ocr_system_sdk" / "client"
    (wheel,) = client.glob("*.whl")
    for url in (f"127.0.0.1:{ports[1]}", f"http://127.0.0.1:{ports[0]}"):
        words = ["client.py", "--file", str(ROOT / "doc/imgs/sign.jpg"), "--file-type", "1", "--url", url]
        variables = {**environment(home), "PYTHONPATH": str(wheel)}  # a wheel can be imported from
        done = subprocess.run(
            [sys.executable, *words], cwd=client, env=variables, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)[0]["text"] == "静心湖公园"


def test_no_door_is_much_slower_than_predict(doors: dict[str, Callable[[], Any]]) -> None:
    """In turns, so that whatever else the machine does meets all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in doors}
    for _ in range(ROUNDS):
        for name, door in doors.items():
            began = time.perf_counter()
            door()
            seconds[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(values) * 1000 for name, values in seconds.items()}
    for name, median in medians.items():
        sys.stdout.write(f"{name:12} {median:7.1f} ms  {median / medians['/predict'] - 1:+.1%}\n")
    # The aim is 5 %; the rest is room for a noisy machine.
    assert max(medians.values()) < 1.15 * medians["/predict"]
