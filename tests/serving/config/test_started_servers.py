"""Servers that are started by a model repository, and by variables of the environment alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.serving.config.test_triton_config import THREE_GPUS
from tests.serving.running import (
    MODULES,
    ROOT,
    Server,
    environment,
    free_port,
    pretended_card,
    wait_until,
)


def test_a_running_server_puts_its_runners_where_the_second_example_says(tmp_path: Path) -> None:
    repository = tmp_path / "model_repo" / "probe"
    repository.mkdir(parents=True)
    (repository / "config_gpu.pbtxt").write_text(THREE_GPUS)
    settings = {"model_repo": str(repository.parent), "use_gpu": True}
    with pretended_card(tmp_path), Server(tmp_path / "home", {"probe": {}}, **settings) as server:
        wait_until(lambda: len(server.runner_pids("probe")) == 4)

        runners = sorted((runner.device, runner.pid) for runner in server.module("probe").runners)
        assert [device for device, _ in runners] == ["gpu:1", "gpu:1", "gpu:2", "gpu:3"]
        cards = [
            variable.partition("=")[2]
            for _, pid in runners
            for variable in Path(f"/proc/{pid}/environ").read_text().split("\0")
            if variable.startswith("CUDA_VISIBLE_DEVICES=")
        ]
        assert cards == ["1", "1", "2", "3"]
        groups = server.get("/v2/models/probe/config").json()["instance_group"]
        assert [(group["count"], group["kind"], group["gpus"]) for group in groups] == [
            (2, "KIND_GPU", [1]),
            (1, "KIND_GPU", [2]),
            (1, "KIND_GPU", [3]),
        ]


def test_a_server_is_started_by_the_variables_alone(tmp_path: Path) -> None:
    port = free_port()
    path = tmp_path / "pipeline_config.yaml"
    path.write_text(
        f"port: {port}\nmodules_info:\n  greet:\n    init_args: {{directory: {MODULES / 'greet'}}}\n"
    )
    variables = {
        **environment(tmp_path / "home"),
        "PADDLEX_HPS_PIPELINE_CONFIG_PATH": str(path),
        "PADDLEX_HPS_LOGGING_LEVEL": "WARNING",
        "PADDLEX_HPS_SERIAL_NUMBER": "1234",
    }
    log = tmp_path / "log"
    words = [sys.executable, "-m", "hub", "serving", "start"]
    with log.open("w") as output:
        server = subprocess.Popen(words, cwd=ROOT, env=variables, stdout=output, stderr=output)
    try:
        wait_until(lambda: "is ready at" in log.read_text() or server.poll() is not None, 30)
        said = log.read_text()
    finally:
        server.terminate()
        server.wait(20)
    assert f"is ready at http://127.0.0.1:{port}" in said
    assert "PADDLEX_HPS_SERIAL_NUMBER does nothing" in said
    assert "[INFO]" not in said
