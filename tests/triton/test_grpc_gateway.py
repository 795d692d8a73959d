"""The gRPC gateway as a process: killed, stopped, orphaned, left by its caller."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.serving.process import procfs
from tests.serving.running import Server, free_port, wait_until

grpc = pytest.importorskip("tritonclient.grpc")

pytestmark = pytest.mark.slow


class GrpcServer(Server):
    def __init__(self, home: Path) -> None:
        self.grpc_port = free_port()
        super().__init__(home, {"greet": {}}, grpc_port=self.grpc_port)
        wait_until(lambda: "Started GRPCInferenceService" in self.log())

    def client(self) -> Any:
        return grpc.InferenceServerClient(f"127.0.0.1:{self.grpc_port}")

    def gateway_pid(self) -> int:
        """0 while there is none."""
        processes = self.state().processes
        return next((process.pid for process in processes if process.role == "grpc_gateway"), 0)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[GrpcServer]:
    with GrpcServer(tmp_path / "home") as server:
        yield server


def greet(client: Any, sleep: float = 0.0, **options: Any) -> str:
    tensor = grpc.InferInput("names", [1], "BYTES")
    tensor.set_data_from_numpy(np.array([b"a"], dtype=object))
    result = client.infer("greet", [tensor], parameters={"sleep": sleep}, **options)
    return str(result.as_numpy("results")[0].decode())


def test_a_killed_gateway_is_replaced_and_http_does_not_notice(running: GrpcServer) -> None:
    first = running.gateway_pid()
    os.kill(first, signal.SIGKILL)

    assert running.post("greet", {"names": ["a"]}).status_code == 200
    wait_until(lambda: procfs.started(first) is None and running.gateway_pid() not in (0, first))
    client = running.client()
    wait_until(lambda: _is_live(client))
    assert greet(client) == "hello a, one of 1"


def test_a_running_request_is_answered_before_the_server_ends(running: GrpcServer) -> None:
    answers: list[str] = []
    caller = threading.Thread(target=lambda: answers.append(greet(running.client(), sleep=1.5)))
    caller.start()
    time.sleep(0.7)

    assert running.stop() == 0
    caller.join(5)
    assert answers == ["hello a, one of 1"]


def test_nothing_outlives_a_killed_supervisor(running: GrpcServer) -> None:
    processes = running.all_processes()
    running.process.kill()
    running.process.wait()

    wait_until(lambda: not any(procfs.started(pid) == started for pid, started in processes[1:]), 20)


def test_a_call_that_is_cancelled_is_given_up(running: GrpcServer) -> None:
    tensor = grpc.InferInput("names", [1], "BYTES")
    tensor.set_data_from_numpy(np.array([b"a"], dtype=object))
    call = running.client().async_infer(
        "greet", [tensor], callback=lambda result, error: None, parameters={"sleep": 5.0}
    )
    time.sleep(0.5)
    call.cancel()

    wait_until(lambda: '"gRPC ModelInfer greet" 499' in running.log(), 3)


def _is_live(client: Any) -> bool:
    from tritonclient.utils import InferenceServerException

    try:
        return bool(client.is_server_live())
    except InferenceServerException:
        return False
