"""From a module's folder to a ready instance, by PaddleHub's rules.

The folder is imported as the package it is named after, so ``from <name>.params import …`` and
relative imports both work. Standard library only.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import sys
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

from hub import missing_library
from hub.errors import ConfigError, InvalidModuleError
from hub.module.contract import Module, is_module_class
from hub.suggestion import did_you_mean

#: Around importing a module's folder and around building its instance; ``hub.compat`` puts in what modules
#: written for PaddleHub need. May be entered again within itself.
preparation: Callable[[Path], AbstractContextManager[Any]] = contextlib.nullcontext


def load_class(directory: str | Path) -> type[Any]:
    """Import ``directory/module.py`` afresh and return its ``@moduleinfo`` class.

    Raises:
        InvalidModuleError: it does not import, or defines no such class; the cause is chained.
    """
    folder = Path(directory).resolve()
    package = folder.name
    if not package.isidentifier():
        raise InvalidModuleError(
            f"{folder} cannot be imported: a module's folder name must be a Python name, not {package!r}"
        )
    # Python would go on and find a package of the same name elsewhere, say in the working directory.
    if not (folder / "module.py").is_file():
        raise InvalidModuleError(f"{folder} is not there any more, or has no module.py; install it again")
    with preparation(folder):
        return _import_class(folder, package)


def _import_class(folder: Path, package: str) -> type[Any]:
    _forget(package)
    sys.path.insert(0, str(folder.parent))
    # Two edits within one second leave a .pyc that Python believes current; so none is written.
    keep_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        source = importlib.import_module(f"{package}.module")
    except (Exception, SystemExit) as error:
        _forget(package)
        sys.path.remove(str(folder.parent))
        what = f"{describe(error)}{_place(error, folder)}"
        raise InvalidModuleError(f"{folder / 'module.py'} does not import: {what}") from error
    finally:
        sys.dont_write_bytecode = keep_bytecode
    classes = [cls for _, cls in inspect.getmembers(source, inspect.isclass) if is_module_class(cls)]
    for cls in classes:
        if cls.__module__ == source.__name__:
            return cls
    raise InvalidModuleError(f"{folder / 'module.py'} defines no class marked with @moduleinfo")


def create(directory: str | Path, init_args: dict[str, Any]) -> Any:
    """Load the module of a folder and build its instance; see :func:`build`."""
    with preparation(Path(directory).resolve()):
        return build(load_class(directory), directory, init_args)


def build(cls: type[Any], directory: str | Path, init_args: dict[str, Any]) -> Any:
    """Build the instance of a loaded class.

    A class with ``_initialize`` is built first and initialised with ``init_args`` afterwards; one
    without takes them in its constructor. Either way ``directory`` is set on the class beforehand.

    Raises:
        ConfigError: it takes other arguments than ``init_args``.
        InvalidModuleError: it calls ``sys.exit``, which must not end who loads it.
        Exception: whatever else its code raises.
    """
    folder = Path(directory).resolve()
    cls.directory = str(folder)
    try:
        with preparation(folder):
            if hasattr(cls, "_initialize"):
                instance = cls(directory=str(folder))
                _check_arguments(instance._initialize, init_args)
                instance._initialize(**init_args)
                return instance
            # The base class takes whatever there is, and does nothing with it.
            has_own = cls.__init__ is not Module.__init__
            _check_arguments(partial(cls.__init__, None) if has_own else lambda: None, init_args)
            return cls(**init_args)
    except SystemExit as error:
        raise InvalidModuleError(
            f"module {folder.name} ended itself while it was loaded: {describe(error)}"
        ) from error


def _check_arguments(initialise: Callable[..., Any], init_args: dict[str, Any]) -> None:
    """Raise ConfigError where ``init_args`` are not those that a module takes; it names these."""
    try:
        parameters = inspect.signature(initialise).parameters.values()
    except (TypeError, ValueError):  # written in C
        return
    named = [each for each in parameters if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)]
    takes = ", ".join(each.name for each in named) or "none"
    if not any(each.kind is each.VAR_KEYWORD for each in parameters):
        names = [each.name for each in named]
        if unknown := [name for name in init_args if name not in names]:
            raise ConfigError(
                f"init_args has no {', '.join(map(repr, unknown))}.{did_you_mean(unknown[0], names)} "
                f"The module takes: {takes}"
            )
    missing = [each.name for each in named if each.default is each.empty and each.name not in init_args]
    if missing:
        raise ConfigError(f"init_args lacks {', '.join(map(repr, missing))}. The module takes: {takes}")


def _forget(package: str) -> None:
    for name in [name for name in sys.modules if name == package or name.startswith(package + ".")]:
        del sys.modules[name]


def _place(error: BaseException, folder: Path) -> str:
    """Return the last line of the module's own files that an error passed through; "" if there is none."""
    if isinstance(error, (SyntaxError, SystemExit)):  # one says it itself, the other says what it wants to
        return ""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).is_relative_to(folder):
            return f" ({Path(frame.filename).relative_to(folder)}, line {frame.lineno})"
    return ""


def describe(error: BaseException) -> str:
    """Return an error's class and text; of an exit without one, where the reason may be."""
    if isinstance(error, SystemExit) and error.code is None:
        return "SystemExit: without a reason; if the module printed one, it is in the log"
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    advice = missing_library.advice(error) if isinstance(error, ImportError) else ""
    return f"{what}; {advice}" if advice else what
