"""doc/tutorial.md, done step by step from its code blocks: only the port is another."""

from __future__ import annotations

import ast
import re
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.docs.blocks import Block, read
from tests.docs.conftest import folder_of_commands
from tests.docs.terminal import Terminal
from tests.serving.running import ROOT, free_port, hub
from tests.ui.conftest import browser, page  # noqa: F401
from tests.ui.driving import run, upload

TUTORIAL = ROOT / "doc" / "tutorial.md"
CHINESE = ROOT / "doc" / "tutorial_zh.md"
#: A file that was edited is served "a second or two later"; more on a busy machine.
WATCH_SECONDS = 30.0
#: The registry that ``user`` has.
HOME = Path("user", ".hubserving")
#: The steps that make the clean machine's own environment.
INSTALLATION = re.compile(r"^(python3 -m venv|\.|pip install) .*\n", re.MULTILINE)


def follow(
    terminal: Terminal, home: Path, in_browser: Callable[[str], None], *, skip: re.Pattern[str] | None = None
) -> int:
    """Do what the document says; the number of outputs that were as printed.

    ``home`` is the registry that the commands use. ``in_browser`` gets the server's address once it runs.
    """
    port, said, compared, typed = str(free_port()), "", 0, ""
    try:
        for block in read(TUTORIAL):
            text = block.text.replace("8866", port)
            if block.language == "shell":
                typed = skip.sub("", text) if skip else text
                said = terminal.run(typed)
                if "hub serving start" in text:
                    in_browser(f"http://127.0.0.1:{port}")
            elif block.language == "text":
                deadline = time.monotonic() + WATCH_SECONDS
                while (
                    typed.startswith("curl ") and not as_printed(text, said) and time.monotonic() < deadline
                ):
                    time.sleep(0.2)
                    said = terminal.run(typed)
                assert as_printed(text, said), f"{text!r} is printed, {said!r} came"
                compared += 1
            else:
                assert block.file
                terminal.write(block.file, text)
        with pytest.raises(requests.ConnectionError):
            requests.get(f"http://127.0.0.1:{port}", timeout=5)
        return compared
    finally:
        hub("serving", "stop", "-p", port, home=home, check=False)  # there is one only after a failure


def as_printed(printed: str, said: str) -> bool:
    """Whether the output is what the document prints, in which … stands for anything within a line."""
    pattern = ".*".join(re.escape(part) for part in printed.strip().split("…"))
    return re.fullmatch(pattern, said.strip()) is not None


def look_at_the_page(url: str) -> None:
    """What a browser gets: the page, all it loads, and the module with its arguments."""
    got = requests.get(url, headers={"Accept": "text/html"}, timeout=10)
    assert got.status_code == 200
    parts = re.findall(r'(?:src|href)="/?([^":]+\.\w+)"', got.text)
    assert len(parts) > 1
    for part in parts:
        assert requests.get(f"{url}/{part}", timeout=10).status_code == 200
    (module,) = requests.get(f"{url}/api/modules", timeout=10).json()["modules"]
    assert module["name"] == "palette"
    assert module["state"] == "READY"


@pytest.mark.timeout(240)
def test_the_tutorial_ends_with_a_module_of_one_s_own_that_was_served_and_called(
    tmp_path: Path, user: dict[str, str], terminals: Callable[..., Terminal]
) -> None:
    python = f"env PYTHONPATH={shlex.quote(str(ROOT))} {shlex.quote(sys.executable)}"
    path = folder_of_commands(tmp_path / "bin", hub=f"{python} -m hub", python=python)
    terminal = terminals(ROOT, {**user, "PATH": path})
    assert follow(terminal, tmp_path / HOME, look_at_the_page, skip=INSTALLATION) == 11


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_tutorial_on_a_clean_machine_and_in_a_real_browser(
    tmp_path: Path,
    checkout: Path,
    clean: dict[str, str],
    terminals: Callable[..., Terminal],
    page: Any,  # noqa: F811
) -> None:
    def drop_the_picture(url: str) -> None:
        page.goto(url)
        page.wait_for_selector("#module:not([hidden])")
        upload(page, tmp_path / "user" / "tutorial" / "sign.jpg")
        run(page, "text=#165186")

    assert follow(terminals(checkout, clean), tmp_path / HOME, drop_the_picture) == 11


def without_words(block: Block) -> str:
    """A block without its comments and docstrings: what must be the same in every language."""
    if block.language != "python":
        return re.sub(r"\s+#.*", "", block.text)
    tree = ast.parse(block.text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            node.body = node.body[1:]
    return ast.dump(tree)


def test_the_chinese_tutorial_has_the_same_code() -> None:
    ours, theirs = list(read(TUTORIAL)), list(read(CHINESE))
    assert [block.file for block in theirs] == [block.file for block in ours]
    assert [without_words(block) for block in theirs] == [without_words(block) for block in ours]
