"""How a replica finds its module on a node. Needs no Ray."""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path

import pytest

from hub import settings
from hub.errors import ChecksumError, InvalidModuleError
from hub.module.info import read_module_info
from hub.registry.authoring import pack
from hub.registry.local import InstalledModule
from hub.registry.progress import Silent
from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.ray.node_files import find_module
from tests.serving.running import MODULES

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def _home_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_HOME", os.environ.get("HUB_HOME", ""))


@pytest.fixture
def unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of a replica that was sent the module greet."""
    greet = tmp_path / "greet"
    shutil.copytree(MODULES / "greet", greet)
    module = InstalledModule(read_module_info(greet), greet, tmp_path)
    archive = pack.pack(module, tmp_path, home=tmp_path, progress=Silent())
    folder = tmp_path / "node"
    with tarfile.open(archive) as tape:
        tape.extractall(folder, filter="data")
    monkeypatch.chdir(folder)
    return folder


def spec(directory: str = "/server/modules/greet") -> RunnerSpec:
    return RunnerSpec(name="greet", version="1.0.0", directory=directory)


def test_a_module_that_was_sent_is_found_in_the_archive(unpacked: Path) -> None:
    found = find_module(spec(), is_shared=False, home="/server")

    assert found == unpacked / "module" / "greet"
    assert settings.hub_home() == unpacked  # where its weights are looked for


def test_an_archive_that_was_changed_is_refused(unpacked: Path) -> None:
    (unpacked / "module" / "greet" / "module.py").write_text("print('something else')")
    with pytest.raises(ChecksumError):
        find_module(spec(), is_shared=False, home="/server")


def test_a_node_without_the_archive_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidModuleError, match="this node has no archive of greet"):
        find_module(spec(), is_shared=False, home="/server")


def test_a_shared_module_is_at_the_servers_path(tmp_path: Path) -> None:
    folder = str(MODULES / "greet")

    assert find_module(spec(folder), is_shared=True, home=str(tmp_path)) == Path(folder)
    assert settings.hub_home() == tmp_path


def test_a_node_without_the_shared_folder_says_so() -> None:
    with pytest.raises(InvalidModuleError, match=r'no /nowhere/greet.*"shared".*/server.*"archive"'):
        find_module(spec("/nowhere/greet"), is_shared=True, home="/server")
