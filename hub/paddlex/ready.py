"""Installs a planned pipeline's module and fetches its weights before anything starts.

The modules are bundled with HubServing, so this is ``hub install NAME``. PaddleX itself is installed only by
the user.
"""

from __future__ import annotations

from pathlib import Path

from hub import extras
from hub.errors import ModuleNotInstalledError, RegistryError
from hub.module.info import read_module_info
from hub.paddlex.plan import BRIDGE, Plan
from hub.registry import requirements, weights
from hub.registry.install import Installer
from hub.registry.local import InstalledModule, LocalRegistry, version_key
from hub.registry.progress import Progress
from hub.registry.sources import bundled
from hub.registry.store.environment import interpreter_of


def how_to_install() -> str:
    """Return the commands that install the real PaddleX."""
    return (
        "Either of these installs it:\n"
        f"  hub install --isolated {BRIDGE}    (an environment of its own; nothing else changes)\n"
        f"  {extras.command('paddlex')}    (here)"
    )


def interpreter(planned: Plan) -> Path | None:
    """Return the Python of the module's own environment, or None where it runs in ours."""
    module = installed(planned.module)
    return None if module is None else interpreter_of(module.content)


def make_ready(planned: Plan, progress: Progress) -> InstalledModule | None:
    """Install what is missing; return the module if it was installed just now.

    An installed module stays as it is, unless the bundled one is newer.

    Raises:
        ModuleNotInstalledError: the pipeline needs PaddleX, which is not here.
        HubError: the module or its weights cannot be fetched.
    """
    module = installed(planned.module)
    if planned.module == BRIDGE:
        require_paddlex(planned)
    fresh = None
    if module is None or _is_older(module):
        (outcome,) = Installer(LocalRegistry(), progress).install([planned.module])
        fresh = outcome.module
    fetch_weights(planned, progress)
    return fresh


def fetch_weights(planned: Plan, progress: Progress) -> None:
    """Fetch the weights that the pipeline's file names; raise WeightsError."""
    weights.fetch(planned.weights, progress=progress)


def installed(name: str) -> InstalledModule | None:
    """Return the newest installed version of a module, or None."""
    try:
        return LocalRegistry().find(name)
    except (ModuleNotInstalledError, RegistryError):
        return None


def _is_older(module: InstalledModule) -> bool:
    """Compare with the bundled one; a module in an environment of its own is for its owner to replace."""
    folder = bundled.folders().get(module.info.package)
    if folder is None or interpreter_of(module.content) is not None:
        return False
    return version_key(module.info.version) < version_key(read_module_info(folder).version)


def has_paddlex() -> bool:
    """Tell whether the real PaddleX is installed, in the module's own environment or in ours."""
    module = installed(BRIDGE)
    if module is not None and interpreter_of(module.content) is not None:
        return True
    return not _missing()


def _missing() -> list[str]:
    """Return what the module needs and our own Python does not have."""
    return [str(each) for each in requirements.unmet(bundled.folders()[BRIDGE])]


def require_paddlex(planned: Plan) -> None:
    """Raise ModuleNotInstalledError where the real PaddleX is not installed."""
    if has_paddlex():
        return
    why = "is served by the real PaddleX"
    if reasons := "; ".join(planned.unsupported):
        why = f"asks for what {planned.pipeline} here does not do ({reasons}), so it {why}"
    missing = ", ".join(_missing())
    raise ModuleNotInstalledError(
        f"the pipeline {planned.pipeline} {why}, which is not installed: {missing}. {how_to_install()}"
    )
