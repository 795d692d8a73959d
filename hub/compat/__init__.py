"""What lets unchanged PaddleHub modules load: the names that they import, and what they expect around them.

    hub.compat.install()        once per process that loads modules: a runner, the import check, hub.Module(…)

From then on ``hub.module.loader`` passes every folder through ``importing.activation``. A folder whose
files never mention paddlehub is left alone. For one that does:

    importing/name_table        which of our files answers for which name of PaddleHub (the whole list)
    importing/facade            makes ``import paddlehub`` find them
    importing/source_fixes      replaces what NumPy, Pillow, Paddle and Python have dropped since
    importing/patching_loader   the import hook that does so for the files below the module's folder only
    importing/requirements      packages that the module needs and that are missing, all in one error
    importing/sibling_imports   other installed modules, by name
    paddlehub_api/              the behaviour behind the names

Importing this package needs the standard library only. NumPy, OpenCV and Paddle are imported by the files
whose names a module asks for.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["install"]


def install(*, for_good: bool = False, run_dir: Path | None = None) -> None:
    """Have modules that were written for PaddleHub load in this process.

    Args:
        for_good: the process belongs to the module (a runner), so we answer ``import paddlehub`` until it
            ends, in any file. Otherwise only in the module's own files.
        run_dir: a private folder that is removed when the server ends.
    """
    from hub.compat.importing import activation

    activation.install(for_good=for_good, run_dir=run_dir)
