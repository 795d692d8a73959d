"""From the name of a module or of a model to its files on disk. Never goes to the network.

This is what ``hub.Module(name=…)`` and ``hub.model_path(…)`` call. A name that is not here is an error that
names the command which fetches it: a server must not start to download because of a name.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from hub.errors import ConfigError, ModelNotFoundError, WeightsMissingError
from hub.registry.local import LocalRegistry
from hub.suggestion import closest

#: Folders that modules of this process were loaded from, and their weights, kept on disk while it lives: a
#: module may import more of its files, or read a dictionary, long after it was loaded.
_held: dict[Path, int] = {}


def load_module(
    name: str | None = None,
    *,
    directory: str | Path | None = None,
    version: str | None = None,
    source: str | None = None,
    branch: str | None = None,
    update: bool = False,
    ignore_env_mismatch: bool = False,
    **init_args: Any,
) -> Any:
    """Load an installed module by ``name``, or one from a ``directory``, and initialise it.

    Args:
        name: an installed module; it comes before ``directory``.
        directory: a folder with ``module.py``; it need not be installed.
        version: which installed version; default the newest.
        source: PaddleHub's git address; not supported.
        branch: belongs to ``source``.
        update: PaddleHub's keyword; nothing is ever fetched here, so it changes nothing.
        ignore_env_mismatch: likewise.
        **init_args: what the module is initialised with.

    Raises:
        ModuleNotInstalledError: there is no such module or version; nothing is fetched.
        InvalidModuleError: it does not import.
    """
    from hub.module.loader import create
    from hub.module.signature import enforce

    if source is not None or branch is not None:
        raise ConfigError(
            f"hub.Module(source={source!r}, branch={branch!r}): loading from a git repository is not "
            "supported. Clone it, then use hub.Module(directory=…) or hub install DIR"
        )
    if name is not None:
        return enforce(create(installed(name, version), init_args))
    if directory is not None:
        return enforce(create(Path(directory).expanduser(), init_args))
    raise ConfigError(
        "hub.Module() needs the module to load: name='…' (installed) or directory='…' (a folder)"
    )


def installed(name: str, version: str | None = None) -> Path:
    """Return the folder of an installed module, which stays on disk while this process lives.

    Raises:
        ModuleNotInstalledError: there is no such module or version.
    """
    module, descriptor = LocalRegistry().acquire(name, version)
    if module.content in _held:
        os.close(descriptor)
    else:
        _held[module.content] = descriptor
    return module.directory


def model_path(value: str | Path, *, directory: str | Path | None = None) -> Path:
    """Return where a model is, by the catalogue's name of fetched weights or by a path.

    Args:
        value: a name such as ``PP-OCRv4_mobile_det``, or a folder or file; a relative one is looked
            for in the working directory, then in ``directory``.
        directory: the module's own folder.

    Raises:
        WeightsMissingError: a catalogue name that has not been fetched.
        ModelNotFoundError: no such folder or file; the message names every place.
    """
    from hub.registry import weights

    if not str(value):
        raise ModelNotFoundError(
            "the model's folder is given as an empty string; give a path or a weights name"
        )
    if isinstance(value, str) and value in weights.names():
        found = weights.lookup(value)
        if found is None:
            raise WeightsMissingError((value,))
        if found not in _held:
            with contextlib.suppress(OSError):  # a file system without locks
                _held[found] = weights.hold(found)
        return found
    given = Path(value).expanduser()
    places = list(dict.fromkeys(Path(folder).absolute() / given for folder in (".", directory or ".")))
    for place in places:
        if place.exists():
            return place
    message = f"there is no model {str(value)!r}; looked for {' and '.join(map(str, places))}. "
    if "/" in str(value):
        message += "Put the exported model there, or name one of the catalogue: hub weights list"
    elif near := closest(str(value), weights.names()):
        message += f"Did you mean the weights name {near}? (hub weights list shows all)"
    else:
        message += f"Give the path of a model's folder, or a weights name: {', '.join(weights.names())}"
    raise ModelNotFoundError(message)
