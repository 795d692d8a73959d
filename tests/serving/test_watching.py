"""What can be seen of a running server from outside: metrics, health, log lines, timings."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.serving.running import Server, free_port, wait_until

pytestmark = pytest.mark.slow

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scrape(url: str) -> Samples:
    reply = requests.get(url + "/metrics", timeout=10)
    assert reply.status_code == 200
    assert reply.headers["Content-Type"].startswith("text/plain")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(reply.text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    """The one sample of this name whose labels include these; 0 if there is none."""
    wanted = labels.items()
    found = [number for (key, have), number in samples.items() if key == name and set(wanted) <= have]
    assert len(found) < 2, f"{name} {labels}: {found}"
    return found[0] if found else 0.0


# -- metrics ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two HTTP workers and a metrics port."""
    home = tmp_path_factory.mktemp("home")
    modules: dict[str, dict[str, Any]] = {"probe": {}, "greet": {"max_batch_size": 4}}
    with Server(home, modules, http_workers=2, metrics_port=free_port()) as running:
        yield running


def metrics_url(server: Server) -> str:
    config = json.loads((server.home / f"config-{server.port}.json").read_text())
    return f"http://127.0.0.1:{config['metrics_port']}"


def test_requests_are_counted_by_module_and_code_across_http_workers(pair: Server) -> None:
    before = scrape(pair.url)
    bodies: list[tuple[str, dict[str, Any]]] = (
        [("probe", {})] * 30 + [("probe", {"action": "raise"})] * 7 + [("greet", {"nmaes": 1})] * 5
    )

    rounds = 0

    def send(request: tuple[str, dict[str, Any]]) -> None:
        requests.post(f"{pair.url}/predict/{request[0]}", json=request[1], timeout=10)

    record = pair.pid_file()
    assert record is not None
    counters = Path(record["run_dir"], "metrics")

    def both_did_some() -> bool:  # one might take them all
        nonlocal rounds
        rounds += 1
        list(callers.map(send, [("probe", {})] * 8))
        return len(list(counters.glob("counter_*.db"))) == 2

    with ThreadPoolExecutor(8) as callers:
        wait_until(both_did_some, 30, "requests to both workers")
        list(callers.map(send, [*bodies, ("nobody", {})]))
    after = scrape(pair.url)

    def counted(module: str, code: str) -> float:
        labels = {"module": module, "code": code}
        return value(after, "hub_requests_total", **labels) - value(before, "hub_requests_total", **labels)

    assert (counted("probe", "500"), counted("greet", "400")) == (7, 5)
    assert counted("probe", "200") == 30 + 8 * rounds
    assert counted("nobody", "404") == 0  # or any caller could make up labels
    assert value(after, "hub_request_seconds_count", module="probe") >= 37


def test_both_addresses_tell_the_same(pair: Server) -> None:
    requests.post(f"{pair.url}/predict/probe", json={}, timeout=10)
    here, there = scrape(pair.url), scrape(metrics_url(pair))
    counts = [key for key in here if key[0] == "hub_requests_total"]

    assert counts
    assert {key: here[key] for key in counts} == {key: there[key] for key in counts}


def test_batch_sizes_waiting_and_inference_are_measured(pair: Server) -> None:
    before = scrape(pair.url)
    with ThreadPoolExecutor(5) as pool:
        blocker = pool.submit(pair.post, "greet", {"names": ["first"], "sleep": 0.8})
        time.sleep(0.3)
        list(pool.map(lambda name: pair.post("greet", {"names": [name]}), "abcd"))
        blocker.result()
    after = scrape(pair.url)

    def grown(name: str, **labels: str) -> float:
        labels["module"] = "greet"
        return value(after, name, **labels) - value(before, name, **labels)

    assert grown("hub_batch_size_count") == 5
    assert grown("hub_batch_size_sum") > 5  # some ran together
    assert grown("hub_inference_seconds_sum") >= 0.8
    assert grown("hub_queue_seconds_sum") > 0.5


