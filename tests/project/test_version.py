"""The version is the same in the package and in the changelog."""

from __future__ import annotations

import re

import pytest

import hub
from tests.serving.running import ROOT

pytestmark = pytest.mark.unit

HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
VERSION = re.compile(r"(\d+\.\d+\.\d+)(?: - \d{4}-\d{2}-\d{2})?")


def newest_version(changelog: str) -> str:
    """Return the version of the first heading that is not ``Unreleased``."""
    headings = HEADING.findall(changelog)
    newest = headings[1] if headings[0] == "Unreleased" else headings[0]
    found = VERSION.fullmatch(newest)
    assert found, f"CHANGELOG.md: the heading {newest!r} is not 'X.Y.Z - YYYY-MM-DD'"
    return found[1]


def test_the_changelog_begins_with_the_packages_version() -> None:
    assert newest_version((ROOT / "CHANGELOG.md").read_text("utf-8")) == hub.__version__


@pytest.mark.parametrize(
    ("changelog", "version"),
    [
        ("# Changelog\n\n## Unreleased\n\n## 1.2.0 - 2026-12-01\n\n## 1.1.9\n", "1.2.0"),
        ("## 0.3.1\n\n## 0.3.0\n", "0.3.1"),
    ],
)
def test_the_newest_version_is_read(changelog: str, version: str) -> None:
    assert newest_version(changelog) == version


def test_a_heading_of_another_form_is_named() -> None:
    with pytest.raises(AssertionError, match="'Version 2' is not"):
        newest_version("## Unreleased\n\n## Version 2\n")
