"""Harm to the supervisor: the kernel refuses what it asks for, it is stopped, its children are killed."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from hub.serving.process import procfs
from tests.serving.running import MODULES, ROOT, Server, free_port, hub, wait_until


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def prlimit(server: Server, which: int, soft: int) -> int:
    """Set the supervisor's soft limit; return the one before."""
    before, hard = resource.prlimit(server.process.pid, which)
    resource.prlimit(server.process.pid, which, (soft, hard))
    return before


# -- deaths ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_request_whose_runners_are_killed_from_outside_is_sent_again_as_often_as_it_takes(
    home: Path,
) -> None:
    with Server(home, {"probe": {"instances": [{"count": 2}]}}) as server:
        replies: list[requests.Response] = []
        body = {"text": "again", "sleep": 1.0}
        caller = threading.Thread(target=lambda: replies.append(server.post("probe", body)))
        caller.start()
        for number in range(7):
            wait_until(lambda: len(server.runner_pids("probe")) == 2, what="both runners")
            time.sleep(0.3)
            for pid in server.runner_pids("probe"):
                kill(pid)
            restarts = 2 * (number + 1)
            wait_until(lambda wanted=restarts: server.module("probe").restarts >= wanted, what="the deaths")
        caller.join(30)
        again = server.post("probe", {"text": "again"})

        assert (replies[0].status_code, again.status_code) == (200, 200)
        assert int(replies[0].headers["X-Hub-Attempts"]) > 5


def test_the_cause_of_a_death_is_published(home: Path) -> None:
    with Server(home, {"probe": {"instances": [{"count": 2}]}}) as server:
        killed = server.kill_runner("probe")
        wait_until(lambda: server.module("probe").deaths, what="the death")
        wait_until(lambda: len(server.runner_pids("probe")) == 2, what="another runner")
        crashed = server.kill_runner("probe", signal.SIGSEGV)
        wait_until(lambda: len(server.module("probe").deaths) == 2, what="the other death")

        causes = {death.pid: death.cause for death in server.module("probe").deaths}
        assert causes == {killed: "killed from outside", crashed: "crashed"}


@pytest.mark.slow
def test_a_request_that_hangs_its_runners_is_blamed_for_it(home: Path) -> None:
    with Server(home, {"probe": {}}, hang_timeout=1) as server:
        hanging = {"text": "hang", "sleep": 50}
        reply = server.post("probe", hanging, timeout=58)
        again = server.post("probe", hanging)

        assert (reply.status_code, again.status_code) == (500, 500)
        assert "killed" in reply.json()["msg"]
        assert {death.cause for death in server.module("probe").deaths} == {"hung"}
        assert server.module("probe").restarts == 3


@pytest.mark.slow
def test_a_ready_runner_serves_on_however_often_its_sibling_is_killed_while_loading(home: Path) -> None:
    modules = {"slow_start": {"init_args": {"seconds": 2.0}, "instances": [{"count": 2}]}}
    with Server(home, modules) as server:
        wait_until(lambda: len(server.runner_pids("slow_start")) == 2, 20, "both runners")
        healthy = server.runner_pids("slow_start")[0]
        kill(server.runner_pids("slow_start")[1])
        for _ in range(4):

            def loading() -> list[int]:
                runners = server.module("slow_start").runners
                return [runner.pid for runner in runners if not runner.ready]

            (pid,) = wait_until(loading, 20, "a runner that loads")
            kill(pid)
            wait_until(lambda gone=pid: gone not in loading(), what="its death noticed")

        assert server.post("slow_start", {}).status_code == 200
        assert server.module("slow_start").state == "READY"
        assert healthy in server.runner_pids("slow_start")


def test_ready_says_503_from_the_death_of_the_only_runner_until_its_successor_is_loaded(home: Path) -> None:
    may_load = home / "may_load"
    home.mkdir()
    may_load.touch()
    with Server(home, {"slow_start": {"init_args": {"until": str(may_load)}}}) as server:
        before = server.get("/health/ready").status_code
        may_load.unlink()
        server.kill_runner("slow_start")
        wait_until(lambda: server.module("slow_start").restarts == 1, what="the death noticed")
        time.sleep(0.05)
        cold = server.get("/health/ready")
        model = server.get("/v2/models/slow_start/ready").status_code
        may_load.touch()
        wait_until(lambda: server.get("/health/ready").status_code == 200, what="ready again")

        assert (before, cold.status_code, model) == (200, 503, 503)
        assert "started again" in cold.json()["modules"]["slow_start"]["reason"]


