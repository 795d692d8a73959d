"""Servers as operators run them: on IPv6, on fewer cores, in ASCII, without libGL, beside others."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from hub.client.blocking import Client
from hub.serving.process import pidfile
from tests.serving.running import ROOT, Server, free_port, hub, wait_until

#: As a slim image without libGL has it.
NO_LIBGL = 'raise ImportError("libGL.so.1: cannot open shared object file: No such file or directory")\n'
SPEAKER = """
from hub.module import Module, moduleinfo, serving

@moduleinfo(name="speaker", version="1.0.0", summary="说中文")
class Speaker(Module):
    @serving
    def speak(self, texts):
        print("收到", texts)
        return texts
"""


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def speaker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("modules") / "speaker"
    folder.mkdir()
    (folder / "module.py").write_text(SPEAKER, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def server(home: Path, speaker: Path) -> Iterator[Server]:
    """On [::1], with every door, with one core of the machine's, printing in ASCII."""
    if not has_ipv6():
        pytest.skip("this machine has no IPv6")
    modules = {"speaker": {"init_args": {"directory": str(speaker)}}}
    ports = {"grpc_port": free_port(), "metrics_port": free_port()}
    ascii_only = ("env", "PYTHONIOENCODING=ascii")
    with Server(home, modules, prefix=ascii_only, host="[::1]", threads=1, **ports) as running:
        wait_until(lambda: "is ready at" in running.log(), 30, "every door is open")
        running.ports = (running.port, *ports.values())  # type: ignore[attr-defined]
        yield running


def test_urls_have_ipv6_addresses_in_brackets(server: Server, home: Path) -> None:
    url = f"http://[::1]:{server.port}"
    status = hub("serving", "status", "-p", str(server.port), home=home)

    assert f"HubServing is ready at {url} " in server.log()
    assert f"POST {url}/predict/speaker" in server.log()
    assert "--host :: opens it" in server.log()
    assert status.stdout.startswith(f"{url} ")


def test_every_door_listens_on_the_same_address_and_no_other(server: Server) -> None:
    for port in server.ports:  # type: ignore[attr-defined]
        socket.create_connection(("::1", port), timeout=10).close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=10)


def test_a_client_calls_an_ipv6_address_and_a_module_prints_what_ascii_lacks(server: Server) -> None:
    with Client(f"http://[::1]:{server.port}") as client:
        assert client.predict("speaker", texts=["中"]) == ["中"]
    assert "\\u6536\\u5230" in server.log()


def test_threads_are_the_cores_of_a_server(server: Server) -> None:
    assert server.module("speaker").threads == 1


def test_a_busy_port_names_the_server_that_has_it(server: Server, home: Path, speaker: Path) -> None:
    hub("install", f"{speaker}/", home=home)
    said = hub(
        "serving", "start", "-m", "speaker", "--host", "::1", "-p", str(server.port), home=home, check=False
    )

    assert said.returncode == 1
    assert f"Port {server.port} is occupied, please change it. HubServing (pid " in said.stderr
    assert f": speaker) has it; stop it: hub serving stop -p {server.port}" in said.stderr


@pytest.mark.parametrize("command", ["stop", "status", "reload"])
def test_no_server_on_a_port_is_said_with_those_that_run(server: Server, home: Path, command: str) -> None:
    port = free_port()
    done = hub("serving", command, "-p", str(port), home=home, check=False)

    assert done.returncode == 1
    assert done.stderr == f"Error: No server is running on port {port}. Running: {server.port}.\n"
    assert done.stdout == ""


def test_a_stray_pid_file_harms_no_live_server(server: Server, home: Path) -> None:
    record = json.loads(pidfile_of(home, server.port).read_text())
    port = free_port()
    pidfile_of(home, port).write_text(json.dumps({**record, "pid": 4_194_301, "port": port}))
    done = hub("serving", "stop", "-p", str(port), home=home, check=False)

    assert done.returncode == 1
    assert not pidfile_of(home, port).exists()
    with Client(f"http://[::1]:{server.port}") as client:
        assert client.predict("speaker", texts=["a"]) == ["a"]


@pytest.mark.parametrize(
    "closed", ["0 1 2", *(pytest.param(each, marks=pytest.mark.slow) for each in ("0", "1 2"))]
)
def test_a_server_without_standard_streams_serves(home: Path, speaker: Path, closed: str) -> None:
    shut = " ".join(f"{number}>&-" for number in closed.split())
    modules = {"speaker": {"init_args": {"directory": str(speaker)}}}
    with Server(home, modules, prefix=("sh", "-c", f'exec "$@" {shut}', "sh")) as running:
        assert running.post("speaker", {"texts": ["a"]}).json()["results"] == ["a"]
        assert "Traceback" not in running.log()


def pidfile_of(home: Path, port: int) -> Path:
    return home / "conf" / f"serving_{port}.json"


def test_the_modules_that_failed_are_named_by_a_daemon(home: Path, tmp_path: Path, speaker: Path) -> None:
    port = free_port()
    directory = str(speaker)
    info = {
        "speaker": {"init_args": {"directory": directory}},
        "mute": {"init_args": {"directory": directory, "volume": 0}},
    }
    (tmp_path / "config.json").write_text(json.dumps({"modules_info": info, "port": port}))
    done = hub("serving", "start", "-c", str(tmp_path / "config.json"), "--daemon", home=home)
    hub("serving", "stop", "-p", str(port), home=home)

    assert f"HubServing runs, but 1 of 2 modules failed, at http://127.0.0.1:{port} " in done.stdout
    assert "Loading speaker, mute …\n" in done.stderr
    assert "Warning: mute has FAILED: init_args has no 'volume'. The module takes: none\n" in done.stderr


def test_without_libgl_a_start_says_what_to_install(home: Path, tmp_path: Path) -> None:
    (tmp_path / "cv2").mkdir()
    (tmp_path / "cv2" / "__init__.py").write_text(NO_LIBGL)
    path = ("env", f"PYTHONPATH={tmp_path}:{ROOT}")
    server = Server(home, {"look": {}}, prefix=path, wait=False)
    code = server.process.wait(60)

    assert code == 1
    assert "libGL.so.1: cannot open shared object file" in server.log()
    assert "apt-get install libgl1, or take OpenCV without windows" in server.log().splitlines()[-1]


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with Client(f"http://[::1]:{server.port}") as client:
        assert client.health()["ready"] is True


def test_the_pid_file_has_the_address_without_brackets(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_HOME", os.fspath(server.home))

    assert pidfile.read(server.port).host == "::1"
    assert requests.get(f"http://[::1]:{server.port}/health/live", timeout=10).status_code == 200
