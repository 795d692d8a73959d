"""Which changes of a module's folder are a reason to load it again, and when."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hub.errors import InvalidModuleError
from hub.serving.config.server_config import build
from hub.serving.messages.control import ControlAnswer, ControlRequest
from hub.serving.supervisor.folder_watch import FolderWatch

pytestmark = pytest.mark.unit


@dataclass
class Asked:
    """What stands for the supervisor's commands: remembers what is reloaded."""

    config: Any
    fleets: dict[str, Any]
    names: list[str] = field(default_factory=list)
    error: Exception | None = None

    def do(self, request: ControlRequest) -> Any:
        self.names.append(request.module)
        if self.error is not None:
            raise self.error
        return lambda: ControlAnswer(ok=True, message="serves")


@dataclass
class Case:
    """Two modules, each in a folder that is watched, and one that is not."""

    folder: Path
    asked: Asked
    watch: FolderWatch
    now: float = 0.0

    def write(self, name: str, text: str = "x") -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)

    def looks(self, count: int = 1) -> list[str]:
        """Have the folders looked at ``count`` times; what was reloaded meanwhile."""
        before = len(self.asked.names)
        for _ in range(count):
            self.watch.tick(self.now)
            self.now += 1.0
        return self.asked.names[before:]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "module.py").write_text("")
    entries = {name: {"init_args": {"directory": str(tmp_path / name)}} for name in ("one", "two")}
    config = build({"modules_info": {**entries, "echo": {}}}, "test")
    asked = Asked(config, {name: SimpleNamespace(reason="") for name in config.modules_info})
    return Case(tmp_path, asked, FolderWatch(asked))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["module.py", "params.yaml", "data/labels.txt", "new/more.json"])
def test_a_file_that_an_author_edits_reloads_its_module_once(case: Case, name: str) -> None:
    assert case.looks() == []
    case.write(f"one/{name}")

    assert case.looks(4) == ["one"]


@pytest.mark.parametrize(
    "name", ["__pycache__/module.py", ".module.py.swp", ".git/config.json", "out.png", "run.log"]
)
def test_what_editors_and_modules_write_themselves_reloads_nothing(case: Case, name: str) -> None:
    case.write(f"one/{name}")

    assert case.looks(3) == []


def test_nothing_is_reloaded_while_files_still_change(case: Case) -> None:
    for number in range(1, 4):
        case.write("one/module.py", "x" * number)
        assert case.looks() == []

    assert case.looks() == ["one"]


def test_a_change_while_the_module_is_loaded_for_the_first_time_counts(case: Case) -> None:
    case.write("two/module.py")  # the server has begun, and looks only when it is ready

    assert case.looks(2) == ["two"]


def test_a_deleted_and_a_touched_file_are_changes(case: Case) -> None:
    os.utime(case.folder / "one/module.py", (1, 1))
    (case.folder / "two/module.py").unlink()

    assert sorted(case.looks(3)) == ["one", "two"]


def test_what_cannot_even_be_planned_is_the_modules_reason_until_the_next_change(case: Case) -> None:
    case.asked.error = InvalidModuleError("module.py cannot be read as Python")
    case.write("one/module.py", "def")

    assert case.looks(3) == ["one"]
    assert case.asked.fleets["one"].reason == "reload failed: module.py cannot be read as Python"

    case.asked.error = None
    case.write("one/module.py", "")
    assert case.looks(3) == ["one"]


def test_folders_of_modules_that_come_and_go_are_followed(case: Case) -> None:
    modules = dict(case.asked.config.modules_info)
    case.asked.config = case.asked.config.model_copy(update={"modules_info": {"two": modules["two"]}})
    case.looks()
    case.asked.config = case.asked.config.model_copy(update={"modules_info": modules})
    case.looks()
    case.write("one/module.py")

    assert case.looks(3) == ["one"]
