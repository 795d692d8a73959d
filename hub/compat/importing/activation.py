"""Around importing a module and building its instance: what a module written for PaddleHub expects there."""

from __future__ import annotations

import contextlib
import importlib
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from hub.compat.importing import facade, requirements, sibling_imports
from hub.compat.importing.patching_loader import ModuleFolder, files
from hub.compat.paddlehub_api import paddlehub_env
from hub.module import loader

_is_for_good = False
#: Folders that have been found to have all they need.
_examined: set[Path] = set()


def install(*, for_good: bool, run_dir: Path | None) -> None:
    """See :func:`hub.compat.install`; a second call may only add to the first."""
    global _is_for_good
    facade.install()
    if files not in sys.meta_path:
        sys.meta_path.insert(0, files)
    loader.preparation = prepared
    if run_dir is not None:
        paddlehub_env.run_dir = run_dir
    if for_good and not _is_for_good:
        _is_for_good = True
        facade.answer_for_good()
        sibling_imports.switch(on=True)


@contextlib.contextmanager
def prepared(folder: Path) -> Iterator[None]:
    """Let the module in ``folder`` be imported or built within.

    Raises:
        InvalidModuleError: packages that it needs are not installed.
    """
    if not speaks_of_paddlehub(folder):
        yield
        return
    paddlehub_env.loading(folder)
    with _its_world(), _reported(files.add(folder)):
        if folder not in _examined:
            requirements.check(folder)
            _import_paddle_before(folder)
            _examined.add(folder)
        yield


def speaks_of_paddlehub(folder: Path) -> bool:
    """Whether any Python file below the folder has the word in it."""
    return any(b"paddlehub" in file.read_bytes() for file in folder.rglob("*.py") if file.is_file())


def _import_paddle_before(folder: Path) -> None:
    """As PaddleHub does. A method that is the first to import Paddle would begin outside static mode.

    A module that never speaks of Paddle is spared it.
    """
    if any(each.top == "paddle" for each in requirements.imports(folder)):
        with contextlib.suppress(ImportError), warnings.catch_warnings():
            # For those who compile extensions; it would stand in the log of every runner.
            warnings.filterwarnings("ignore", message="No ccache found")
            importlib.import_module("paddle")


@contextlib.contextmanager
def _its_world() -> Iterator[None]:
    """``import paddlehub`` and installed modules are found; ``sys.argv`` is the program's name alone."""
    if _is_for_good:
        yield
        return
    was_on = sibling_imports.finder in sys.meta_path
    arguments = sys.argv
    sibling_imports.switch(on=True)
    sys.argv = arguments[:1]
    try:
        with facade.answering():
            yield
    finally:
        sys.argv = arguments
        sibling_imports.switch(on=was_on)


@contextlib.contextmanager
def _reported(folder: ModuleFolder) -> Iterator[None]:
    """Say what was mended when all is loaded: building the instance may import more files."""
    folder.depth += 1
    try:
        yield
    finally:
        folder.depth -= 1
    if not folder.depth:
        folder.report()
