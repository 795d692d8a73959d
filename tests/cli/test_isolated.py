"""Modules whose requirements do not fit ours, or each other's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Hub
from tests.cli.test_install_sources import assert_refused
from tests.registry.wheels import needing_module, only_from, wheel
from tests.serving.running import Server

pytestmark = pytest.mark.slow


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    for version in ("1.0", "2.0"):
        wheel(tmp_path / "wheels", version)
    return tmp_path / "wheels"


def test_requirements_are_checked_before_anything_is_installed(hub: Hub, home: Path, tmp_path: Path) -> None:
    module = needing_module(tmp_path, "==1.0", "needs_one")
    said = assert_refused(hub, home, "install", module, saying="tinydep==1.0 (not installed)")
    assert "hub install --isolated" in said


def test_two_modules_with_conflicting_pins_serve_side_by_side(
    hub: Hub, home: Path, tmp_path: Path, wheels: Path
) -> None:
    one, two = needing_module(tmp_path, "==1.0", "needs_one"), needing_module(tmp_path, ">=2", "needs_two")
    # What lies on PYTHONPATH does not count as installed there.
    ours = wheel(tmp_path / "ours", "1.0")
    subprocess.run([sys.executable, "-m", "zipfile", "-e", ours, tmp_path / "ours"], check=True)
    path = f"{ROOT}:{tmp_path / 'ours'}"
    done = hub("install", "--isolated", one, two, PYTHONPATH=path, **only_from(wheels))
    assert done.stdout.splitlines() == [
        "Successfully installed needs_one-1.0.0",
        "Successfully installed needs_two-1.0.0",
    ]
    record = json.loads(next(home.glob("content/needs_one/*/record.json")).read_text())
    assert record["interpreter"] == "venv/bin/python"
    assert json.loads(hub("run", "needs_two").stdout)[0] == "2.0"
    assert "venv/bin/python (its own environment)" in hub("show", "needs_one").stdout
    with Server(
        home, {}, modules_info={"needs_one": {"init_args": {}}, "needs_two": {"init_args": {}}}
    ) as server:
        for name, version in (("needs_one", "1.0"), ("needs_two", "2.0")):
            told = server.post(name, {"texts": ["x"]}).json()["results"]
            assert told[0] == version
            assert Path(told[1]).is_relative_to(home / "content" / name)


def test_an_isolated_module_sees_none_of_our_packages(hub: Hub, tmp_path: Path, wheels: Path) -> None:
    module = needing_module(tmp_path, "", "needs_any")
    (module / "module.py").write_text("import click\n" + (module / "module.py").read_text())
    done = hub("install", "--isolated", module, **only_from(wheels))
    assert done.returncode == 1
    assert "click" in done.stderr


def test_requirements_that_cannot_be_had_leave_nothing(
    hub: Hub, home: Path, tmp_path: Path, wheels: Path
) -> None:
    module = needing_module(tmp_path, "==3.0", "needs_three")
    assert_refused(hub, home, "install", "--isolated", module, saying="tinydep==3.0", **only_from(wheels))
    assert not (home / "content" / "needs_three").exists()


def test_install_requirements_into_this_environment(hub: Hub, tmp_path: Path, wheels: Path) -> None:
    """In a throw-away environment that sees the packages of this one."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    ours = [path for path in sys.path if path.endswith("site-packages")]
    packages = next(venv.glob("lib/python*/site-packages"))
    (packages / "ours.pth").write_text("\n".join(ours))
    module = needing_module(tmp_path, "==2.0", "needs_two")
    done = hub(
        "install", "--install_requirements", module, python=venv / "bin" / "python", **only_from(wheels)
    )
    assert done.stdout == "Successfully installed needs_two-1.0.0\n", done.stderr
    assert (packages / "tinydep.py").is_file()


def test_a_pack_with_wheels_installs_isolated_without_a_network(
    hub: Hub, home: Path, tmp_path: Path, wheels: Path
) -> None:
    module = needing_module(tmp_path, "==1.0", "needs_one")
    assert hub("install", "--isolated", module, **only_from(wheels)).returncode == 0
    assert hub("pack", "needs_one", "--wheels", **only_from(wheels)).returncode == 0
    elsewhere = {**only_from(tmp_path / "nothing"), "HUB_HOME": str(tmp_path / "other")}
    done = hub("install", "--isolated", "needs_one-1.0.0.hub.tar.gz", **elsewhere)
    assert done.stdout == "Successfully installed needs_one-1.0.0\n", done.stderr
    assert json.loads(hub("run", "needs_one", **elsewhere).stdout)[0] == "1.0"
