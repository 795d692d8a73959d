"""OCR on a cluster: the replies are those of the local engine; nothing is lost when nodes and versions go."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.registry.weights import fetch
from tests.serving.ray.running import (
    START_SECONDS,
    Load,
    RayServer,
    SimulatedCluster,
    ask_at_once,
    lose_a_node,
)
from tests.serving.running import ROOT, Server, hub, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.models, pytest.mark.timeout(1500)]

OCR = ROOT / "deploy" / "hubserving" / "ocr_system"
WEIGHTS = ("PP-OCRv6_small_det", "PP-OCRv6_small_rec", "ch_ppocr_mobile_v2.0_cls")
PICTURES = sorted((ROOT / "doc" / "imgs").glob("*.jpg"))
SIGN = ROOT / "doc" / "imgs" / "sign.jpg"


def body(picture: Path) -> dict[str, Any]:
    return {"images": [base64.b64encode(picture.read_bytes()).decode()]}


def read(server: Server) -> list[list[dict[str, Any]]]:
    """What each picture says."""
    pages = []
    for picture in PICTURES:
        reply = requests.post(f"{server.url}/predict/ocr_system", json=body(picture), timeout=120)
        assert reply.status_code == 200, reply.text
        pages += reply.json()["results"]
    return pages


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ocr_system in a folder that a test may change."""
    fetch(WEIGHTS)
    folder = tmp_path_factory.mktemp("ocr") / "ocr_system"
    shutil.copytree(OCR, folder)
    return folder


@pytest.fixture(scope="module")
def local(module: Path, tmp_path_factory: pytest.TempPathFactory) -> list[list[dict[str, Any]]]:
    """What the local engine reads, with as many threads as a replica has."""
    home = tmp_path_factory.mktemp("local")
    (home / "weights").symlink_to(RayServer.weights())
    two_runners = [{"count": 2}]  # each has one thread of this machine's two, as a replica has
    modules = {"ocr_system": {"init_args": {"directory": str(module)}, "instances": two_runners}}
    with Server(home, modules, wait=False) as server:
        server.wait_settled(START_SECONDS)
        return read(server)


@pytest.fixture(scope="module")
def ocr(
    module: Path, cluster: SimulatedCluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RayServer]:
    """Two replicas on two nodes, half a core each; sent there with their weights."""
    entry = {
        "init_args": {"directory": str(module)},
        "instances": [{"count": 2}],
        "ray": {"num_cpus": 0.5},
        "max_queue_size": 8,
    }
    with RayServer(
        tmp_path_factory.mktemp("home"),
        {"ocr_system": entry},
        ray_address=cluster.address,
        timeout=120,
        graceful_timeout=60,
    ) as server:
        wait_until(lambda: len(server.runner_pids("ocr_system")) == 2, START_SECONDS)
        yield server


def test_the_replies_are_those_of_the_local_engine(ocr: RayServer, local: list[list[dict[str, Any]]]) -> None:
    remote = read(ocr)

    assert sum(len(page) for page in local) > 10
    for key in ("text", "text_region"):
        assert [[line[key] for line in page] for page in remote] == [
            [line[key] for line in page] for page in local
        ]
    for page, expected in zip(remote, local, strict=True):
        for line, other in zip(page, expected, strict=True):
            assert line["confidence"] == pytest.approx(other["confidence"], abs=1e-4)


def test_a_new_version_is_deployed_under_load_without_a_failed_request(ocr: RayServer, module: Path) -> None:
    before = ocr.module("ocr_system").application
    source = (module / "module.py").read_text()
    (module / "module.py").write_text(source.replace('version="1.0.0"', 'version="1.1.0"'))
    with Load(f"{ocr.url}/predict/ocr_system", body(SIGN)) as load:
        wait_until(lambda: load.codes[200] > 3, START_SECONDS)
        hub("serving", "reload", "ocr_system", "-p", str(ocr.port), home=ocr.home, timeout=600)
        done = load.codes[200]
        wait_until(lambda: load.codes[200] > done + 5, START_SECONDS)

    assert set(load.codes) == {200}, (load.codes, load.messages)
    assert ocr.module("ocr_system").version == "1.1.0"
    assert ocr.module("ocr_system").application != before


def test_a_node_dies_under_load_and_every_request_is_answered(
    ocr: RayServer, cluster: SimulatedCluster
) -> None:
    with Load(f"{ocr.url}/predict/ocr_system", body(SIGN)) as load:
        wait_until(lambda: load.codes[200] > 3, START_SECONDS)
        lose_a_node(ocr, cluster, "ocr_system", load, answers=5)
    cluster.add_node()

    assert set(load.codes) == {200}, (load.codes, load.messages)


def test_without_any_node_requests_are_refused_or_late_and_are_answered_again_when_there_is_one(
    ocr: RayServer, cluster: SimulatedCluster
) -> None:
    page = body(SIGN)
    cluster.kill_node()
    cluster.kill_node()
    wait_until(lambda: not ocr.runner_pids("ocr_system"), START_SECONDS)
    without = ask_at_once(f"{ocr.url}/predict/ocr_system", page, 16, seconds=5)
    cluster.add_node()
    cluster.add_node()
    reply = requests.post(f"{ocr.url}/predict/ocr_system", json=page, timeout=120)

    assert {each.status_code for each in without} == {503, 504}, [each.text for each in without]
    assert all("Retry-After" in each.headers for each in without if each.status_code == 503)
    assert reply.status_code == 200
    assert reply.json()["results"][0]