@pytest.mark.slow
def test_a_failed_start_is_tried_again_when_the_modules_files_change_by_a_reload(home: Path) -> None:
    folder = home / "mine"
    folder.mkdir(parents=True)
    source = (MODULES / "broken" / "module.py").read_text()
    (folder / "module.py").write_text(source)
    modules = {"broken": {"init_args": {"directory": str(folder)}}, "probe": {}}
    with Server(home, modules) as server:
        (folder / "module.py").write_text(source.replace("raise ", "return\n        raise "))
        hub("serving", "reload", "broken", "-p", str(server.port), home=home)

        assert server.module("broken").state == "READY"
        assert server.get("/health/ready").status_code == 200


# -- what the kernel refuses -----------------------------------------------------------------------


def test_the_server_may_open_as_many_descriptors_as_the_kernel_allows(home: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, hard - 1), hard))
    try:
        with Server(home, {"probe": {}}) as server:
            limits = {resource.prlimit(pid, resource.RLIMIT_NOFILE) for pid, _ in server.all_processes()}
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert limits == {(hard, hard)}


def test_a_supervisor_without_descriptors_goes_on_when_it_has_some_again(home: Path) -> None:
    with Server(home, {"probe": {}}) as server:
        record = server.pid_file()
        assert record is not None
        used = len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))
        before = prlimit(server, resource.RLIMIT_NOFILE, used)
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(f"{record['run_dir']}/control.sock")
            server.kill_runner("probe")
            time.sleep(0.7)
            spent = cpu_seconds(server.process.pid)
            time.sleep(1.0)
            spent = cpu_seconds(server.process.pid) - spent
            prlimit(server, resource.RLIMIT_NOFILE, before)

        assert server.post("probe", {}).status_code == 200
        assert server.process.poll() is None
        assert spent < 0.6  # it waits instead of trying without a pause
        assert server.log().count("cannot be started") <= 2


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_supervisor_that_can_write_no_file_goes_on_and_writes_them_later(home: Path) -> None:
    with Server(home, {"probe": {"instances": [{"count": 2}]}}) as server:
        before = prlimit(server, resource.RLIMIT_FSIZE, 10)  # as a full disk: state, heartbeat, log
        server.kill_runner("probe")
        time.sleep(1.5)
        during = server.module("probe").restarts
        answered = server.post("probe", {}).status_code
        prlimit(server, resource.RLIMIT_FSIZE, before)
        wait_until(lambda: server.module("probe").restarts == 1, what="the death written")
        wait_until(lambda: len(server.runner_pids("probe")) == 2, what="another runner")

        assert (during, answered) == (0, 200)
        assert server.process.poll() is None


@pytest.mark.parametrize(
    "left",
    [
        pytest.param(-5, marks=pytest.mark.slow, id="it cannot be started"),
        pytest.param(4, marks=pytest.mark.slow, id="it does not come up"),
    ],
)
def test_an_http_worker_that_cannot_be_replaced_takes_no_other_along(home: Path, left: int) -> None:
    with Server(home, {"probe": {}}, http_workers=2) as server:
        master = next(each.pid for each in server.state().processes if each.role == "gateway")
        children = Path(f"/proc/{master}/task/{master}/children")
        wait_until(lambda: len(children.read_text().split()) == 2, what="both workers")
        time.sleep(4.0 if left > 0 else 0.0)  # they have come up
        killed, other = map(int, children.read_text().split())
        soft, hard = resource.prlimit(master, resource.RLIMIT_NOFILE)
        used = len(list(Path(f"/proc/{master}/fd").iterdir()))
        resource.prlimit(master, resource.RLIMIT_NOFILE, (used + left, hard))
        kill(killed)
        time.sleep(2.0)
        alive = [procfs.started(master) is not None, procfs.started(other) is not None]
        resource.prlimit(master, resource.RLIMIT_NOFILE, (soft, hard))
        wait_until(lambda: len(children.read_text().split()) == 2, what="another worker")

        assert alive == [True, True]
        assert server.post("probe", {}).status_code == 200
        assert server.log().count("an HTTP worker cannot be started") <= 1


