"""Print the oldest versions of the dependencies that setup.py allows, as constraints for pip.

    python tools/oldest_versions.py > build/oldest.txt
    python -m pip install --editable '.[dev]' --constraint build/oldest.txt

Each dependency of ``hub`` and of the extras in ``EXTRAS`` gets its lower bound. The other tools of ``.[dev]``
stay free: users do not have them. PaddleX and Ray have tests of their own, which set their versions.

Needs setuptools, which the virtual environments of Python 3.11 have.
"""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any
from unittest import mock

SETUP = Path(__file__).parents[1] / "setup.py"
EXTRAS = ("onnxruntime", "grpc")
_BOUNDED = re.compile(r"(?P<name>[\w.-]+)(?:\[[\w,]+\])?>=(?P<version>[\w.]+)(?:,.*)?")


def metadata() -> dict[str, Any]:
    """Return the arguments that setup.py gives to ``setuptools.setup``."""
    with mock.patch("setuptools.setup") as setup:
        runpy.run_path(str(SETUP))
    arguments: dict[str, Any] = setup.call_args.kwargs
    return arguments


def oldest(requirement: str) -> str:
    """Return ``name==version`` for a requirement ``name>=version``.

    Raises:
        ValueError: it has no lower bound, so no oldest version can be tested.
    """
    found = _BOUNDED.fullmatch(requirement)
    if found is None:
        raise ValueError(f"setup.py: {requirement!r} has no lower bound; write {requirement}>=VERSION")
    return f"{found['name']}=={found['version']}"


def constraints() -> list[str]:
    """Return the oldest allowed version of each dependency, one a line of pip's constraints file."""
    arguments = metadata()
    extras = [requirement for extra in EXTRAS for requirement in arguments["extras_require"][extra]]
    return [oldest(requirement) for requirement in [*arguments["install_requires"], *extras]]


if __name__ == "__main__":
    print(*constraints(), sep="\n")
