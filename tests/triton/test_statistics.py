"""Triton's statistics, and what of its extensions is not offered."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.serving.pictures import png, text_of
from tests.serving.running import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """probe, greet (joins requests) and desk, a pipeline with the endpoints copy and plain."""
    home: Path = tmp_path_factory.mktemp("home")
    modules = {"probe": {}, "greet": {"max_batch_size": 8, "max_queue_delay_ms": 400}, "desk": {}}
    with Server(home, modules) as running:
        yield running


def statistics(server: Server, path: str) -> dict[str, Any]:
    (found,) = server.get(f"/v2/models/{path}/stats").json()["model_stats"]
    return dict(found)


def counts(server: Server, path: str) -> dict[str, int]:
    inferences = statistics(server, path)["inference_stats"]
    return {name: inferences[name]["count"] for name in ("success", "fail", "queue", "compute_infer")}


def test_the_server_says_that_it_has_statistics(server: Server) -> None:
    assert "statistics" in server.get("/v2").json()["extensions"]


def test_statistics_have_tritons_form(server: Server) -> None:
    server.post("probe", {})
    found = statistics(server, "probe")
    duration = {"count", "ns"}

    assert (found["name"], found["version"]) == ("probe", "1")  # perf_analyzer reads a whole number
    assert set(found["inference_stats"]) == {
        "success", "fail", "queue", "compute_input", "compute_infer", "compute_output",
        "cache_hit", "cache_miss",
    }  # fmt: skip
    assert all(set(each) == duration for each in found["inference_stats"].values())
    computed = [found["inference_stats"][f"compute_{part}"] for part in ("input", "infer", "output")]
    assert len({each["count"] for each in computed}) == 1  # perf_analyzer ends if these differ
    assert [each["ns"] > 0 for each in computed] == [False, True, False]
    assert [each["batch_size"] for each in found["batch_stats"]] == [1]
    assert abs(found["last_inference"] / 1000 - time.time()) < 60


def test_requests_of_every_protocol_count_by_their_outcome(server: Server) -> None:
    before, began = counts(server, "probe"), statistics(server, "probe")["inference_stats"]
    tensor = {"name": "input", "datatype": "BYTES", "shape": [1], "data": ['{"sleep": 0.2}']}
    requests.post(f"{server.url}/v2/models/probe/infer", json={"inputs": [tensor]}, timeout=20)
    server.post("probe", {})
    server.post("probe", {"action": "raise"})
    server.post("probe", data=b"{", json=None)
    after, ended = counts(server, "probe"), statistics(server, "probe")["inference_stats"]

    assert {name: after[name] - before[name] for name in after} == {
        "success": 2, "fail": 2, "queue": 2, "compute_infer": 2,
    }  # fmt: skip
    spent = {name: ended[name]["ns"] - began[name]["ns"] for name in ended}
    assert spent["success"] >= spent["compute_infer"] >= 200_000_000
    assert spent["fail"] > 0


def test_requests_that_were_joined_are_one_execution(server: Server) -> None:
    before, sent, executions = statistics(server, "greet"), 0, 0
    while executions == sent < 100:  # until some of those that come together have been joined
        threads = [threading.Thread(target=server.post, args=("greet", {"names": ["a"]})) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        after, sent = statistics(server, "greet"), sent + 4
        executions = after["execution_count"] - before["execution_count"]

    assert after["inference_count"] - before["inference_count"] == sent
    assert 1 <= executions < sent
    assert after["batch_stats"] == []


def test_all_models_are_listed_and_a_version_may_be_named(server: Server) -> None:
    listed = server.get("/v2/models/stats").json()["model_stats"]

    assert {each["name"] for each in listed} == {"probe", "greet", "desk", "copy", "plain"}
    assert statistics(server, "greet/versions/1.0.0")["name"] == "greet"


def test_an_endpoint_counts_by_every_protocol(server: Server) -> None:
    before = counts(server, "copy")
    tensor = {
        "name": "input",
        "datatype": "BYTES",
        "shape": [1],
        "data": [json.dumps({"file": text_of(png())})],
    }
    requests.post(f"{server.url}/v2/models/copy/infer", json={"inputs": [tensor]}, timeout=20)
    requests.post(f"{server.url}/copy", json={}, timeout=20)

    assert counts(server, "copy")["success"] - before["success"] == 2


@pytest.mark.parametrize("path", ["nobody", "greet/versions/7"])
def test_statistics_of_what_is_not_served_are_404(server: Server, path: str) -> None:
    assert server.get(f"/v2/models/{path}/stats").status_code == 404


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("systemsharedmemory/status", "shared memory is not offered; send tensors in the request"),
        ("cudasharedmemory/region/a/register", "shared memory is not offered"),
        ("trace/setting", "trace settings are not offered"),
        ("models/greet/trace/setting", "trace settings are not offered"),
        ("logging", "log settings are not offered"),
        ("models/greet/generate", "the generate extension is not offered"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_not_offered_is_named(server: Server, method: str, path: str, said: str) -> None:
    reply = requests.request(method, f"{server.url}/v2/{path}", timeout=20)

    assert (reply.status_code, said in reply.json()["error"]) == (404, True)


NAMES = {"name": "names", "datatype": "BYTES", "shape": [1], "data": ["a"]}
REGION = {"shared_memory_region": "r", "shared_memory_byte_size": 4}


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"inputs": [NAMES], "outputs": "results"}, "`outputs` must be a list of objects"),
        ({"inputs": [NAMES], "outputs": ["results"]}, "one of them is 'results'"),
        ({"inputs": [NAMES], "outputs": {"name": "results"}}, "`outputs` must be a list of objects"),
        ({"inputs": [NAMES], "outputs": [{}]}, "each of `outputs` needs a name, a text, not None"),
        ({"inputs": [NAMES], "outputs": [{"name": "a", "parameters": []}, {"name": 7}]}, "not 7"),
        (
            {"inputs": [NAMES], "outputs": [{"name": "a", "parameters": [1]}]},
            "'a': parameters must be a JSON",
        ),
        ({"inputs": {"names": ["a"]}}, "`inputs` must be a list of objects"),
        ({"inputs": ["names"]}, "`inputs` must be a list of objects"),
        ({"names": ["a"]}, "the request has no list `inputs`"),
        ({"inputs": [NAMES], "parameters": "a"}, "the request: parameters must be a JSON object, not 'a'"),
        ({"inputs": [{**NAMES, "parameters": REGION}]}, "input 'names': shared memory is not offered"),
        ({"inputs": [NAMES], "outputs": [{"name": "results", "parameters": REGION}]}, "shared memory"),
        (
            {"inputs": [NAMES], "outputs": [{"name": "results", "parameters": {"classification": 3}}]},
            "classification extension is not offered",
        ),
    ],
)
def test_a_request_of_another_form_is_told_what_is_wrong(server: Server, request_: Any, said: str) -> None:
    reply = requests.post(f"{server.url}/v2/models/greet/infer", json=request_, timeout=20)

    assert (reply.status_code, said in reply.json()["error"]) == (400, True), reply.text


def test_no_outputs_are_all_outputs(server: Server) -> None:
    for outputs in ([], None):
        request = {"inputs": [NAMES], "outputs": outputs}
        reply = requests.post(f"{server.url}/v2/models/greet/infer", json=request, timeout=20)

        assert [each["name"] for each in reply.json()["outputs"]] == ["results"]