def test_a_runner_that_cannot_start_its_threads_says_so_and_is_not_called_ready(
    home: Path, tmp_path: Path
) -> None:
    (tmp_path / "module.py").write_text(NO_THREADS)
    modules = {"mine": {"init_args": {"directory": str(tmp_path)}, "concurrency": 4}, "probe": {}}
    with Server(home, modules) as server:
        assert server.module("mine").state == "FAILED"
        assert "can't start new thread" in server.module("mine").reason
        assert server.module("mine").restarts == 0
        assert server.post("probe", {}).status_code == 200


NO_THREADS = """
import threading
from hub.module import Module, moduleinfo, serving


@moduleinfo(name="mine", version="1.0.0")
class Mine(Module):
    def _initialize(self):
        def refuse(self):
            raise RuntimeError("can't start new thread")

        threading.Thread.start = refuse

    @serving(thread_safe=True)
    def say(self):
        return "done"
"""


@pytest.mark.parametrize("sent", [b"[]\n", b"3\n", b'{"do": []}\n', b"[" * 5000 + b"\n", b"\n", b'"x"\n'])
def test_a_control_request_that_is_none_is_answered_and_the_server_goes_on(
    shared: Server, sent: bytes
) -> None:
    record = shared.pid_file()
    assert record is not None
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(10)
        caller.connect(f"{record['run_dir']}/control.sock")
        caller.sendall(sent)
        answer = json.loads(caller.makefile().readline())

    assert answer["ok"] is False
    assert shared.post("probe", {}).status_code == 200


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("home"), {"probe": {}}) as server:
        yield server


# -- verdicts --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_no_runner_is_killed_because_the_whole_server_was_stopped_for_a_while(home: Path) -> None:
    with Server(home, {"probe": {"instances": [{"count": 2}]}}) as server:
        runners = sorted(server.runner_pids("probe"))
        everything = [pid for pid, _ in server.all_processes()]
        for pid in everything:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(7.0)
        os.kill(server.process.pid, signal.SIGCONT)
        time.sleep(1.0)  # the supervisor looks first
        for pid in everything:
            os.kill(pid, signal.SIGCONT)

        assert server.post("probe", {}).status_code == 200
        assert sorted(server.runner_pids("probe")) == runners
        assert "hangs" not in server.log()


@pytest.mark.slow
def test_a_call_that_keeps_pythons_lock_is_no_hang_before_hang_timeout(home: Path, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(HOLDS_THE_LOCK)
    modules = {"mine": {"init_args": {"directory": str(tmp_path)}, "concurrency": 2}}
    with Server(home, modules) as server:
        reply = server.post("mine", {"seconds": 7.5})

        assert (reply.status_code, reply.headers.get("X-Hub-Attempts")) == (200, None)
        assert server.module("mine").restarts == 0


HOLDS_THE_LOCK = """
import ctypes
from hub.module import Module, moduleinfo, serving


@moduleinfo(name="mine", version="1.0.0")
class Mine(Module):
    @serving(thread_safe=True)
    def hold(self, seconds):
        ctypes.PyDLL(None).usleep(int(seconds * 1e6))  # PyDLL keeps the lock
        return "done"
"""


# -- ready -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "is_daemon",
    [pytest.param(False, marks=pytest.mark.slow, id="foreground"), pytest.param(True, id="daemon")],
)
def test_ready_is_said_when_health_ready_answers_over_the_port(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_daemon: bool
) -> None:
    late = tmp_path / "late"
    late.mkdir()
    (late / "sitecustomize.py").write_text(
        "import sys, time\nif 'hub.serving.gateway' in sys.orig_argv:\n    time.sleep(2)\n"
    )
    port = free_port()
    config = tmp_path / "config.json"
    modules = {"probe": {"init_args": {"directory": str(MODULES / "probe")}}}
    config.write_text(json.dumps({"modules_info": modules, "port": port}))
    path = f"{late}{os.pathsep}{ROOT}"
    monkeypatch.setattr("tests.serving.running.environment", lambda home: {**os.environ,
        "HUB_HOME": str(home), "PYTHONPATH": path})  # fmt: skip
    if is_daemon:
        said = hub("serving", "start", "-c", str(config), "--daemon", home=home).stdout
        reply = requests.get(f"http://127.0.0.1:{port}/health/ready", timeout=1)
        hub("serving", "stop", "-p", str(port), home=home)
    else:
        with Server(home, {"probe": {}}, wait=False) as server:
            wait_until(lambda: "HubServing is ready" in server.log(), 20, "ready said")
            said = server.log()
            reply = requests.get(f"{server.url}/health/ready", timeout=1)

    assert "HubServing is ready" in said
    assert reply.status_code == 200
