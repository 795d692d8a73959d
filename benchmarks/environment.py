"""Environments of the peers: each library that is measured beside this one has one of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks import machine

VENVS: Final = machine.ROOT / "benchmarks" / ".venvs"


class NotInstallableError(Exception):
    """Packages cannot be installed here; says why in one line."""


def interpreter(name: str, packages: Sequence[str]) -> Path:
    """Return the Python of an environment, which is made when it is not there yet.

    Args:
        name: of its folder.
        packages: what pip installs, with versions.

    Raises:
        NotInstallableError: pip failed.
    """
    venv = VENVS / name
    python = venv / "bin" / "python"
    done = venv / "done"
    wanted = "\n".join(packages)
    if done.is_file() and done.read_text("utf-8") == wanted:
        return python
    print(f"installing {', '.join(packages)} into {venv.relative_to(machine.ROOT)}", flush=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", *packages]
    try:
        for command in ([sys.executable, "-m", "venv", str(venv)], pip):
            subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        said = str(getattr(error, "stderr", "") or error).strip().splitlines()
        why = said[-1] if said else str(error)
        raise NotInstallableError(f"{' '.join(packages)} cannot be installed: {why}") from error
    (VENVS / ".gitignore").write_text("*\n")
    done.write_text(wanted, "utf-8")
    return python
