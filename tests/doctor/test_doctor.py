"""hub doctor: what it finds on machines with something wrong, and what it says to do."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from unittest.mock import Mock

import pytest

from hub import container
from hub.doctor import Finding, engines, environment, home, machine, packages, servers
from tests.cli.conftest import ROOT, Hub
from tests.cli.modules import write_module
from tests.serving.running import Server
from tests.serving.running import hub as run_hub


def named(findings: Iterable[Finding], name: str) -> Finding:
    found = [finding for finding in findings if finding.name == name]
    assert len(found) == 1, found
    return found[0]


@pytest.fixture
def made_up_engines(tmp_path: Path) -> str:
    """A PYTHONPATH on which Paddle kills its process, OpenVINO misses a library, and ONNX Runtime is well."""
    sources = {
        "paddle": "import os, signal; os.kill(os.getpid(), signal.SIGILL)",
        "openvino": "raise ImportError('libtbb.so.12: cannot open shared object file')",
        "onnxruntime": "__version__ = '9.9'\ndef get_available_providers(): return ['CPUExecutionProvider']",
    }
    for name, source in sources.items():
        (tmp_path / "engines" / name).mkdir(parents=True)
        (tmp_path / "engines" / name / "__init__.py").write_text(source)
    return f"{tmp_path / 'engines'}:{ROOT}"


def test_engines_that_do_not_load_are_broken_and_end_it_with_1(made_up_engines: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hub", "doctor", "--json"],
        env={**os.environ, "PYTHONPATH": made_up_engines}, cwd=tmp_path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    report = json.loads(done.stdout)
    found = {each["name"]: each for each in report["findings"] if each["section"] == "engines"}

    assert (done.returncode, report["ok"], done.stderr) == (1, False, "")
    assert found["paddle"]["value"] == "does not load: its import ended with signal SIGILL"
    assert "pip install --force-reinstall paddlepaddle" in found["paddle"]["advice"]
    assert "ImportError: libtbb.so.12" in found["openvino"]["value"]
    assert (found["onnxruntime"]["value"], found["onnxruntime"]["verdict"]) == ("9.9, runs on cpu", "ok")
    assert set(found["paddle"]) == {"section", "name", "value", "verdict", "advice"}


@pytest.mark.slow
def test_a_sound_machine_is_told_so_for_people(hub: Hub) -> None:
    done = hub("doctor")

    assert (done.returncode, done.stderr) == (0, "")
    assert "\n  ok       paddle: 3." in done.stdout
    assert "runs on cpu" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("0 broken, ")


def test_an_engine_that_is_not_there_is_a_note_and_paddle_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    found = list(engines.look())

    assert [finding.verdict for finding in found] == ["broken", "note", "note"]
    assert "pip install openvino" in found[1].advice


@pytest.mark.parametrize(
    ("problem", "advice"),
    [
        (
            "libGL.so.1: cannot open shared object file",
            "apt-get install libgl1, or take OpenCV without windows",
        ),
        ("numpy.core.multiarray failed to import", "pip install --force-reinstall opencv-python"),
    ],
)
def test_an_opencv_that_does_not_load_is_broken_and_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: str, advice: str
) -> None:
    (tmp_path / "cv2.py").write_text(f"raise ImportError({problem!r})\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (found,) = [finding for finding in packages.look() if finding.name == "cv2"]

    assert (found.verdict, found.value) == ("broken", f"does not load: ImportError: {problem}")
    assert found.advice.startswith(advice)


def test_another_users_server_is_a_note_and_its_file_is_not_to_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "serving_18866.json").write_text("{}")
    monkeypatch.setenv("HUB_HOME", str(tmp_path))
    monkeypatch.setattr(Path, "read_text", Mock(side_effect=PermissionError(13, "Permission denied")))
    monkeypatch.setattr(os, "access", lambda *_: False)
    (found,) = [finding for finding in servers.look() if finding.name == "port 18866"]

    assert found.verdict == "note"
    assert "it belongs to user" in found.value
    assert "rm " not in found.advice


# -- the machine -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "files", "quota", "memory"),
    [
        pytest.param("0::/a/b", {"a/cpu.max": "1500 1000", "a/b/cpu.max": "max 1000"}, 1.5, None, id="v2"),
        pytest.param("0::/host", {"cpu.max": "400000 100000", "memory.max": "1000"}, 4, 1000, id="root"),
        pytest.param("0::/", {}, None, None, id="no limit"),
        pytest.param(
            "4:cpu,cpuacct:/x\n5:memory:/x",
            {
                "cpu,cpuacct/x/cpu.cfs_quota_us": "50000",
                "cpu,cpuacct/x/cpu.cfs_period_us": "100000",
                "cpu,cpuacct/cpu.cfs_quota_us": "-1",
                "memory/x/memory.limit_in_bytes": "1000",
                "memory/memory.limit_in_bytes": "9223372036854771712",
            },
            0.5,
            1000,
            id="v1",
        ),
    ],
)  # fmt: skip
def test_limits_of_control_groups_are_found(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    own: str,
    files: dict[str, str],
    quota: float,
    memory: int,
) -> None:
    for name, text in files.items():
        (tmp_path / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "groups" / name).write_text(text + "\n")
    (tmp_path / "own").write_text(own + "\n")
    monkeypatch.setattr(container, "CGROUPS", tmp_path / "groups")
    monkeypatch.setattr(container, "OWN_CGROUPS", tmp_path / "own")

    assert (container.cpu_quota(), container.memory_limit()) == (quota, memory)
    allowed = len(os.sched_getaffinity(0))
    assert container.available() == (allowed if quota is None else max(1, min(allowed, int(quota))))


@pytest.mark.parametrize(
    ("script", "verdict", "value"),
    [
        ("echo '0, NVIDIA H200, 143771 MiB, 570.1'", "ok", "NVIDIA H200, 143771 MiB, driver 570.1"),
        ("echo 'NVIDIA-SMI has failed'; exit 9", "broken", "NVIDIA-SMI has failed"),
    ],
    ids=["a card", "no driver"],
)
def test_a_card_is_named_and_a_driver_that_fails_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, verdict: str, value: str
) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = [finding for finding in machine.look() if finding.name.startswith("GPU")]

    assert [(finding.verdict, finding.value) for finding in found] == [(verdict, value)]


def test_a_package_in_too_old_a_version_is_broken_and_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = [
        "click>=8",
        "numpy>=99",
        "no-such-thing",
        "colorama; sys_platform == 'win32'",
        "x; extra == 'y'",
    ]
    monkeypatch.setattr(packages.metadata, "requires", lambda name: wanted)
    found = list(packages.look())

    assert named(found, "numpy").advice == "numpy>=99 is needed: pip install 'numpy>=99'"
    assert named(found, "no-such-thing").value == "not installed"
    assert named(found, "required").value.startswith("click 8")
    assert not {"colorama", "x"} & {finding.name for finding in found}


# -- the registry --------------------------------------------------------------------------------------


def test_a_damaged_module_and_one_without_its_weights_are_broken(
    hub: Hub, home: Path, tmp_path: Path
) -> None:
    write_module(tmp_path / "mine", "    pass\n")
    hub("install", "mine/")
    assert named(home_findings(), "mine").verdict == "ok"

    source = next(home.glob("content/mine/*/mine/module.py"))
    source.write_text(source.read_text() + "# changed\n")
    found = named(home_findings(), "mine")
    assert (found.verdict, "module.py" in found.value) == ("broken", True)
    assert found.advice == "install it again; hub verify mine says more"


def home_findings() -> list[Finding]:
    return list(home_look())


home_look = home.look


def test_a_home_that_cannot_be_made_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_HOME", "/dev/null/home")
    found = named(home_findings(), "HUB_HOME")

    assert (found.verdict, "set HUB_HOME to a folder of your own" in found.advice) == ("broken", True)


def test_a_home_that_everybody_may_write_to_and_broken_settings_are_told(home: Path) -> None:
    home.mkdir()
    home.chmod(0o777)
    (home / "config.json").write_text("{")
    found = home_findings()

    assert named(found, "permissions").advice.endswith(f"chmod o-w {home}")
    assert named(found, "settings").verdict == "broken"
    home.chmod(stat.S_IRWXU)
    assert not [finding for finding in home_findings() if finding.name == "permissions"]


# -- servers and the environment -----------------------------------------------------------------------


def test_a_server_with_a_failed_module_a_sound_one_and_a_dead_one(home: Path) -> None:
    with Server(home, {"probe": {}, "broken": {}}) as server:
        port = f"port {server.port}"
        failing = named(servers.look(), port)
        run_hub("serving", "unload", "broken", "-p", str(server.port), home=home)
        running = named(servers.look(), port)
        server.process.kill()
        server.process.wait()
        dead = named(servers.look(), port)
    (home / "conf" / "serving_7777.json").write_text("{}")
    damaged = named(servers.look(), "port 7777")

    assert (failing.verdict, ": broken: " in failing.value) == ("broken", True)
    assert (running.verdict, running.value.endswith(": probe READY")) == ("ok", True)
    assert (dead.verdict, f"hub serving stop -p {server.port}" in dead.advice) == ("warning", True)
    assert (damaged.verdict, damaged.advice) == ("broken", f"rm {home}/conf/serving_7777.json")


def test_a_port_that_another_program_has_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other, socket.socket() as free:
        for each in (other, free):
            each.bind(("127.0.0.1", 0))
        other.listen()
        ports = (other.getsockname()[1], free.getsockname()[1])
        free.close()
        monkeypatch.setattr(servers, "USUAL_PORTS", ports)
        found = list(servers.look())

    assert named(found, "free ports").value == str(ports[1])
    assert f"ss -ltnp 'sport = :{ports[0]}'" in named(found, f"port {ports[0]}").advice


def test_a_slip_in_a_variable_s_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HUB_PROT", "HUB_MAX_BODY_MB", "HUB_WHATEVER", "HUB_API_KEY"):
        monkeypatch.setenv(name, "1")
    found = {finding.name: finding for finding in environment.look()}

    assert found["HUB_PROT"].advice == "did you mean HUB_PORT?"
    assert found["HUB_WHATEVER"].verdict == "warning"
    assert "HUB_API_KEY, HUB_HOME, HUB_MAX_BODY_MB" in found["set"].value
