"""Copies of bundled modules: which are of an earlier release, which were edited, and what replaces them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.registry import copies, weights
from hub.registry.install import Installer, Outcome
from hub.registry.local import InstalledModule, LocalRegistry
from hub.registry.progress import Silent
from hub.registry.sources import bundled
from hub.registry.store import checksums
from hub.registry.store.import_check import Imported
from tests.released_modules import keep

pytestmark = pytest.mark.unit

RELEASE = keep.HERE / "6590ed7"
NAME = "ocr_det"


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalRegistry:
    """A registry of its own, where no weights are fetched and no module is tried."""
    monkeypatch.setenv("HUB_HOME", str(tmp_path))
    monkeypatch.setattr(weights, "fetch", lambda names, **_: {})
    monkeypatch.setattr("hub.registry.store.import_check.try_import", lambda *_, **__: Imported())
    return LocalRegistry()


def install(registry: LocalRegistry, *, force: bool = False) -> Outcome:
    """What ``hub install NAME`` does."""
    installer = Installer(registry, Silent(), force=force)
    (outcome,) = installer.install([NAME])
    return outcome


def is_bundled(module: InstalledModule) -> bool:
    return checksums.of_folder(module.directory) == checksums.of_folder(bundled.folders()[NAME])


def edit(module: InstalledModule) -> None:
    path = module.directory / "params.py"
    path.write_text(path.read_text().replace("Config()", "Config()  # mine"))


def test_every_kept_release_is_known() -> None:
    known = json.loads((Path(copies.__file__).with_name("released.json")).read_text())

    for release in keep.releases():
        files = json.loads((release / keep.RECORD).read_text())["files"]
        for path, digest in files.items():
            module, _, inside = path.partition("/")
            assert known[release.name][module][inside] == digest


@pytest.fixture(params=["earlier", "of today"])
def installed(request: pytest.FixtureRequest, registry: LocalRegistry) -> Iterator[InstalledModule]:
    """An unedited copy."""
    if request.param == "earlier":
        yield registry.install(RELEASE / NAME)
    else:
        yield install(registry).module


def test_a_copy_as_it_was_installed_is_not_edited_and_one_with_a_changed_file_is(
    installed: InstalledModule,
) -> None:
    assert not copies.is_edited(installed)
    edit(installed)
    assert copies.is_edited(installed)


def test_an_earlier_copy_is_replaced_by_name(registry: LocalRegistry) -> None:
    before = registry.install(RELEASE / NAME)
    assert copies.is_earlier(before) and not is_bundled(before)

    outcome = install(registry)

    assert (outcome.already, outcome.edited) == (False, False)
    assert is_bundled(outcome.module) and not copies.is_earlier(outcome.module)
    assert install(registry).already


def test_an_edited_copy_is_replaced_by_force_only(
    registry: LocalRegistry, installed: InstalledModule
) -> None:
    edit(installed)
    outcome = install(registry)

    assert (outcome.already, outcome.edited) == (True, True)
    assert copies.is_edited(registry.find(NAME))
    assert is_bundled(install(registry, force=True).module)


def test_a_copy_from_a_folder_of_ones_own_is_kept(registry: LocalRegistry, tmp_path: Path) -> None:
    folder = tmp_path / "mine" / NAME
    shutil.copytree(bundled.folders()[NAME], folder)
    (folder / "params.py").write_text("# mine\n" + (folder / "params.py").read_text())
    registry.install(folder)

    assert install(registry).edited
    assert copies.notes([(NAME, None)]) == []


def test_the_start_says_which_command_replaces_an_earlier_copy(registry: LocalRegistry) -> None:
    module = registry.install(RELEASE / NAME)

    (line,) = copies.notes([(NAME, None)])
    assert "the bundled one is newer" in line and f"hub install {NAME} replaces it" in line
    edit(module)
    (line,) = copies.notes([(NAME, "1.0.0"), ("no_such_module", None)])
    assert f"hub install {NAME} --force replaces it, and your edits with it" in line
    assert "\n" not in line


def test_a_copy_of_today_needs_no_note(registry: LocalRegistry) -> None:
    edit(install(registry).module)

    assert copies.notes([(NAME, None)]) == []