def test_requests_in_flight_are_seen_while_they_last(pair: Server) -> None:
    callers = [threading.Thread(target=pair.post, args=("probe", {"sleep": 0.7})) for _ in range(3)]
    for caller in callers:
        caller.start()
    wait_until(
        lambda: value(scrape(pair.url), "hub_requests_in_flight", module="probe") == 3, 5, "3 in flight"
    )
    for caller in callers:
        caller.join()

    assert value(scrape(pair.url), "hub_requests_in_flight", module="probe") == 0


def test_runners_their_memory_and_restarts_are_told(pair: Server) -> None:
    (first,) = pair.runner_pids("probe")
    restarts = value(scrape(pair.url), "hub_runner_restarts_total", module="probe")
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: pair.runner_pids("probe") not in ([], [first]), what="another runner")
    samples = scrape(pair.url)
    (pid,) = pair.runner_pids("probe")

    assert value(samples, "hub_runner_restarts_total", module="probe") == restarts + 1
    assert value(samples, "hub_module_ready", module="probe") == 1
    assert value(samples, "hub_runners_ready", module="greet") == 1
    assert value(samples, "hub_runner_memory_bytes", module="probe", pid=str(pid)) > 1 << 20


def test_a_resent_request_is_counted_as_one_and_as_a_resend(pair: Server, tmp_path: Path) -> None:
    before = scrape(pair.url)
    body = {"action": "crash once", "marker": str(tmp_path / "marker")}
    assert pair.post("probe", body).headers["X-Hub-Attempts"] == "2"
    after = scrape(pair.url)

    for name, labels in (("hub_requests_total", {"code": "200"}), ("hub_resends_total", {})):
        labels = {"module": "probe", **labels}
        assert value(after, name, **labels) == value(before, name, **labels) + 1


# -- answering whatever happens --------------------------------------------------------------------


def test_the_metrics_port_answers_while_every_request_thread_is_busy(home: Path) -> None:
    with Server(home, {"probe": {}}, metrics_port=free_port(), http_threads=2) as server:
        body = json.dumps({"sleep": 1.0}) + 9000 * " "  # so large that it takes a thread
        callers = [
            threading.Thread(target=server.post, args=("probe",), kwargs={"data": body, "json": None})
            for _ in range(4)
        ]
        for caller in callers:
            caller.start()
        time.sleep(0.5)
        started = time.monotonic()
        samples = scrape(metrics_url(server))
        seconds = time.monotonic() - started
        for caller in callers:
            caller.join()

        assert seconds < 0.5
        assert value(samples, "hub_requests_in_flight", module="probe") == 2


def server_post(server: Server, body: dict[str, Any]) -> int:
    return requests.post(f"{server.url}/predict/probe", json=body, timeout=30).status_code


def test_the_main_port_answers_health_and_metrics_while_all_that_may_queue_is_queued(home: Path) -> None:
    with Server(home, {"probe": {"max_queue_size": 8}}) as server, ThreadPoolExecutor(30) as pool:
        calls = [pool.submit(server_post, server, {"sleep": 0.15}) for _ in range(30)]
        time.sleep(0.4)
        started = time.monotonic()
        codes = [server.get(path).status_code for path in ("/health/live", "/health/ready", "/metrics")]
        seconds = time.monotonic() - started

        assert codes == [200, 200, 200]
        assert seconds < 1.0
        assert {call.result() for call in calls} == {200, 503}


def test_the_metrics_port_answers_after_kill_9_of_the_gateway(home: Path) -> None:
    with Server(home, {"probe": {}}, metrics_port=free_port()) as server:
        server_post(server, {})
        url = metrics_url(server)
        os.kill(
            next(child.pid for child in server.state().processes if child.role == "gateway"), signal.SIGKILL
        )
        samples = scrape(url)
        ready = requests.get(url + "/health/ready", timeout=10)
        elsewhere = requests.get(url + "/predict/probe", timeout=10)

        assert value(samples, "hub_requests_total", module="probe", code="200") == 1
        assert (ready.status_code, ready.json()["ready"]) == (200, True)
        assert elsewhere.status_code == 404


