"""PaddleHub's ``env``: ``MODULE_HOME`` and other folders, below this hub's home. Made when asked for.

PaddleHub keeps one version of a module, in ``MODULE_HOME/<package>``; we keep several. So ``MODULE_HOME`` is
a folder of symlinks, one per installed module, made for this process and removed with it:
``os.path.join(MODULE_HOME, "msgnet", "vgg16.pdparams")`` finds the file.
"""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path
from typing import Final

from hub.errors import HubError
from hub.settings import hub_home

_BELOW_HOME: Final = {
    "CACHE_HOME": "cache",
    "DATA_HOME": "dataset",
    "THIRD_PARTY_HOME": "thirdparty",
}
#: Where the folder of symlinks is made; None for the system's temporary folder.
run_dir: Path | None = None
#: Modules that this process loads, by package; they hide installed ones of the same name.
_loaded: dict[str, Path] = {}


def __getattr__(name: str) -> str:
    if name == "HUB_HOME":
        return str(hub_home())
    if name == "MODULE_HOME":
        return module_home()
    if name in _BELOW_HOME:
        folder = hub_home() / _BELOW_HOME[name]
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)
    raise AttributeError(name)


def add_loaded(folder: Path) -> None:
    """Link this folder under its package's name in MODULE_HOME, installed or not."""
    _loaded[folder.name] = folder
    if _links.cache_info().currsize:
        _link(_links(), folder.name, folder)


def module_home() -> str:
    """Return the folder with a ``<package>`` for every installed module; new ones appear at the next call."""
    from hub.registry.local import LocalRegistry
    from hub.registry.resolve import installed

    links = _links()
    packages = {module.info.package for module in LocalRegistry().list()} - set(_loaded)
    for package in packages:
        try:
            _link(links, package, installed(package, None))
        except HubError:  # uninstalled this moment
            continue
    for package, folder in _loaded.items():
        _link(links, package, folder)
    return str(links)


@functools.cache
def _links() -> Path:
    links = Path(tempfile.mkdtemp(prefix="modules-", dir=run_dir))
    atexit.register(shutil.rmtree, links, ignore_errors=True)
    return links


def _link(links: Path, package: str, folder: Path) -> None:
    link = links / package
    if link.is_symlink() and link.readlink() == folder:
        return
    fresh = links / f".{package}"
    fresh.symlink_to(folder)
    fresh.replace(link)
