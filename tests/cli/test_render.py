"""How results and progress look on a terminal."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys

import pytest


def test_a_table_on_a_terminal_has_bold_titles_and_no_colours_when_no_color_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    ours, theirs = pty.openpty()
    listing = subprocess.Popen([sys.executable, "-m", "hub", "weights", "list"], stdout=theirs)
    os.close(theirs)
    shown = everything(ours)
    assert listing.wait(20) == 0
    assert "LAC" in shown
    assert "\x1b[1m" in shown
    assert "\x1b[3" not in shown


def everything(terminal: int) -> str:
    """Read until the other end is closed; a terminal gives 4 kB at a time."""
    shown = b""
    with contextlib.suppress(OSError):
        while chunk := os.read(terminal, 1 << 16):
            shown += chunk
    os.close(terminal)
    return shown.decode()


def test_tasks_within_tasks_are_shown_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    script = (
        "import time; from hub.cli.render import ProgressBars; bars = ProgressBars()\n"
        "with bars.task('outer'), bars.task('inner', 2_000_000) as advance:\n"
        "    advance(1_000_000); time.sleep(0.5)\n"
        "with bars.task('next'): pass\n"
    )
    ours, theirs = pty.openpty()
    subprocess.run([sys.executable, "-c", script], stderr=theirs, check=True)
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert "outer" in shown
    assert "1.0 MB of 2.0 MB" in shown
