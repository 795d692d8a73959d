"""Where everything is below the hub's home; computes paths and touches nothing.

    $HUB_HOME/
      modules/<package>/<version>     a symlink to the content folder that is installed
      content/<package>/<version>-<random>/
          .hold                       servers keep a shared lock on it while they use the folder
          record.json                 what was declared when it was installed, and its files' checksums
          <package>/module.py …       the module itself
          venv/                       its own Python environment, if it was installed with --isolated
      weights/<sha256>/               one catalogue entry's files
      locks/                          one lock per module and per weights archive
      tmp/                            where archives are unpacked before they are installed
      cache/tensorrt/                 what TensorRT has built of models, where it was asked for
      jobs/<port>/                    a server's jobs (hub/serving/messages/jobs_dir.py)
      config.json                     what `hub config` sets

``<package>`` is the module's name with ``-`` as ``_``, as in PaddleHub, so both spellings find it.
The symlinks are relative: the whole home may be moved.
"""

from __future__ import annotations

import re
from pathlib import Path

from hub.settings import hub_home

#: In a content folder: what servers lock, what was recorded at the installation, and of a module that was
#: installed with --isolated its own environment, with the Python in it.
HOLD, RECORD, VENV = ".hold", "record.json", "venv"
INTERPRETER = f"{VENV}/bin/python"

_PACKAGE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class Layout:
    """The paths below one home: the given one, or the configured one."""

    def __init__(self, home: str | Path | None = None) -> None:
        self.home = Path(home).expanduser().absolute() if home is not None else hub_home()
        self.modules = self.home / "modules"
        self.content = self.home / "content"
        self.weights = self.home / "weights"
        self.tmp = self.home / "tmp"
        self.config = self.home / "config.json"

    def lock(self, name: str) -> Path:
        return self.home / "locks" / f"{name}.lock"


def package_name(name: str) -> str | None:
    """Return the name of a module's package, or None if that cannot be a module's name (``../x``)."""
    package = name.replace("-", "_")
    return package if _PACKAGE.match(package) else None
