"""Tab in a real shell, and colours on a terminal but not in a pipe."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Hub
from tests.cli.modules import write_module
from tests.serving.running import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("home"), {"probe": {}, "broken": {}}) as running:
        yield running


@pytest.fixture
def tab(hub: Hub, tmp_path: Path) -> Callable[..., set[str]]:
    """``tab("hub show m")`` is what Tab offers there in bash, by the script that the command prints."""
    command = tmp_path / "bin" / "hub"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m hub "$@"\n')
    command.chmod(0o755)
    (tmp_path / "hub.bash").write_text(hub("completion", "bash").stdout)

    def complete(line: str, **environment: str) -> set[str]:
        script = (
            'source ./hub.bash; compopt() { echo "files"; }\n'
            'read -ra COMP_WORDS <<< "$1"; [[ "$1" == *" " ]] && COMP_WORDS+=("")\n'
            "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _hub_completion hub; printf '%s\\n' \"${COMPREPLY[@]}\""
        )
        done = subprocess.run(
            ["bash", "-c", script, "bash", line],
            env={
                **os.environ, "PATH": f"{command.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT),
                **environment,
            },
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stderr == ""
        return set(done.stdout.split())

    return complete


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_tab_completes_commands_options_modules_and_weights(
    tab: Callable[..., set[str]], hub: Hub, tmp_path: Path
) -> None:
    for name in ("mine", "mind"):
        write_module(tmp_path / name, "    pass\n")
        hub("install", f"{name}/")

    assert tab("hub pre") == {"predict"}
    assert tab("hub serving sta") == {"start", "status"}
    assert tab("hub predict x y --concur") == {"--concurrency"}
    assert tab("hub predict x y --format ") == {"json", "csv", "txt", "pdf"}
    assert tab("hub show mi") == {"mine", "mind"}
    assert tab("hub uninstall mine==") == {"mine==1.0.0"}
    assert tab("hub serving start -m min") == {"mine", "mind"}
    assert tab("hub weights fetch LA") == {"LAC"}
    assert tab("hub config get max") == {"max_download_mb"}
    assert tab("hub run ./mi") == {"files"}


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_tab_completes_ports_and_modules_of_servers(tab: Callable[..., set[str]], server: Server) -> None:
    assert tab("hub serving status -p ", HUB_HOME=str(server.home)) == {str(server.port)}
    assert tab(f"hub serving reload -p {server.port} pro", HUB_HOME=str(server.home)) == {"probe"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script_that_asks_hub(hub: Hub, shell: str) -> None:
    script = hub("completion", shell).stdout

    assert f"_HUB_COMPLETE={shell}_complete" in script
    if shutil.which(shell):
        assert subprocess.run([shell, "-n"], input=script, text=True, check=False).returncode == 0


# -- colours -----------------------------------------------------------------------------------------


def on_a_terminal(*words: str, **environment: str) -> str:
    """What a command shows where stdout and stderr are a terminal."""
    ours, theirs = pty.openpty()
    kept = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
    subprocess.run(
        [sys.executable, "-m", "hub", *words], stdout=theirs, stderr=theirs, check=False,
        env={**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **environment},
    )  # fmt: skip
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    return shown


def test_an_error_is_red_on_a_terminal_and_plain_in_a_pipe(hub: Hub) -> None:
    assert "\x1b[1;31mError:\x1b[0m absent is not installed" in on_a_terminal("show", "absent")
    assert hub("show", "absent").stderr.startswith("Error: absent is not installed")


def test_no_color_leaves_no_colour_and_color_always_wins_over_it() -> None:
    assert "\x1b[3" not in on_a_terminal("show", "absent", NO_COLOR="1")
    assert "31mError" in on_a_terminal("--color", "always", "show", "absent", NO_COLOR="1")


def test_color_never_leaves_no_escape_at_all_on_a_terminal() -> None:
    assert "\x1b[" not in on_a_terminal("--color", "never", "show", "absent")
    assert "\x1b[1m" in on_a_terminal("weights", "list")
    assert "\x1b[" not in on_a_terminal("--color", "never", "weights", "list")


def test_color_always_colours_a_pipe_and_leaves_its_layout(hub: Hub) -> None:
    plain, coloured = hub("weights", "list").stdout, hub("--color", "always", "weights", "list").stdout

    assert "\x1b[" not in plain
    assert "\x1b[1m" in coloured
    assert [line.split()[-1] for line in coloured.splitlines()[1:]] == [
        line.split()[-1] for line in plain.splitlines()[1:]
    ]


def test_states_are_coloured_by_what_they_say(server: Server) -> None:
    home = str(server.home)
    shown = on_a_terminal("serving", "status", "-p", str(server.port), HUB_HOME=home, COLUMNS="200")

    assert "\x1b[32mREADY" in shown
    assert "\x1b[1;31mFAILED" in shown


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["serving", "strat"], "hub serving start"),
        (["weights", "fetsh"], "hub weights fetch"),
        (["config", "rest"], "hub config reset"),
        (["doktor"], "hub doctor"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_slip_in_a_command_is_answered_with_what_was_meant(hub: Hub, words: list[str], meant: str) -> None:
    done = hub(*words)

    assert done.returncode == 2
    assert f"Did you mean '{meant}'?" in done.stderr
