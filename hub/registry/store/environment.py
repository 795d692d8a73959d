"""A module's own Python environment: made at installation, used by its import check and its runners.

It is in the module's content folder and so appears and disappears with it. It has what the module's
``requirements.txt`` lists and nothing of ours; the one package that its processes get besides is ``hub``
itself, through a folder on ``PYTHONPATH`` that holds a link to it and nothing else. (A link to our
``site-packages`` would expose all that is next to it, in our versions.)
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hub import settings
from hub.errors import RegistryError
from hub.registry.progress import Progress
from hub.registry.store.layout import INTERPRETER, VENV


def interpreter_of(content: Path) -> Path | None:
    """Return the interpreter of an installed module's own environment, or None if it has no such environment.

    Raises:
        RegistryError: it has one whose Python has gone, say with an upgrade of the system.
    """
    if not (content / VENV).is_dir():
        return None
    python = content / INTERPRETER
    if not python.exists():
        raise RegistryError(
            f"the environment {content / VENV} has lost its Python ({python} leads nowhere); "
            "install the module again with: hub install --isolated"
        )
    return python


def build(content: Path, folder: Path, *, name: str, wheels: Path | None, progress: Progress) -> Path:
    """Make the environment, install the module's requirements into it, return its interpreter.

    Args:
        content: the content folder being staged.
        folder: the module in it.
        name: the module's, for messages.
        wheels: where to take the requirements from instead of an index.
        progress: shows what goes on.

    Raises:
        RegistryError: the environment cannot be made, or pip failed.
    """
    from hub.registry.requirements import pip_install  # needs packaging, which a module's environment lacks

    with progress.task(f"Making an environment for {name}"):
        # Without pip in it: ours installs into it, in a third of the time.
        command = [sys.executable, "-m", "venv", "--without-pip", str(content / VENV)]
        made = subprocess.run(
            command, capture_output=True, text=True, env=settings.child_environment(), check=False
        )
    if made.returncode:
        raise RegistryError(
            f"no environment could be made for {name}: {(made.stderr or made.stdout).strip()}\n"
            "Python's venv is needed (on Debian: apt install python3-venv)"
        )
    python = content / INTERPRETER
    pip_install(folder, name=name, progress=progress, python=python, wheels=wheels)
    return python


def expose_hub(folder: Path) -> dict[str, str]:
    """Put a link to our package into ``folder``; return the variables that let a child find it there."""
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / "hub"
    if not link.is_symlink():
        link.symlink_to(settings.PACKAGE)
    return {"PYTHONPATH": str(folder)}
