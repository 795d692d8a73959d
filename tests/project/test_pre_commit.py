"""The hooks of .pre-commit-config.yaml are local ones, and run what ``make test`` checks before the tests."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import yaml

from tests.serving.running import ROOT

CONFIG = ROOT / ".pre-commit-config.yaml"
(REPOSITORY,) = yaml.safe_load(CONFIG.read_text("utf-8"))["repos"]


def test_no_hook_comes_from_elsewhere() -> None:
    hooks: list[dict[str, Any]] = REPOSITORY["hooks"]

    assert REPOSITORY["repo"] == "local"
    assert [hook["language"] for hook in hooks] == ["system"] * len(hooks)


def test_the_hooks_are_the_checks_of_make_test() -> None:
    needed = re.search(r"^test: (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert needed
    checks = [target for target in needed[1].split() if not target.startswith("$")]

    assert [hook["entry"] for hook in REPOSITORY["hooks"]] == [f"make {target}" for target in checks]


def test_pre_commit_reads_the_file() -> None:
    command = [sys.executable, "-m", "pre_commit", "validate-config", str(CONFIG)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
