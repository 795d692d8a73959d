"""Starting and stopping, politely and not, and what remains afterwards: nothing."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from hub.serving.process import procfs
from tests.serving.running import ROOT, Server, environment, free_port, hub, wait_until


def nothing_remains(server: Server, processes: list[tuple[int, int]], seconds: float = 10.0) -> bool:
    """No process of the server is left and nobody listens on its port, within ``seconds``."""
    left = procfs.wait_gone(processes, time.monotonic() + seconds)
    with socket.socket() as probe:
        return not left and probe.connect_ex(("127.0.0.1", server.port)) != 0


def test_ready_turns_200_when_every_module_has_a_runner(home: Path) -> None:
    may_load = home / "may_load"
    with Server(home, {"slow_start": {"init_args": {"until": str(may_load)}}}, wait=False) as server:
        wait_until(lambda: server.pid_file(), what="a PID file")
        early = server.get("/health/ready")
        may_load.touch()
        server.wait_settled()

        assert (early.status_code, server.get("/health/ready").status_code) == (503, 200)
        assert server.get("/health/live").status_code == 200


def test_a_loading_module_answers_503_with_retry_after(home: Path) -> None:
    with Server(home, {"slow_start": {"init_args": {"until": str(home / "never")}}}, wait=False) as server:
        wait_until(lambda: server.pid_file(), what="a PID file")
        reply = server.post("slow_start", {})

        assert reply.status_code == 503
        assert int(reply.headers["Retry-After"]) > 0
        assert "loading" in reply.json()["msg"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything_with_exit_code_0(home: Path, number: signal.Signals) -> None:
    server = Server(home, {"probe": {}, "greet": {}})
    processes = server.all_processes()
    server.process.send_signal(number)

    assert server.process.wait(15) == 0
    assert nothing_remains(server, processes)
    assert server.pid_file() is None


def test_stop_lets_a_running_request_finish(home: Path) -> None:
    server = Server(home, {"probe": {}})
    replies: list[int] = []
    caller = threading.Thread(target=lambda: replies.append(server.post("probe", {"sleep": 1.5}).status_code))
    caller.start()
    time.sleep(0.5)
    stopped = hub("serving", "stop", "-p", str(server.port), home=home)
    caller.join(10)

    assert replies == [200]
    assert stopped.stdout.startswith("PaddleHub Serving will stop.")
    assert server.process.wait(5) == 0


def test_a_second_signal_ends_a_server_that_is_still_busy(home: Path) -> None:
    server = Server(home, {"probe": {}}, graceful_timeout=60)
    processes = server.all_processes()

    def call() -> None:
        with pytest.raises(requests.RequestException):
            server.post("probe", {"sleep": 30})

    threading.Thread(target=call).start()
    time.sleep(0.5)
    server.process.terminate()
    time.sleep(0.5)
    server.process.terminate()
    server.process.wait(10)

    assert nothing_remains(server, processes)


def test_stop_ends_the_port_and_every_process(home: Path) -> None:
    server = Server(home, {"probe": {}, "greet": {}}, use_multiprocess=True, workers=2, http_workers=1)
    server.get("/health/live")
    processes = server.all_processes()
    hub("serving", "stop", "-p", str(server.port), home=home)

    assert len(processes) == 7  # supervisor, Gunicorn's two, two runners for each of two modules
    assert nothing_remains(server, processes, seconds=0)
    assert not list((home / "conf").iterdir())


def test_stop_without_a_server_says_so_and_exits_1(home: Path) -> None:
    stopped = hub("serving", "stop", "-p", "9", home=home, check=False)

    assert stopped.returncode == 1
    assert "No server is running on port 9." in stopped.stderr


def test_stop_never_touches_a_process_that_is_not_ours(home: Path) -> None:
    port = free_port()
    record = {
        "pid": os.getpid(), "module": ["probe"], "start_time": 0.0, "started": 1, "boot_id": procfs.boot_id(),
        "host": "127.0.0.1", "port": port, "run_dir": str(home / "run"), "graceful_timeout": 1.0,
    }  # fmt: skip
    (home / "conf").mkdir(parents=True)
    (home / "conf" / f"serving_{port}.json").write_text(json.dumps(record))
    stopped = hub("serving", "stop", "-p", str(port), home=home, check=False)

    assert stopped.returncode == 1
    assert "had died" in stopped.stderr  # and this process, whose pid it was, lives to say so


def test_after_kill_9_of_the_supervisor_nothing_remains(home: Path) -> None:
    server = Server(home, {"probe": {}, "greet": {}})
    processes = server.all_processes()
    server.process.kill()
    server.process.wait(5)

    assert nothing_remains(server, processes)


def test_a_start_sweeps_what_a_killed_server_left(home: Path) -> None:
    first = Server(home, {"probe": {}})
    left = first.pid_file()
    assert left is not None
    first.process.kill()
    first.process.wait(5)
    with Server(home, {"probe": {}}):
        assert not Path(left["run_dir"]).exists()
        assert not (home / "conf" / f"serving_{first.port}.json").exists()


def test_the_port_of_a_killed_server_can_be_served_again_at_once(home: Path) -> None:
    first = Server(home, {"probe": {}})
    first.process.kill()
    first.process.wait(5)
    with Server(home, {"probe": {}}, port=first.port) as second:
        assert second.post("probe", {}).status_code == 200


def test_the_same_port_can_be_served_again_at_once(home: Path) -> None:
    with Server(home, {"probe": {}}) as first:
        first.post("probe", {})
    with Server(home, {"probe": {}}, port=first.port) as second:
        assert second.post("probe", {}).status_code == 200


def failing_start(home: Path, *words: str) -> tuple[int, str]:
    done = hub("serving", "start", *words, home=home, check=False)
    assert not (home / "conf").exists() or not list((home / "conf").iterdir())
    return done.returncode, done.stderr


def test_a_busy_port_is_an_error(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        hub("install", str(ROOT / "tests/modules/probe"), home=home)
        code, said = failing_start(home, "-m", "probe", "-p", str(port))

    assert code == 1
    assert f"Port {port} is occupied, please change it." in said


def test_an_unknown_module_is_an_error_that_names_the_command(home: Path) -> None:
    code, said = failing_start(home, "-m", "nobody", "-p", str(free_port()))

    assert code == 1
    assert "hub install" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("{", "not JSON", id="malformed"),
        pytest.param("[]", "JSON object", id="a list"),
        pytest.param("{}", "'modules_info' is missing", id="no modules"),
        pytest.param('{"modules_info": {"probe": {}}, "prot": 1}', "did you mean 'port'?", id="typo"),
        pytest.param('{"modules_info": {"probe": {}}, "port": 0}', "'port'", id="range"),
        pytest.param(
            '{"modules_info": {"probe": {"init_arg": {}}}}', "did you mean 'init_args'?", id="inner typo"
        ),
    ],
)
def test_a_broken_config_is_an_error_that_names_the_key(
    home: Path, tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "config.json"
    path.write_text(text)
    code, output = failing_start(home, "-c", str(path))

    assert code == 1
    assert said in output


def test_a_module_that_does_not_initialise_is_an_error_with_its_reason(home: Path) -> None:
    hub("install", str(ROOT / "tests/modules/broken"), home=home)
    code, said = failing_start(home, "-m", "broken", "-p", str(free_port()))

    assert code == 1
    assert "the weights are missing" in said


def test_one_failed_module_leaves_the_others_served(home: Path) -> None:
    with Server(home, {"probe": {}, "broken": {}}) as server:
        refused = server.post("broken", {})

        assert server.post("probe", {}).status_code == 200
        assert (refused.status_code, "the weights are missing" in refused.json()["msg"]) == (503, True)
        assert server.get("/health/ready").status_code == 503


def test_without_modules_or_config_it_is_wrong_usage(home: Path) -> None:
    assert failing_start(home)[0] == 2


def test_with_a_config_file_other_flags_are_ignored_aloud(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"modules_info": {"nobody": {}}, "port": 1234}')
    _, said = failing_start(home, "-c", str(path), "-p", "99", "-m", "probe", "--use_multiprocess")

    assert "--modules, --port, --use_multiprocess ignored" in said


def test_daemon_returns_when_ready(home: Path) -> None:
    hub("install", str(ROOT / "tests/modules/probe"), home=home)
    port = str(free_port())
    started = hub("serving", "start", "-m", "probe", "-p", port, "--daemon", home=home)
    reply = requests.post(f"http://127.0.0.1:{port}/predict/probe", json={"text": "a"}, timeout=10)
    hub("serving", "stop", "-p", port, home=home)

    assert "is ready" in started.stdout
    assert reply.json()["results"]["text"] == "a"


def test_daemon_fails_with_the_reason(home: Path) -> None:
    hub("install", str(ROOT / "tests/modules/broken"), home=home)
    code, said = failing_start(home, "-m", "broken", "-p", str(free_port()), "--daemon")

    assert code == 1
    assert "the weights are missing" in said


def test_each_process_says_in_ps_what_it_is(home: Path) -> None:
    with Server(home, {"probe": {}}) as server:
        lines = [
            Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") for pid, _ in server.all_processes()
        ]

    assert any("-m hub serving start" in line for line in lines)
    assert any("-m hub.serving.gateway" in line for line in lines)
    assert any("-m hub.serving.runner probe" in line for line in lines)


def test_an_edited_module_serves_its_new_code_after_reinstalling(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    source = """
from hub.module import Module, moduleinfo, serving