def test_ready_tells_which_module_is_not_and_why_on_both_ports(home: Path) -> None:
    with Server(home, {"probe": {}, "broken": {}}, metrics_port=free_port()) as server:
        for url in (server.url, metrics_url(server)):
            reply = requests.get(url + "/health/ready", timeout=10)

            assert reply.status_code == 503
            assert reply.json()["modules"]["broken"]["state"] == "FAILED"
            assert "weights are missing" in reply.json()["modules"]["broken"]["reason"]
            assert requests.get(url + "/health/live", timeout=10).status_code == 200


# -- log lines and timings -------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["text", "json"])
def test_log_lines_carry_the_request_id_from_the_header_to_the_runner(home: Path, style: str) -> None:
    with Server(home, {"probe": {}}, log_format=style) as server:
        server.post("probe", {"action": "raise", "text": "oh dear"}, headers={"X-Request-ID": "trace-7"})
        wait_until(lambda: "POST /predict/probe" in server.log(), what="the access line")
        lines = [line for line in server.log().splitlines() if "trace-7" in line]

    if style == "text":
        assert any("[gateway]" in line and '"POST /predict/probe" 500' in line for line in lines)
        assert any("[probe#" in line and "raised" in line for line in lines)
        return
    records = [json.loads(line) for line in lines]
    access = next(record for record in records if record["logger"] == "hub.access")
    raised = next(record for record in records if record["process"].startswith("probe#"))
    assert (access["request_id"], access["code"], access["path"]) == ("trace-7", 500, "/predict/probe")
    assert access["milliseconds"] > 0
    assert "RuntimeError: oh dear" in raised["traceback"]
    assert "trace-7" in raised["message"] + raised.get("request_id", "")


def test_every_line_of_a_json_log_is_one_json_object(home: Path) -> None:
    with Server(home, {"probe": {}}, log_format="json") as server:
        server.post("probe", {"action": "raise", "text": "one\ntwo"})
        server.kill_runner("probe")
        wait_until(lambda: server.module("probe").restarts == 1, what="the death")
    lines = server.log().splitlines()
    strange = [line for line in lines if not line.startswith("{")]

    assert len([json.loads(line) for line in lines if line.startswith("{")]) >= 4
    assert not [line for line in strange if "Traceback" in line or "[" in line[:3]]


def test_a_module_s_own_log_lines_carry_the_request_id(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "chatty"
    folder.mkdir()
    (folder / "module.py").write_text(
        "import logging\n"
        "from hub.module import Module, moduleinfo, serving\n"
        "@moduleinfo(name='chatty', version='1.0.0')\n"
        "class Chatty(Module):\n"
        "    @serving\n"
        "    def say(self):\n"
        "        logging.getLogger('mine').warning('working on it')\n"
    )
    with Server(home, {"chatty": {"init_args": {"directory": str(folder)}}}) as server:
        server.post("chatty", {}, headers={"X-Request-ID": "trace-8"})
        line = next(line for line in server.log().splitlines() if "working on it" in line)

    assert "(request trace-8)" in line


def test_access_lines_can_be_turned_off(home: Path) -> None:
    with Server(home, {"probe": {}}, access_log=False) as server:
        server.post("probe", {})

        assert "POST /predict/probe" not in server.log().split("Stop it with")[1]


def test_server_timing_names_queue_batch_and_inference(pair: Server) -> None:
    with ThreadPoolExecutor(1) as pool:
        blocker = pool.submit(pair.post, "probe", {"sleep": 0.6})
        time.sleep(0.2)
        timing = pair.post("probe", {"sleep": 0.1}).headers["Server-Timing"]
        blocker.result()
    durations = {
        name: float(text.removeprefix("dur="))
        for name, text in (part.split(";") for part in timing.split(", "))
    }

    assert list(durations) == ["queue", "batch", "inference"]
    assert 200 < durations["queue"] < 2000
    assert 100 <= durations["inference"] < 1000


@pytest.mark.parametrize(
    "path", ["/predict/probe", "/predict/nobody", "/nothing", "/health/live", "/metrics"]
)
def test_every_answer_has_a_request_id(pair: Server, path: str) -> None:
    reply = requests.get(pair.url + path, headers={"X-Request-ID": "mine"}, timeout=10)

    assert reply.headers["X-Request-ID"] == "mine"
