"""Triton's perf_analyzer as it is released: it ends by itself where names or counts do not fit together."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.running import Server, free_port

pytestmark = pytest.mark.skipif(
    not shutil.which("perf_analyzer"),
    reason="perf_analyzer is not on PATH: doc/triton.md says where it is from",
)
GRPC_PORT = free_port()
INPUTS = {
    "json": {"input": [json.dumps({"names": ["Ann"]})]},
    "argument": {"names": {"content": ["Ann"], "shape": [1]}},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(
        tmp_path_factory.mktemp("home"), {"greet": {"max_batch_size": 8}}, grpc_port=GRPC_PORT
    ) as running:
        yield running


@pytest.mark.slow
@pytest.mark.parametrize("given", INPUTS)
@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_perf_analyzer_reports_what_client_and_server_measured(
    server: Server, tmp_path: Path, protocol: str, given: str
) -> None:
    data = tmp_path / "data.json"
    data.write_text(json.dumps({"data": [INPUTS[given]]}))
    port = server.port if protocol == "http" else GRPC_PORT
    command = [
        "perf_analyzer",
        "-m",
        "greet",
        "-i",
        protocol,
        "-u",
        f"127.0.0.1:{port}",
        "--input-data",
        data,
    ]
    command += ["--concurrency-range", "4", "-p", "1000", "-s", "99", "-r", "3"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=dict(os.environ))

    assert done.returncode == 0, done.stdout + done.stderr
    client, served = re.findall(r"equest count: (\d+)", done.stdout)
    assert 0 < int(client) <= int(served) + 4  # those on their way when a window ended
    assert "compute infer" in done.stdout