@moduleinfo(name="mine", version="1.0.0")
class Mine(Module):
    @serving
    def say(self):
        return "first"
"""
    port = str(free_port())
    said = []
    for text in (source, source.replace("first", "secnd")):  # same length, same second
        (folder / "module.py").write_text(text)
        hub("uninstall", "mine", home=home, check=False)
        hub("install", f"{folder}/", home=home)
        hub("serving", "start", "-m", "mine==1.0.0", "-p", port, "--daemon", home=home)
        said.append(
            requests.post(f"http://127.0.0.1:{port}/predict/mine", json={}, timeout=10).json()["results"]
        )
        hub("serving", "stop", "-p", port, home=home)

    assert said == ["first", "secnd"]


def test_environment_variables_are_settings_too(home: Path) -> None:
    environ = environment(home)
    assert "HUB_STATUS_STYLE" not in environ
    os.environ["HUB_STATUS_STYLE"] = "2.x"
    try:
        with Server(home, {"probe": {}}) as server:
            assert server.post("probe", {}).json()["status"] == "000"
            assert server.post("probe", {"action": "raise"}).status_code == 200
    finally:
        del os.environ["HUB_STATUS_STYLE"]


def test_a_module_that_takes_sigterm_for_itself_still_lets_its_runner_finish(
    home: Path, tmp_path: Path
) -> None:
    """Paddle does so when it is imported."""
    folder = tmp_path / "greedy"
    folder.mkdir()
    (folder / "module.py").write_text(
        "import signal, time\n"
        "from hub.module import Module, moduleinfo, serving\n\n"
        "@moduleinfo(name='greedy', version='1.0.0')\n"
        "class Greedy(Module):\n"
        "    def _initialize(self):\n"
        "        signal.signal(signal.SIGTERM, signal.SIG_DFL)\n\n"
        "    @serving\n"
        "    def wait(self):\n"
        "        time.sleep(0.8)\n"
        "        return 'done'\n"
    )
    with (
        Server(home, {"greedy": {"init_args": {"directory": str(folder)}}}) as server,
        ThreadPoolExecutor(1) as pool,
    ):
        running = pool.submit(server.post, "greedy", {})
        time.sleep(0.4)
        server.kill_runner("greedy", signal.SIGTERM)
        reply = running.result()

    assert (reply.status_code, reply.json()["results"]) == (200, "done")
    assert "X-Hub-Attempts" not in reply.headers  # it was not sent again to another runner


@pytest.mark.parametrize("workers", [1, 3])
def test_a_stopping_server_refuses_connections_while_it_finishes(home: Path, workers: int) -> None:
    server = Server(home, {"probe": {}}, http_workers=workers)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(server.post, "probe", {"sleep": 2.5})
        time.sleep(0.5)
        server.process.terminate()
        time.sleep(0.7)

        for _ in range(3):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", server.port), timeout=2)
        assert running.result().status_code == 200
    assert server.process.wait(10) == 0
    assert "could not be accepted" not in server.log()


def test_systemd_is_told_when_the_server_is_ready_and_when_it_stops(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"\0hub-test-{os.getpid()}")
        systemd.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@hub-test-{os.getpid()}")
        with Server(home, {"slow_start": {"init_args": {"seconds": 1.0}}}, wait=False) as server:
            ready = systemd.recv(100)

            assert ready == b"READY=1"
            assert server.get("/health/ready").status_code == 200
        assert systemd.recv(100) == b"STOPPING=1"
        systemd.setblocking(False)
        with pytest.raises(BlockingIOError):  # nobody else told it anything
            systemd.recv(100)
