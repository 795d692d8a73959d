"""Prepares a process for modules written for PaddleHub, while they are imported and built."""

from __future__ import annotations

import contextlib
import importlib
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hub.compat.importing import facade, fluid, missing_files, requirements, sibling_imports
from hub.compat.importing.patching_loader import ModuleFolder, files
from hub.compat.paddlehub_api import paddlehub_env
from hub.module import loader

_is_for_good = False
#: Folders whose requirements are met.
_checked: set[Path] = set()


def install(*, for_good: bool = False, run_dir: Path | None = None) -> None:
    """Have modules that were written for PaddleHub load in this process; a second call may only add to it.

    Args:
        for_good: the process belongs to the module (a runner), so we answer ``import paddlehub`` until it
            ends, in any file. Otherwise only in the module's own files.
        run_dir: a private folder that is removed when the server ends.
    """
    global _is_for_good
    facade.install()
    fluid.install()
    if files not in sys.meta_path:
        sys.meta_path.insert(0, files)
    loader.preparation = activated
    if run_dir is not None:
        paddlehub_env.run_dir = run_dir
    if for_good and not _is_for_good:
        _is_for_good = True
        facade.finder.answers_paddlehub = True
        sibling_imports.switch(on=True)


@contextlib.contextmanager
def activated(folder: Path) -> Iterator[None]:
    """Let the module in ``folder`` be imported or built within.

    Raises:
        InvalidModuleError: packages that it needs are not installed.
        ModelNotFoundError: it failed for a file that it should have fetched.
    """
    if not imports_paddlehub(folder):
        yield
        return
    facade.log_if_installed()
    paddlehub_env.add_loaded(folder)
    with _as_in_a_runner(), _reporting(files.add(folder)):
        if folder not in _checked:
            requirements.check(folder)
            _import_paddle_before(folder)
            _checked.add(folder)
        with missing_files.explaining(folder):
            yield


def method_of(instance: Any, name: str, folder: Path) -> Callable[..., Any]:
    """Return a loaded module's method; one that loads weights when it is called names a missing file, too."""
    method: Callable[..., Any] = getattr(instance, name)
    if not imports_paddlehub(folder):
        return method
    return missing_files.explaining(folder, (EOFError, FileNotFoundError))(method)


def imports_paddlehub(folder: Path) -> bool:
    """Tell whether any Python file below the folder contains the word."""
    return any(b"paddlehub" in file.read_bytes() for file in folder.rglob("*.py") if file.is_file())


def _import_paddle_before(folder: Path) -> None:
    """Import Paddle first, as PaddleHub does, if the module uses it.

    Otherwise the method that is the first to import Paddle would begin outside static mode.
    """
    if any(each.top == "paddle" for each in requirements.imports(folder)):
        with contextlib.suppress(ImportError), warnings.catch_warnings():
            # It is meant for people who compile extensions, and would be in the log of every runner.
            warnings.filterwarnings("ignore", message="No ccache found")
            importlib.import_module("paddle")


@contextlib.contextmanager
def _as_in_a_runner() -> Iterator[None]:
    """Find installed modules by name within; ``sys.argv`` is the program's name alone."""
    if _is_for_good:
        yield
        return
    was_on = sibling_imports.finder in sys.meta_path
    arguments = sys.argv
    sibling_imports.switch(on=True)
    sys.argv = arguments[:1]
    try:
        yield
    finally:
        sys.argv = arguments
        sibling_imports.switch(on=was_on)


@contextlib.contextmanager
def _reporting(folder: ModuleFolder) -> Iterator[None]:
    """Log what was patched when all is loaded: building the instance may import more files."""
    folder.depth += 1
    try:
        yield
    finally:
        folder.depth -= 1
    if not folder.depth:
        folder.report()
