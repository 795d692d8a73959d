"""Harm to the gateway and the supervisor, and an environment that gives out: cases 8 to 10, 14 and 27."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.serving.process import procfs
from tests.serving.running import MODULES, ROOT, Server, environment, free_port, hub, wait_until


def posts(server: Server, bodies: list[dict[str, Any]], module: str = "probe") -> list[Future[int]]:
    """Post all in the background; each future is the HTTP code, 0 for a connection that broke."""

    def one(body: dict[str, Any]) -> int:
        try:
            return requests.post(f"{server.url}/predict/{module}", json=body, timeout=40).status_code
        except requests.ConnectionError:
            return 0

    pool = ThreadPoolExecutor(len(bodies))
    return [pool.submit(one, body) for body in bodies]


def gateway_master(server: Server) -> int:
    return next(process.pid for process in server.state().processes if process.role == "gateway")


def gateway_workers(server: Server) -> list[int]:
    master = gateway_master(server)
    found = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return [int(pid) for pid in found]


def answers(server: Server) -> bool:
    try:
        return requests.post(f"{server.url}/predict/probe", json={}, timeout=10).status_code == 200
    except requests.ConnectionError:
        return False


# -- case 8: the gateway dies ----------------------------------------------------------------------


def test_case_8_a_killed_http_worker_takes_only_its_own_connections_along(home: Path) -> None:
    with Server(home, {"probe": {"instances": [{"count": 2}]}}, http_workers=2) as server:
        workers = wait_until(lambda: found if len(found := gateway_workers(server)) == 2 else None)
        runners = server.runner_pids("probe")
        wait_until(lambda: served_by(server) == set(workers), 20, "both workers answer")
        with ThreadPoolExecutor(8) as pool:
            connections = [pool.submit(held, server) for _ in range(8)]
            time.sleep(0.6)
            os.kill(workers[0], signal.SIGKILL)
            outcomes = [connection.result() for connection in connections]
        wait_until(lambda: len(gateway_workers(server)) == 2, what="another worker")

        assert set(outcomes) <= {200, 0}
        assert outcomes.count(200) >= 1
        assert answers(server)
        assert (server.runner_pids("probe"), server.module("probe").restarts) == (runners, 0)


def held(server: Server) -> int:
    """One slow request; its code, or 0 when the connection broke."""
    try:
        return requests.post(f"{server.url}/predict/probe", json={"sleep": 0.4}, timeout=30).status_code
    except requests.ConnectionError:
        return 0


def served_by(server: Server) -> set[int]:
    """Workers that have answered by now, by their files of metrics."""
    record = server.pid_file()
    assert record is not None
    for future in posts(server, [{"sleep": 0.05}] * 8):  # at once, or the first worker takes them all
        future.result()
    files = Path(record["run_dir"], "metrics").glob("counter_*.db")
    return {int(path.stem.rpartition("_")[2]) for path in files}


def test_case_8_a_killed_gateway_is_started_again_and_the_runners_stay(home: Path) -> None:
    with Server(home, {"probe": {}}) as server:
        assert answers(server)
        runners = server.runner_pids("probe")
        master = gateway_master(server)
        running = posts(server, [{"sleep": 2.0}] * 2)
        time.sleep(0.5)
        os.kill(master, signal.SIGKILL)
        codes = [future.result() for future in running]

        assert codes == [0, 0]
        assert answers(server)  # queued by the kernel until the next gateway is up
        assert gateway_master(server) != master
        assert (server.runner_pids("probe"), server.module("probe").restarts) == (runners, 0)
        report = json.loads(hub("serving", "status", "-p", str(server.port), "--json", home=home).stdout)
        assert report["modules"][0]["in_flight"] == 0  # what died with the gateway does not count for ever


# -- cases 9 and 10: the supervisor dies, or is told to stop ---------------------------------------


def test_case_9_after_kill_9_of_the_supervisor_running_requests_end_and_the_port_is_free(home: Path) -> None:
    server = Server(home, {"probe": {}})
    assert answers(server)
    processes = server.all_processes()
    running = posts(server, [{"sleep": 1.0}])
    time.sleep(0.4)
    server.process.kill()
    server.process.wait(5)

    assert running[0].result() in (200, 0)
    assert not procfs.wait_gone(processes, time.monotonic() + 10)
    with Server(home, {"probe": {}}, port=server.port) as second:
        assert answers(second)


def test_case_10_sigterm_finishes_what_runs_and_what_waits_and_refuses_what_comes(home: Path) -> None:
    server = Server(home, {"probe": {}})
    assert answers(server)
    processes = server.all_processes()
    admitted = posts(server, [{"sleep": 0.5}] * 4)  # one runs, three wait
    time.sleep(0.3)
    server.process.terminate()
    time.sleep(0.5)
    late = posts(server, [{}])[0].result()

    assert [future.result() for future in admitted] == [200] * 4
    assert late in (503, 0)
    assert server.process.wait(10) == 0
    assert not procfs.wait_gone(processes, time.monotonic() + 2)


# -- case 14: a module goes while it is used -------------------------------------------------------


@pytest.mark.parametrize("goes", ["unload", "uninstall and unload"])
def test_case_14_a_module_that_goes_under_load_answers_200_and_then_404(home: Path, goes: str) -> None:
    hub("install", str(MODULES / "probe"), home=home)
    with Server(home, {"probe": {"init_args": {"directory": None}}, "greet": {}}) as server:
        stop = threading.Event()
        codes: list[int] = []

        def call() -> None:
            with requests.Session() as session:
                while not stop.is_set():
                    reply = session.post(f"{server.url}/predict/probe", json={"sleep": 0.02}, timeout=20)
                    codes.append(reply.status_code)

        callers = [threading.Thread(target=call) for _ in range(6)]
        for caller in callers:
            caller.start()
        time.sleep(0.5)
        if goes != "unload":
            hub("uninstall", "probe", home=home)
        hub("serving", "unload", "probe", "-p", str(server.port), home=home)
        time.sleep(0.3)
        stop.set()
        for caller in callers:
            caller.join(20)

        assert set(codes) <= {200, 404, 503}
        assert codes[0] == 200
        assert codes[-1] == 404
        assert server.post("greet", {"names": ["a"]}).status_code == 200


# -- case 27: no descriptors, no disk, no port -----------------------------------------------------


def test_case_27_a_gateway_without_descriptors_recovers_when_they_come_back(home: Path) -> None:
    with Server(home, {"probe": {}}) as server:
        assert answers(server)
        (worker,) = gateway_workers(server)
        _, hard = resource.prlimit(worker, resource.RLIMIT_NOFILE)
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (40, hard))
        crowd = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(80)]
        for connection in crowd:
            connection.sendall(b"POST /predict/probe HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        time.sleep(2.0)
        cpu = cpu_seconds(worker)
        time.sleep(1.0)
        spent = cpu_seconds(worker) - cpu
        for connection in crowd:
            connection.close()

        wait_until(lambda: answers(server), 20, "an answer")
        assert gateway_workers(server) == [worker]  # it did not crash
        assert spent < 0.5  # nor spin
        assert server.module("probe").restarts == 0


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_case_27_a_crowd_of_idle_connections_does_not_exhaust_the_gateway(home: Path) -> None:
    with Server(home, {"probe": {}}) as server:
        assert answers(server)
        crowd = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(1000)]
        try:
            assert answers(server)
        finally:
            for connection in crowd:
                connection.close()


def start(home: Path, *words: str, stderr: Any = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub", "serving", "start", *words],
        env=environment(home),
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=stderr,
        timeout=60,
        check=False,
    )


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """For a server whose module needs no registry."""
    path = tmp_path / "config.json"
    modules = {"probe": {"init_args": {"directory": str(MODULES / "probe")}}}
    path.write_text(json.dumps({"modules_info": modules, "port": free_port()}))
    return path


@pytest.mark.parametrize("daemon", [(), ("--daemon",)], ids=["foreground", "daemon"])
def test_case_27_a_home_that_cannot_be_written_is_a_clear_error(
    config: Path, daemon: tuple[str, ...]
) -> None:
    done = start(Path("/proc/nowhere"), "-c", str(config), *daemon)

    assert done.returncode == 1
    assert "/proc/nowhere" in done.stderr
    assert "HUB_HOME" in done.stderr
    assert "Traceback" not in done.stderr


def test_case_27_a_log_on_a_full_disk_does_not_keep_a_server_from_serving(config: Path, home: Path) -> None:
    port = json.loads(config.read_text())["port"]
    with Path("/dev/full").open("w") as full:
        process = subprocess.Popen(
            [sys.executable, "-m", "hub", "serving", "start", "-c", str(config)],
            env=environment(home),
            cwd=ROOT,
            stdout=full,
            stderr=full,
        )
    url = f"http://127.0.0.1:{port}/predict/probe"

    def code(body: dict[str, Any]) -> int:
        try:
            return requests.post(url, json=body, timeout=20).status_code
        except requests.ConnectionError:
            return 0

    try:
        wait_until(lambda: code({}) == 200, 20, "an answer")
        time.sleep(0.5)
        assert code({"action": "raise"}) == 500  # an error that is logged
        assert code({}) == 200
        assert process.poll() is None
    finally:
        process.terminate()
    assert process.wait(20) == 0


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
def test_case_27_a_damaged_pid_file_is_replaced_by_the_next_start(home: Path, text: str) -> None:
    port = free_port()
    (home / "conf").mkdir(parents=True)
    (home / "conf" / f"serving_{port}.json").write_text(text)
    with Server(home, {"probe": {}}, port=port) as server:
        assert answers(server)
        assert server.pid_file() is not None


def test_case_27_a_damaged_pid_file_is_named_by_stop(home: Path) -> None:
    (home / "conf").mkdir(parents=True)
    (home / "conf" / "serving_9.json").write_text("{")
    done = hub("serving", "stop", "-p", "9", home=home, check=False)

    assert done.returncode == 1
    assert "serving_9.json is not a PID file" in done.stderr


@pytest.mark.parametrize("key", ["port", "metrics_port"])
def test_case_27_a_busy_port_is_named(config: Path, home: Path, key: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        config.write_text(json.dumps({**json.loads(config.read_text()), key: port}))
        done = start(home, "-c", str(config))

    assert (done.returncode, f"Port {port} is occupied" in done.stderr) == (1, True)
    assert not list((home / "conf").glob("*")) if (home / "conf").exists() else True


def test_case_27_descriptors_and_threads_do_not_grow_with_requests(home: Path) -> None:
    with Server(home, {"probe": {}}) as server:
        load: Callable[[], list[int]] = lambda: [  # noqa: E731
            future.result() for future in posts(server, [{"text": str(number)} for number in range(40)])
        ]
        load()
        load()
        time.sleep(0.5)
        before = descriptors(server)
        for _ in range(6):
            load()
        time.sleep(0.5)

        assert sum(descriptors(server).values()) <= sum(before.values()) + 5


def descriptors(server: Server) -> dict[int, int]:
    return {pid: len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid, _ in server.all_processes()}
