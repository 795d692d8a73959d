"""HubServing: serve model modules on your own machine.

    import hub
    ocr = hub.Module(name="ocr_system")
    ocr.predict(paths=["a.jpg"])

    client = hub.Client("http://127.0.0.1:8868")       # a server's, see hub serving start
    client.predict("ocr_system", images=["a.jpg"])

Everything is loaded on first use, so ``import hub`` costs next to nothing. Who writes a module imports its
decorators from ``hub.module``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub.version import __version__

if TYPE_CHECKING:
    from hub.client.asynchronous import AsyncClient as AsyncClient
    from hub.client.blocking import Client as Client
    from hub.errors import HubError as HubError
    from hub.errors import InvalidInputError as InvalidInputError
    from hub.module.contract import Module as Module
    from hub.registry.resolve import model_path as model_path

_EXPORTS = {
    "AsyncClient": "hub.client.asynchronous",
    "Client": "hub.client.blocking",
    "HubError": "hub.errors",
    "InvalidInputError": "hub.errors",
    "Module": "hub.module.contract",
    "model_path": "hub.registry.resolve",
}

__all__ = [*sorted(_EXPORTS), "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module 'hub' has no attribute {name!r}")
    from importlib import import_module

    if name == "Module":
        from hub.module.contract import ModuleType

        if ModuleType.resolver is None:
            ModuleType.resolver = staticmethod(_load_module)
    value = getattr(import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value


def _load_module(*args: Any, **kwargs: Any) -> Any:
    from hub import compat
    from hub.compat.paddlehub_api import static_mode
    from hub.registry.resolve import load_module

    compat.install()
    with static_mode.mode():  # a module that turns Paddle's switch while it loads turns it for itself
        return load_module(*args, **kwargs)
