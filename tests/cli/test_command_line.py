"""The ``hub`` command itself: what it imports, how it answers mistakes, how modules are named."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hub.cli.serving import parse_modules
from hub.errors import UsageError
from tests.serving.running import MODULES, ROOT, Server, environment, free_port, hub

HEAVY = (
    "numpy",
    "cv2",
    "flask",
    "werkzeug",
    "gunicorn",
    "pydantic",
    "paddle",
    "openvino",
    "onnxruntime",
    "PIL",
)


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["doctor", "--help"],
        ["serving", "--help"],
        ["serving", "start", "--help"],
        ["version"],
        ["serving", "stop"],
    ],
)
def test_help_and_light_commands_import_nothing_heavy(home: Path, words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "hub", *words],
        env=environment(home), cwd=ROOT, text=True, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    imported = {
        line.rpartition("|")[2].strip().partition(".")[0]
        for line in done.stderr.splitlines()
        if line.startswith("import time:")
    }

    assert "click" in imported
    assert not imported & set(HEAVY)


def test_help_lists_the_commands(home: Path) -> None:
    said = hub("--help", home=home).stdout

    for command in ("install", "uninstall", "list", "show", "serving", "version"):
        assert f"\n  {command}" in said


def test_python_m_hub_and_the_entry_point_are_the_same_function() -> None:
    setup = (ROOT / "setup.py").read_text()

    assert "hub = hub.cli.main:main" in setup
    assert "from hub.cli.main import main" in (ROOT / "hub" / "__main__.py").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["instal", "x"], "Did you mean 'hub install'?", id="a typo"),
        pytest.param(["serve"], "Did you mean 'hub serving start'?", id="another tool's serve"),
        pytest.param(["ps"], "Did you mean 'hub serving status'?", id="another tool's ps"),
        pytest.param(["pull", "x"], "Did you mean 'hub install'?", id="another tool's pull"),
        pytest.param(["serving", "list"], "Did you mean 'hub serving status'?", id="a list of servers"),
        pytest.param(["quux"], "No such command 'quux'", id="nothing near"),
        pytest.param(["serving", "quux"], "quux", id="a sub-command"),
        pytest.param(["serving", "start", "--quux"], "--quux", id="an option"),
        pytest.param(["serving", "start", "-m", "a", "-p", "many"], "many", id="a port that is no number"),
        pytest.param(["serving", "start"], "-m NAME", id="no module"),
        pytest.param(["serving", "start", "-m", "a==1", "a==2"], "named twice", id="two versions"),
        pytest.param(["serving", "start", "-m", "a=="], "NAME==VERSION", id="half a version"),
        pytest.param(["serving", "scale", "a", "0"], "0", id="no runners"),
    ],
)
def test_wrong_usage_ends_with_exit_code_2_and_says_why(home: Path, words: list[str], said: str) -> None:
    done = hub(*words, home=home, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["serving", "start", "-m", "nobody"], "hub install", id="not installed"),
        pytest.param(
            ["serving", "start", "-c", "/nowhere/config.json"], "/nowhere/config.json", id="no file"
        ),
        pytest.param(["serving", "start", "-m", "a", "-p", "70000"], "'port'", id="port out of range"),
        pytest.param(["serving", "start", "-m", "a", "-w", "0"], "'workers'", id="no workers"),
        pytest.param(["serving", "start", "-m", "a", "--gpu", "x"], "'gpu", id="a card that is no number"),
        pytest.param(["serving", "start", "-m", "a/b"], "a/b is not a folder", id="no folder"),
        pytest.param(["serving", "stop", "-p", "9"], "running on port 9", id="stop without a server"),
        pytest.param(["serving", "logs", "-p", "9"], "--daemon", id="logs without a log"),
        pytest.param(
            ["serving", "reload", "a", "-p", "9"],
            "No server is running on port 9. None",
            id="reload without a server",
        ),
    ],
)
def test_what_cannot_be_done_ends_with_exit_code_1_and_one_clear_line(
    home: Path, words: list[str], said: str
) -> None:
    done = hub(*words, home=home, check=False)

    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert said in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["-m", "probe", "greet==1.0.0"], id="-m a b==V"),
        pytest.param(["-m", "probe,greet==1.0.0"], id="-m a,b==V"),
        pytest.param(["--modules", "[probe==1.0.0, greet]"], id="-m '[a==V, b]' as one word"),
        pytest.param(["-m", "[probe==1.0.0,", "greet]"], id="-m [a==V, b] as two words"),
    ],
)
def test_every_way_of_naming_modules_starts_them(home: Path, words: list[str]) -> None:
    for name in ("probe", "greet"):
        hub("install", str(MODULES / name), home=home)
    port = str(free_port())
    # Options may come after: the documents write `-m NAME -p PORT`.
    started = hub("serving", "start", *words, "-p", port, "--daemon", home=home)
    report = json.loads(hub("serving", "status", "-p", port, "--json", home=home).stdout)
    hub("serving", "stop", "-p", port, home=home)

    assert started.returncode == 0
    assert [(module["name"], module["state"]) for module in report["modules"]] == [
        ("probe", "READY"),
        ("greet", "READY"),
    ]


@pytest.mark.parametrize(
    ("given", "versions"),
    [
        (("a", "b"), {"a": None, "b": None}),
        (("a",), {"a": None}),
        (("a", "b==1.0.0"), {"a": None, "b": "1.0.0"}),
        (("a,b", "c"), {"a": None, "b": None, "c": None}),
        (("[a==1.0.0, b]",), {"a": "1.0.0", "b": None}),
        (("[a==1.0.0,", "b]"), {"a": "1.0.0", "b": None}),
        (("a , b",), {"a": None, "b": None}),
        ((), {}),
    ],
)
def test_module_names_are_read_in_all_spellings(
    given: tuple[str, ...], versions: dict[str, str | None]
) -> None:
    assert {
        name: entry["init_args"].get("version") for name, entry in parse_modules(given).items()
    } == versions


@pytest.mark.parametrize("word", ["==1.0.0", "a==", "=="])
def test_half_a_module_name_is_wrong_usage(word: str) -> None:
    with pytest.raises(UsageError):
        parse_modules((word,))


def test_a_server_s_exit_code_is_0_after_stop_and_1_when_no_module_came_up(home: Path) -> None:
    with Server(home, {"probe": {}}) as server:
        hub("serving", "stop", "-p", str(server.port), home=home)
        stopped = server.process.wait(10)
    failed = Server(home, {"broken": {}}, wait=False)

    assert (stopped, failed.process.wait(20)) == (0, 1)


def test_output_into_a_closed_pipe_is_no_traceback(home: Path) -> None:
    command = f"{sys.executable} -m hub --help | true"
    done = subprocess.run(
        ["bash", "-c", command], env=environment(home), cwd=ROOT, text=True, capture_output=True, timeout=30
    )

    assert "Traceback" not in done.stderr
