"""Keep the bundled modules of a release, and what they need of ``hub``.

    python -m tests.released_modules.keep COMMIT

Run it once for a release that changes a bundled module, and commit the folder that it writes. The test then
serves those modules with the code of every later commit.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.released_modules.imports import attributes_in, names_in
from tests.released_modules.signatures import Recorder

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RECORD = "released.json"
PLACES = ("deploy/hubserving", "modules")


def releases() -> list[Path]:
    """Return the folders of all kept releases."""
    return sorted(path.parent for path in HERE.glob(f"*/{RECORD}"))


def folders(release: Path) -> list[Path]:
    """Return the module folders of one kept release."""
    return sorted(path.parent for path in release.glob("*/module.py"))


def checksums(release: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a kept release, by its path there."""
    paths = (path for folder in folders(release) for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(release).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(paths)
        if "__pycache__" not in path.parts
    }


def names(release: Path) -> set[str]:
    """Return the names of ``hub`` that the modules of a release use."""
    return {name for folder in folders(release) for name in names_in(folder)}


def described(release: Path, wanted: Iterable[str]) -> dict[str, Any]:
    """Describe names that the modules of a release use, as the ``hub`` that this process imports has them."""
    attributes = {name for folder in folders(release) for name in attributes_in(folder)}
    recorder = Recorder(wanted, attributes)
    return {"names": recorder.names, "types": recorder.types}


def keep(commit: str) -> Path:
    """Copy the bundled modules as they were at ``commit``, and record what they use of its ``hub``."""
    release = HERE / commit
    with tempfile.TemporaryDirectory() as place:
        old = Path(place)
        archive = ["git", "archive", commit, "hub", *PLACES]
        packed = subprocess.run(archive, cwd=ROOT, check=True, capture_output=True).stdout
        with tarfile.open(fileobj=io.BytesIO(packed)) as files:
            files.extractall(old, filter="data")
        for module in [path.parent for where in PLACES for path in (old / where).glob("*/module.py")]:
            ignored = shutil.ignore_patterns("test_*.py", "conftest.py")
            shutil.copytree(module, release / module.name, ignore=ignored)
        # The old hub is to be described: a process of its own, where its path comes first.
        shutil.copytree(HERE, old / "tests" / HERE.name, ignore=shutil.ignore_patterns("test_*.py"))
        command = [sys.executable, "-m", f"tests.{HERE.name}.keep", "--record", str(release)]
        environment = {**os.environ, "PYTHONPATH": str(old)}
        told = subprocess.run(command, cwd=old, env=environment, check=True, stdout=subprocess.PIPE).stdout
    content = {"files": checksums(release), **json.loads(told)}
    (release / RECORD).write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    return release


if __name__ == "__main__":
    if sys.argv[1:2] == ["--record"]:
        release = Path(sys.argv[2])
        sys.stdout.write(json.dumps(described(release, names(release))))
    elif len(sys.argv) == 2:
        keep(sys.argv[1])
    else:
        sys.exit("usage: python -m tests.released_modules.keep COMMIT")
