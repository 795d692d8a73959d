"""What lets unchanged PaddleHub modules load: the names they import, and the world they expect around them.

    hub.compat.install()        once per process, by whoever loads modules: a runner, the trial, hub.Module(…)

From then on ``hub.module.loader`` passes every folder through ``activation.prepared``. A folder whose
files never mention paddlehub is left alone. For one that does:

    names.py            which of our files answers for which name of PaddleHub (the whole list)
    imports.py          makes ``import paddlehub`` find them
    mending.py          mends what NumPy, Pillow, Paddle and Python have dropped since, in the syntax tree
    module_files.py     the import hook that does so for the files below the module's folder, and no others
    requirements.py     packages that it needs and that are missing, all in one error
    modes.py            Paddle's static and dynamic mode: never left changed
    homes.py            MODULE_HOME and the like

The rest is the behaviour behind those names. Importing this package needs the standard library only;
NumPy, OpenCV and Paddle are imported by the files whose names a module asks for.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["install"]


def install(*, for_good: bool = False, run_dir: Path | None = None) -> None:
    """Have modules that were written for PaddleHub load in this process.

    Args:
        for_good: the process belongs to the module (a runner), so ``import paddlehub`` is answered by
            us until it ends, in any file. Otherwise only while a module is loaded, and in its own files.
        run_dir: a private folder that somebody removes when the server ends.
    """
    from hub.compat.importing import activation

    activation.install(for_good=for_good, run_dir=run_dir)
