"""Engine ray with a Ray instance of the server's own: replies, errors and deaths as with the local engine."""

from __future__ import annotations

import base64
import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import requests

from hub.serving.process import procfs
from tests.serving.ray.running import START_SECONDS, RayServer
from tests.serving.running import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ONCE = """
import os, signal, time
from hub.module import Module, moduleinfo, serving

@moduleinfo(name="once", version="1.0.0")
class Once(Module):
    @serving(idempotent=False)
    def once(self, die=False):
        if die:
            os.kill(os.getpid(), signal.SIGKILL)
        return "done"
"""


def at_once(server: RayServer, module: str, bodies: list[Any]) -> list[requests.Response]:
    with ThreadPoolExecutor(len(bodies)) as pool:
        url = f"{server.url}/predict/{module}"
        return list(pool.map(lambda body: requests.post(url, json=body, timeout=120), bodies))


def test_a_reply_is_what_the_module_returned(server: RayServer) -> None:
    reply = server.post("probe", {"text": "你好"})

    assert (reply.status_code, reply.json()["status"]) == (200, "0")
    assert reply.json()["results"]["text"] == "你好"
    assert reply.json()["results"]["pid"] in server.runner_pids("probe")
    assert "queue;dur=" in reply.headers["Server-Timing"]


def test_images_arrive_decoded(server: RayServer) -> None:
    picture = np.full((4, 6, 3), (1, 2, 3), np.uint8)
    png = base64.b64encode(cv2.imencode(".png", picture)[1].tobytes()).decode()
    reply = server.post("look", {"images": [png, base64.b64encode(b"no picture").decode()]})
    seen, unread = reply.json()["results"]["seen"]

    assert seen == {"shape": [4, 6, 3], "type": "uint8", "corner": [1, 2, 3]}
    assert unread is None
    assert "images[1] is not a readable image" in reply.json()["msg"]


@pytest.mark.parametrize(
    ("module", "body", "code", "status", "message"),
    [
        ("probe", {"action": "raise", "text": "boo"}, 500, "101", "boo"),
        ("probe", {"action": "refuse", "text": "not this"}, 400, "101", "not this"),
        ("probe", {"action": "exit"}, 500, "101", "SystemExit: 3"),
        ("probe", {"action": "unsendable"}, 500, "101", "cannot be sent as JSON"),
        ("greet", {"nam": ["a"]}, 400, "101", "accepted: `names`, `sleep`"),
        ("look", {"images": ["%%%"]}, 400, "101", "images[0]"),
        ("nobody", {}, 404, "111", "Module nobody is not available."),
    ],
)
def test_errors_have_their_codes(
    server: RayServer, module: str, body: dict[str, Any], code: int, status: str, message: str
) -> None:
    reply = server.post(module, body)

    assert (reply.status_code, reply.json()["status"]) == (code, status)
    assert message in reply.json()["msg"]


def test_a_late_answer_is_504_at_the_deadline(server: RayServer) -> None:
    begun = time.monotonic()
    reply = server.post("probe", {"sleep": 5}, headers={"X-Request-Timeout": "0.5"})

    assert reply.status_code == 504
    assert time.monotonic() - begun < 4


def test_requests_that_wait_together_run_as_one_call(server: RayServer) -> None:
    server.post("greet", {"names": ["first"]})
    replies = at_once(server, "greet", [{"names": [name]} for name in "abcd"])
    joined = [int(reply.json()["results"][0].rpartition(" ")[2]) for reply in replies]

    assert [reply.json()["results"][0].split(",")[0] for reply in replies] == [f"hello {n}" for n in "abcd"]
    assert max(joined) > 1


def test_each_serving_method_answers_and_is_joined_with_its_own_requests_only(server: RayServer) -> None:
    methods = [("words", [2]), ("words/split", [["a", "b"]])] * 4

    with ThreadPoolExecutor(len(methods)) as pool:
        urls = [f"{server.url}/predict/{path}" for path, _ in methods]
        replies = list(pool.map(lambda url: requests.post(url, json={"texts": ["a b"]}, timeout=60), urls))
    single = server.post("words/repeat", {"text": "a"})
    unknown = server.post("words/nothing", {})

    assert [reply.json()["results"] for reply in replies] == [results for _, results in methods]
    assert single.json()["results"] == "a a"
    assert (unknown.status_code, "It has: count, split" in unknown.json()["msg"]) == (404, True)


def test_a_bad_neighbour_fails_alone(server: RayServer) -> None:
    replies = at_once(server, "greet", [{"names": [name]} for name in ("a", "bad", "c")])

    assert [reply.status_code for reply in replies] == [200, 500, 200]


def test_a_request_larger_than_the_batch_runs_all_the_same(server: RayServer) -> None:
    reply = server.post("greet", {"names": [str(number) for number in range(20)]})

    assert len(reply.json()["results"]) == 20


