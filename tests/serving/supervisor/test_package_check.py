"""Whether the package on disk is still the one that runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import ServerError
from hub.serving.supervisor import package_check
from hub.version import __version__

pytestmark = pytest.mark.unit


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of the package."""
    monkeypatch.setattr(package_check, "PACKAGE", tmp_path)
    return tmp_path


def write_version(package: Path, version: str) -> None:
    (package / "version.py").write_text(f'"""The version."""\n\n__version__ = "{version}"\n')


def test_the_package_that_runs_has_not_changed() -> None:
    package_check.require_unchanged()

    assert package_check.change() == ""


def test_the_same_version_on_disk_is_no_change(package: Path) -> None:
    write_version(package, __version__)

    assert package_check.change() == ""


def test_another_version_on_disk_says_which_and_what_to_do(package: Path) -> None:
    write_version(package, "9.8.7")
    said = package_check.change()

    assert "HubServing 9.8.7 is installed now" in said
    assert f"this server runs {__version__}" in said
    assert "hub serving stop, then start" in said


def test_a_version_that_cannot_be_read_is_a_change(package: Path) -> None:
    (package / "version.py").write_text("half a fi")

    assert "another HubServing is installed now" in package_check.change()


def test_a_package_that_is_gone_is_a_change(package: Path) -> None:
    assert "another HubServing is installed now" in package_check.change()


def test_what_needs_the_same_package_is_refused_with_that_sentence(package: Path) -> None:
    write_version(package, "9.8.7")
    with pytest.raises(ServerError, match="hub serving stop, then start"):
        package_check.require_unchanged()
