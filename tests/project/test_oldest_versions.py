"""tools/oldest_versions.py: the lower bounds of setup.py as constraints for pip."""

from __future__ import annotations

import subprocess
import sys

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.serving.running import ROOT
from tools import oldest_versions


@pytest.mark.parametrize(
    ("requirement", "constraint"),
    [
        ("click>=8.1.3", "click==8.1.3"),
        ("ray[serve]>=2.60", "ray==2.60"),
        ("paddlepaddle>=3.2,<3.3", "paddlepaddle==3.2"),
        ("opencv-python>=4.10.0.84", "opencv-python==4.10.0.84"),
    ],
)
def test_a_lower_bound_becomes_a_version(requirement: str, constraint: str) -> None:
    assert oldest_versions.oldest(requirement) == constraint


@pytest.mark.parametrize("requirement", ["click", "click<9", "click==8.1"])
def test_a_requirement_without_a_lower_bound_is_named(requirement: str) -> None:
    with pytest.raises(ValueError, match=f"'{requirement}' has no lower bound"):
        oldest_versions.oldest(requirement)


def test_every_dependency_of_the_package_gets_a_version_that_it_allows() -> None:
    printed = subprocess.run(
        [sys.executable, "tools/oldest_versions.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    constraints = {found.name: found for found in map(Requirement, printed.splitlines())}

    arguments = oldest_versions.metadata()
    extras = [each for extra in oldest_versions.EXTRAS for each in arguments["extras_require"][extra]]
    for requirement in map(Requirement, [*arguments["install_requires"], *extras]):
        (pinned,) = constraints.pop(requirement.name).specifier
        assert pinned.operator == "=="
        assert Version(pinned.version) in requirement.specifier
    assert constraints == {}
