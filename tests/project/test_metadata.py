"""What setup.py says about the distribution, as the installed metadata has it."""

from __future__ import annotations

import subprocess
import sys
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

from tests.serving.running import ROOT


@pytest.fixture(scope="module")
def metadata(tmp_path_factory: pytest.TempPathFactory) -> Message:
    folder: Path = tmp_path_factory.mktemp("metadata")
    command = [sys.executable, "setup.py", "-q", "egg_info", "--egg-base", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return Parser().parsestr((folder / "hubserving.egg-info" / "PKG-INFO").read_text("utf-8"))


def test_the_maintainers_are_named_and_no_address_is_made_up(metadata: Message) -> None:
    assert metadata["Author"] == "The HubServing maintainers"
    for field in ("Author-email", "Maintainer-email", "Home-page", "Download-URL", "Project-URL"):
        assert metadata.get_all(field) is None


def test_the_package_is_typed_as_it_says(metadata: Message) -> None:
    assert "Typing :: Typed" in (metadata.get_all("Classifier") or [])
    assert (ROOT / "hub" / "py.typed").is_file()


def test_the_license_is_that_of_the_file(metadata: Message) -> None:
    assert metadata["License"] == "Apache-2.0"
    assert "License :: OSI Approved :: Apache Software License" in (metadata.get_all("Classifier") or [])
    assert "Apache License" in (ROOT / "LICENSE").read_text("utf-8")[:200]
