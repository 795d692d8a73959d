"""Sees that a planned pipeline's module is installed, and its weights fetched, before anything starts.

The modules come with HubServing, so this is ``hub install NAME``. PaddleX itself is never installed unasked.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from hub.errors import ModuleNotInstalledError, RegistryError
from hub.module.info import read_module_info
from hub.paddlex.plan import BRIDGE, Plan
from hub.registry import requirements, weights
from hub.registry.install import Installer
from hub.registry.local import InstalledModule, LocalRegistry, version_key
from hub.registry.progress import Progress
from hub.registry.sources import bundled
from hub.registry.store.environment import interpreter_of

HOW_TO_INSTALL: Final = (
    "Either of these installs it:\n"
    f"  hub install --isolated {BRIDGE}    (an environment of its own; nothing else changes)\n"
    "  pip install 'hubserving[paddlex]'          (here)"
)


def interpreter(planned: Plan) -> Path | None:
    """The Python of the module's own environment, or None where it runs in ours."""
    module = _installed(planned.module)
    return None if module is None else interpreter_of(module.content)


def make_ready(planned: Plan, progress: Progress) -> InstalledModule | None:
    """Install what is missing; returns the module if it was installed just now.

    A module that is installed in the bundled version, or a newer one, stays as it is.

    Raises:
        ModuleNotInstalledError: the pipeline needs PaddleX, which is not here.
        HubError: the module or its weights cannot be had.
    """
    module = _installed(planned.module)
    if planned.module == BRIDGE:
        require_paddlex(planned)
    fresh = None
    if module is None or _is_older(module):
        (outcome,) = Installer(LocalRegistry(), progress).install([planned.module])
        fresh = outcome.module
    fetch_weights(planned, progress)
    return fresh


def fetch_weights(planned: Plan, progress: Progress) -> None:
    """Fetch the weights that the pipeline's file names; raises WeightsError."""
    weights.fetch(planned.weights, progress=progress)


def _installed(name: str) -> InstalledModule | None:
    try:
        return LocalRegistry().find(name)
    except (ModuleNotInstalledError, RegistryError):
        return None


def _is_older(module: InstalledModule) -> bool:
    """Than the bundled one. One in an environment of its own is for whoever made that to replace."""
    folder = bundled.folders().get(module.info.package)
    if folder is None or interpreter_of(module.content) is not None:
        return False
    return version_key(module.info.version) < version_key(read_module_info(folder).version)


def has_paddlex() -> bool:
    """Whether the real PaddleX is installed, as the module needs it: in its own environment, or in ours."""
    module = _installed(BRIDGE)
    if module is not None and interpreter_of(module.content) is not None:
        return True
    return not _missing()


def _missing() -> list[str]:
    """What the module needs of our own Python and does not find there."""
    return [str(each) for each in requirements.unmet(bundled.folders()[BRIDGE])]


def require_paddlex(planned: Plan) -> None:
    """Raises ModuleNotInstalledError where the real PaddleX is not here."""
    if has_paddlex():
        return
    why = "is served by the real PaddleX"
    if planned.cannot:
        why = f"asks for what {planned.pipeline} here does not do ({'; '.join(planned.cannot)}), so it {why}"
    missing = ", ".join(_missing())
    raise ModuleNotInstalledError(
        f"the pipeline {planned.pipeline} {why}, which is not installed: {missing}. {HOW_TO_INSTALL}"
    )
