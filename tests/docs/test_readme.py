"""Both READMEs: the module of one's own is installed, served and called as printed, on another port."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs.blocks import read
from tests.docs.conftest import folder_of_commands
from tests.docs.terminal import Terminal
from tests.serving.running import ROOT, free_port, hub


@pytest.mark.parametrize("name", ["README.md", "README_zh.md"])
def test_the_module_of_one_s_own_answers_as_printed(
    name: str, tmp_path: Path, user: dict[str, str], terminals: Callable[..., Terminal]
) -> None:
    blocks = list(read(ROOT / name))
    first = next(number for number, block in enumerate(blocks) if block.file == "brightness/module.py")
    module, commands, printed = blocks[first : first + 3]
    port = str(free_port())
    (tmp_path / "brightness").mkdir()
    (tmp_path / "brightness" / "__init__.py").touch()
    (tmp_path / "doc").symlink_to(ROOT / "doc")
    (tmp_path / "brightness" / "module.py").write_text(module.text, "utf-8")
    python = f"env PYTHONPATH={shlex.quote(str(ROOT))} {shlex.quote(sys.executable)}"
    path = folder_of_commands(tmp_path / "bin", hub=f"{python} -m hub")
    terminal = terminals(tmp_path, {**user, "PATH": path})
    try:
        said = terminal.run(commands.text.replace("8866", port))
        assert said.rstrip().endswith(printed.text.strip())
        assert len(module.text.split("\n\n\n")[1].strip().splitlines()) <= 10  # it is promised to be short
    finally:
        hub("serving", "stop", "-p", port, home=tmp_path / "user" / ".hubserving", check=False)
