"""``hub pack --sdk``: the folder serves and its client calls, as document 002 describes."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.serving.running import MODULES, ROOT, environment, free_port, hub, wait_until

has_grpc = pytest.mark.skipif(
    "not __import__('importlib.util').util.find_spec('tritonclient')", reason="needs the extra grpc"
)


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SDK folder of the installed module greet."""
    home = tmp_path_factory.mktemp("home")
    hub("install", str(MODULES / "greet"), home=home)
    said = hub("pack", "--sdk", "greet", "--output", str(home), home=home).stdout
    assert said.strip() == str(home / "greet_sdk")
    return home / "greet_sdk"


@pytest.fixture(scope="module")
def client_packages(sdk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the SDK's wheel is installed, by pip, as the document has it."""
    target = tmp_path_factory.mktemp("site")
    (wheel,) = (sdk / "client").glob("paddlex_hps_client-*.whl")
    words = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target"]
    subprocess.run([*words, str(target), str(wheel)], check=True, timeout=60)
    return target


@dataclass
class Running:
    http: int
    grpc: int
    metrics: int
    log: Path


def serve(sdk: Path, folder: Path, *, grpc: bool) -> Iterator[Running]:
    """``bash server.sh`` on free ports, in a home where nothing is installed."""
    ports = Running(free_port(), free_port(), free_port(), folder / "server.log")
    command = folder / "hub"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hub "$@"\n')
    command.chmod(0o755)
    variables = {
        **environment(folder / "home"),
        "PATH": f"{folder}:{os.environ['PATH']}",
        "HUB_HOST": "127.0.0.1",
        "HUB_PORT": str(ports.http),
        "HUB_GRPC_PORT": str(ports.grpc) if grpc else "",
        "HUB_METRICS_PORT": str(ports.metrics),
    }
    with ports.log.open("w") as log:
        words = ["bash", str(sdk / "server" / "server.sh")]
        server = subprocess.Popen(words, env=variables, stdout=log, stderr=log)
    try:
        wait_until(lambda: "Stop it with" in ports.log.read_text() or server.poll() is not None, 40)
        yield ports
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="module")
def running(sdk: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    yield from serve(sdk, tmp_path_factory.mktemp("server"), grpc=False)


def call(sdk: Path, packages: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "client.py", *words],
        cwd=sdk / "client",
        env={**os.environ, "PYTHONPATH": str(packages)},
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_the_folder_has_the_documents_parts(sdk: Path) -> None:
    files = {str(path.relative_to(sdk)) for path in sdk.rglob("*") if path.is_file()}

    assert {
        "server/server.sh",
        "server/pipeline_config.yaml",
        "server/model_repo/greet/config_cpu.pbtxt",
        "server/model_repo/greet/config_gpu.pbtxt",
        "server/model_repo/greet/1/greet/module.py",
        "client/client.py",
        "client/requirements.txt",
    } < files
    assert not [path for path in sdk.rglob("*") if path.is_file() and b"@name@" in path.read_bytes()]


def test_the_client_is_python_3_8(sdk: Path) -> None:
    (wheel,) = (sdk / "client").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
        sources = [archive.read(name).decode() for name in archive.namelist() if name.endswith(".py")]
    for source in (*sources, (sdk / "client" / "client.py").read_text()):
        ast.parse(source, feature_version=(3, 8))


def test_packing_over_a_folder_is_refused(sdk: Path) -> None:
    words = ("pack", "--sdk", "greet", "--output", str(sdk.parent))

    done = hub(*words, home=sdk.parent, check=False)

    assert done.returncode == 1
    assert "greet_sdk exists already" in done.stderr


def test_the_server_needs_no_installed_module_and_names_its_services(running: Running) -> None:
    said = running.log.read_text()

    assert f"Started HTTPService at 127.0.0.1:{running.http}" in said
    assert f"Started Metrics Service at 127.0.0.1:{running.metrics}" in said
    assert requests.get(f"http://127.0.0.1:{running.http}/v2/health/ready", timeout=5).status_code == 200
    assert "hub_module_ready" in requests.get(f"http://127.0.0.1:{running.metrics}/metrics", timeout=5).text


def test_the_client_calls_over_http_without_any_package(
    sdk: Path, client_packages: Path, running: Running
) -> None:
    url = f"http://127.0.0.1:{running.http}"

    done = call(sdk, client_packages, "--url", url, "--json", '{"names": ["a", "b"]}')

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ['"hello a, one of 2"', '"hello b, one of 2"']


def test_the_client_reports_the_servers_refusal_in_one_line(
    sdk: Path, client_packages: Path, running: Running
) -> None:
    image = str(ROOT / "doc/imgs/sign.jpg")
    url = f"http://127.0.0.1:{running.http}"

    done = call(sdk, client_packages, "--url", url, "--file", image, "--file-type", "1", "--no-visualization")

    assert done.returncode == 1
    assert done.stderr.startswith("400 unknown argument `images`")


@pytest.mark.slow
@has_grpc
def test_with_grpc_all_three_lines_are_there_and_the_client_calls(
    sdk: Path, client_packages: Path, tmp_path: Path
) -> None:
    for running in serve(sdk, tmp_path, grpc=True):
        said = running.log.read_text()
        assert f"Started GRPCInferenceService at 127.0.0.1:{running.grpc}" in said
        assert f"Started HTTPService at 127.0.0.1:{running.http}" in said
        assert f"Started Metrics Service at 127.0.0.1:{running.metrics}" in said

        url = f"127.0.0.1:{running.grpc}"
        done = call(sdk, client_packages, "--url", url, "--json", '{"names": ["a"]}')
        assert (done.returncode, done.stdout) == (0, '"hello a, one of 1"\n'), done.stderr
        done = call(sdk, client_packages, "--url", url, "--json", '{"x": 1}')
        assert (done.returncode, "unknown argument" in done.stderr) == (1, True)
