"""The workflow of .github tests what setup.py promises, with commands that exist."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.serving.running import ROOT
from tools import oldest_versions

pytestmark = pytest.mark.unit

CLASSIFIER = "Programming Language :: Python :: "
JOBS: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))["jobs"]


def promised() -> list[str]:
    """Return the Python versions of setup.py's classifiers."""
    classifiers = oldest_versions.metadata()["classifiers"]
    versions = (each.removeprefix(CLASSIFIER) for each in classifiers if each.startswith(CLASSIFIER))
    return [version for version in versions if re.fullmatch(r"\d+\.\d+", version)]


def commands(job: str) -> list[str]:
    return [step["run"] for step in JOBS[job]["steps"] if "run" in step]


def python_of(job: str) -> str:
    (step,) = (
        step for step in JOBS[job]["steps"] if step.get("uses", "").startswith("actions/setup-python@")
    )
    version: str = step["with"]["python-version"]
    return version


def test_the_matrix_is_the_versions_that_setup_py_names() -> None:
    assert JOBS["test"]["strategy"]["matrix"]["python"] == promised()
    assert python_of("test") == "${{ matrix.python }}"


def test_the_lowest_of_them_is_the_one_that_pip_requires() -> None:
    assert oldest_versions.metadata()["python_requires"] == f">={promised()[0]}"


def test_the_oldest_dependencies_run_on_the_oldest_python() -> None:
    assert python_of("oldest") == promised()[0]


def test_every_make_target_and_script_of_the_workflow_exists() -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    run = "\n".join(command for job in JOBS for command in commands(job))

    called = re.findall(r"\bmake (\S+)", run)
    assert called == ["test"] and set(called) <= set(targets)
    scripts = re.findall(r"\btools/\S+\.py", run)
    assert scripts == ["tools/oldest_versions.py"] and (ROOT / scripts[0]).is_file()
