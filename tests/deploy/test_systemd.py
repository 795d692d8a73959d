"""deploy/systemd, as systemd reads it; nothing is started by it here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hub.cli.start import start
from hub.serving.config.server_config import ServingConfig
from tests.serving.running import ROOT

FOLDER = ROOT / "deploy" / "systemd"
UNITS = ["hubserving.service", "hubserving@.service"]

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze: apt-get install systemd"
)


def directives(name: str) -> dict[str, str]:
    lines = (FOLDER / name).read_text().splitlines()
    found = [line.partition("=") for line in lines if "=" in line and not line.startswith("#")]
    return {key: value for key, _, value in found}


def installed(folder: Path, name: str) -> Path:
    """The unit with the path of a ``hub`` that exists; a template as one of its instances."""
    command = folder / "hub"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hub "$@"\n')
    command.chmod(0o755)
    unit = folder / name.replace("@.", "@8866.")
    unit.write_text((FOLDER / name).read_text().replace("/opt/hubserving/bin/hub", str(command)))
    return unit


@needs_systemd
@pytest.mark.parametrize("name", UNITS)
def test_systemd_finds_no_fault_in_the_unit(tmp_path: Path, name: str) -> None:
    words = ["systemd-analyze", "verify", "--recursive-errors=no", str(installed(tmp_path, name))]
    checked = subprocess.run(words, capture_output=True, text=True, timeout=60)

    assert (checked.returncode, checked.stderr) == (0, "")


@needs_systemd
def test_verify_would_have_found_one(tmp_path: Path) -> None:
    unit = installed(tmp_path, UNITS[0])
    unit.write_text(unit.read_text().replace("KillMode=mixed", "KillMode=gently"))
    words = ["systemd-analyze", "verify", "--recursive-errors=no", str(unit)]

    assert "gently" in subprocess.run(words, capture_output=True, text=True, timeout=60).stderr


@needs_systemd
@pytest.mark.parametrize("name", UNITS)
def test_the_service_is_shut_in_well(tmp_path: Path, name: str) -> None:
    words = ["systemd-analyze", "security", "--offline=yes", "--threshold=20", str(installed(tmp_path, name))]
    judged = subprocess.run(words, capture_output=True, text=True, timeout=60)

    assert judged.returncode == 0, judged.stdout


@pytest.mark.parametrize("name", UNITS)
def test_its_times_are_longer_than_the_servers(name: str) -> None:
    found = directives(name)
    defaults = ServingConfig.model_fields

    assert int(found["TimeoutStartSec"]) > defaults["load_timeout"].default
    assert int(found["TimeoutStopSec"]) > defaults["graceful_timeout"].default + 10


@pytest.mark.parametrize("name", UNITS)
def test_its_commands_are_ours(name: str) -> None:
    found = directives(name)
    options = {option for parameter in start.params for option in parameter.opts}

    assert set(re.findall(r"--\w+", found["ExecStart"])) <= options
    assert found["ExecReload"] == "/bin/kill -HUP $MAINPID"  # tests/faults/test_signal_faults.py
    assert f"Environment=HUB_RUNTIME_DIR=%t/{found['RuntimeDirectory']}" in (FOLDER / name).read_text()


def test_the_template_is_the_unit_for_several_ports() -> None:
    def lines(name: str) -> list[str]:
        return [line for line in (FOLDER / name).read_text().splitlines() if not line.startswith("# ")]

    several = [line.replace("%i", "8866").replace(" on port 8866", "") for line in lines(UNITS[1])]
    assert [line for line in several if line != "Environment=HUB_PORT=8866"] == lines(UNITS[0])
