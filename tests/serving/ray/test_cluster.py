"""A cluster of three nodes: nodes die under load, servers share it, nothing that was asked for is lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.serving.ray.running import (
    START_SECONDS,
    Load,
    RayServer,
    SimulatedCluster,
    ask_at_once,
    lose_a_node,
)
from tests.serving.running import MODULES, ROOT, free_port, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def probing(home: Path, cluster: SimulatedCluster, **options: object) -> RayServer:
    """A server of the module probe with two replicas; half a core each, so that two fit on a node."""
    module = {"instances": [{"count": 2}], "ray": {"num_cpus": 0.5}, "max_queue_size": 4, "timeout": 60}
    return RayServer(home, {"probe": module}, ray_address=cluster.address, **options)


def has_replicas(server: RayServer, number: int) -> bool:
    return len(server.runner_pids("probe")) == number


def test_every_request_is_answered_while_a_node_dies(home: Path, cluster: SimulatedCluster) -> None:
    with probing(home, cluster) as server:
        wait_until(lambda: has_replicas(server, 2), START_SECONDS)
        with Load(f"{server.url}/predict/probe", {"sleep": 0.1}, clients=4) as load:
            wait_until(lambda: load.codes[200] > 10, START_SECONDS)
            lose_a_node(server, cluster, "probe", load, answers=10)
        cluster.add_node()

        assert set(load.codes) == {200}, (load.codes, load.messages)


def test_without_capacity_what_fits_the_queue_waits_and_the_rest_is_refused(
    home: Path, cluster: SimulatedCluster
) -> None:
    with probing(home, cluster, http_workers=1) as server:
        wait_until(lambda: has_replicas(server, 2), START_SECONDS)
        url = f"{server.url}/predict/probe"
        cluster.kill_node()
        cluster.kill_node()
        wait_until(lambda: has_replicas(server, 0), START_SECONDS)

        refused = ask_at_once(url, {}, 12, seconds=5)
        with ThreadPoolExecutor(1) as pool:
            patient = pool.submit(requests.post, url, json={"text": "waited"}, timeout=120)
            time.sleep(1)
            cluster.add_node()
            cluster.add_node()
            waited = patient.result()
        wait_until(lambda: has_replicas(server, 2), START_SECONDS)

        assert {reply.status_code for reply in refused} == {503, 504}, [reply.text for reply in refused]
        assert all("Retry-After" in reply.headers for reply in refused if reply.status_code == 503)
        assert waited.json()["results"]["text"] == "waited"


def test_a_replica_starts_from_what_was_sent_not_from_the_servers_folder(
    home: Path, tmp_path: Path, cluster: SimulatedCluster
) -> None:
    folder = tmp_path / "source" / "probe"
    shutil.copytree(MODULES / "probe", folder)
    module = {"init_args": {"directory": str(folder)}, "timeout": 100}
    with RayServer(home, {"probe": module}, ray_address=cluster.address) as server:
        (replica,) = server.runner_pids("probe")
        shutil.rmtree(folder)
        os.kill(replica, signal.SIGKILL)
        reply = server.post("probe", {"text": "again"}, timeout=120)

    assert (reply.status_code, reply.json()["results"]["text"]) == (200, "again")


def test_a_second_server_uses_the_same_replicas_and_the_last_one_removes_them(
    home: Path, tmp_path: Path, cluster: SimulatedCluster
) -> None:
    with probing(home, cluster) as first:
        wait_until(lambda: has_replicas(first, 2), START_SECONDS)
        with probing(tmp_path / "other", cluster) as second:
            wait_until(lambda: has_replicas(second, 2), START_SECONDS)
            assert sorted(first.runner_pids("probe")) == sorted(second.runner_pids("probe"))
            assert second.post("probe", {"text": "x"}).status_code == 200
            first.stop()

            assert second.post("probe", {"text": "y"}).status_code == 200
            assert "is deleted" not in first.log()
        assert "is deleted" in second.log()


def test_the_agent_takes_everything_away_when_its_supervisor_is_killed(
    home: Path, tmp_path: Path, cluster: SimulatedCluster
) -> None:
    server = probing(home, cluster)
    wait_until(lambda: has_replicas(server, 2), START_SECONDS)
    replicas = server.runner_pids("probe")
    server.process.kill()
    server.process.wait()

    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in replicas), 60, "the replicas gone")


def test_a_server_whose_cluster_cannot_be_reached_says_so_and_ends(_ray: None, home: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    words = ["-m", "echo", "--engine", "ray", "--ray_address", address, "-p", str(free_port())]
    environment = {**os.environ, "HUB_HOME": str(home), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "hub"]
    subprocess.run([*command, "install", "echo"], env=environment, cwd=ROOT, check=True, timeout=120)
    ended = subprocess.run(
        [*command, "serving", "start", *words],
        env=environment, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip

    assert ended.returncode == 1
    assert f"no Ray cluster can be reached at {address}" in ended.stderr.splitlines()[-1]