def test_a_request_whose_replica_died_is_sent_again(server: RayServer, tmp_path: Path) -> None:
    before = server.module("probe").restarts
    reply = server.post("probe", {"action": "crash once", "marker": str(tmp_path / "marker")}, timeout=60)

    assert (reply.status_code, reply.headers.get("X-Hub-Attempts")) == (200, "2")
    wait_until(lambda: server.module("probe").restarts > before, 30, "the death counted")


def test_a_request_that_kills_its_replicas_is_blamed_and_its_neighbours_are_not(server: RayServer) -> None:
    poison = {"action": "crash", "text": "poison"}
    others = [{"text": str(number), "sleep": 0.02} for number in range(6)]
    *replies, bad = at_once(server, "probe", [*others, poison])
    begun = time.monotonic()
    again = server.post("probe", poison)

    assert [reply.status_code for reply in replies] == [200] * 6, [reply.text for reply in replies]
    assert (bad.status_code, "killed probe's process" in bad.json()["msg"]) == (500, True)
    assert (again.status_code, time.monotonic() - begun < 1) == (500, True)  # refused without another victim


def test_a_request_whose_client_left_is_not_run(server: RayServer) -> None:
    wait_until(lambda: len(server.runner_pids("probe")) == 1, 60)
    journal = server.home / "journal"
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(server.post, "probe", {"text": "long", "sleep": 2})
        time.sleep(0.7)
        server.ask_and_leave("probe", {"text": "never"}, 0.5)
        assert running.result().status_code == 200
    assert server.post("probe", {"text": "after"}).status_code == 200

    assert journal.read_text().split()[-2:] == ["long", "after"]


def test_the_grpc_gateway_reaches_replicas_too(server: RayServer) -> None:
    grpc = pytest.importorskip("tritonclient.grpc")
    tensor = grpc.InferInput("names", [1], "BYTES")
    tensor.set_data_from_numpy(np.array([b"you"], dtype=object))
    with grpc.InferenceServerClient(f"127.0.0.1:{server.grpc_port}") as client:
        result = client.infer("greet", [tensor], client_timeout=60)

    assert result.as_numpy("results")[0].decode() == "hello you, one of 1"


def test_nothing_listens_but_on_this_machine(server: RayServer) -> None:
    inodes = set()
    for pid, _ in server.all_processes():
        for link in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                target = str(link.readlink())
            except OSError:
                continue
            inodes.add(target.removeprefix("socket:[").removesuffix("]"))
    addresses = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:  # LISTEN
                addresses.add(fields[1].partition(":")[0])

    assert addresses == {"0100007F", "0000000000000000FFFF00000100007F"}  # 127.0.0.1, and the same in IPv6


def test_status_and_metrics_tell_of_replicas(server: RayServer) -> None:
    wait_until(lambda: len(server.runner_pids("probe")) == 1, 60)
    metrics = server.get("/metrics").text

    assert server.get("/health/ready").status_code == 200
    assert 'hub_runners_ready{module="probe"} 1.0' in metrics
    assert f'device="cpu@{socket.gethostname()}"' in metrics
    assert server.module("greet").runners[0].memory_mb > 20


def test_a_module_that_may_not_run_twice_is_not_sent_again(_ray: None, home: Path) -> None:
    folder = home / "once"
    folder.mkdir(parents=True)
    (folder / "module.py").write_text(ONCE)
    with RayServer(home, {"once": {"init_args": {"directory": str(folder)}}}) as server:
        lost = server.post("once", {"die": True}, timeout=60)
        after = server.post("once", {}, timeout=60)
        processes = server.all_processes()

    assert (lost.status_code, "forbids sending it twice" in lost.json()["msg"]) == (502, True)
    assert after.json()["results"] == "done"
    assert procfs.wait_gone(processes, time.monotonic() + 5) == []  # the server has been stopped


def test_nothing_outlives_a_killed_supervisor(_ray: None, home: Path) -> None:
    server = RayServer(home, {"probe": {}})
    processes = server.all_processes()
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()

    assert len(processes) > 8
    assert procfs.wait_gone(processes, time.monotonic() + 30) == []


@pytest.mark.parametrize("victim", ["hub.serving.ray.agent", "hub.serving.ray.head"])
def test_a_server_recovers_when_one_of_its_ray_processes_is_killed(
    _ray: None, home: Path, victim: str
) -> None:
    with RayServer(home, {"probe": {}}) as server:
        (pid,) = [pid for pid, _ in server.all_processes() if _runs(pid, victim)]
        os.kill(pid, signal.SIGKILL)

        def is_back() -> bool:
            with_answer = [pid for pid, _ in server.all_processes() if _runs(pid, victim)]
            try:
                return bool(with_answer) and server.post("probe", {"text": "x"}).status_code == 200
            except requests.RequestException:  # an HTTP worker ends with its node's Ray
                return False

        wait_until(is_back, START_SECONDS, "an answer")
        wait_until(lambda: len(server.runner_pids("probe")) == 1, START_SECONDS, "the replica seen")


def _runs(pid: int, module: str) -> bool:
    try:
        return module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
