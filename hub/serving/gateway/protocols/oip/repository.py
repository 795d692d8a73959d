"""The repository calls of the Open Inference Protocol: what is served, and loading and unloading.

Changing what is served is the supervisor's business: it is asked through its control socket, and only when
the server was started with ``allow_model_control`` (off by default, as in TorchServe: who may predict need
not be allowed to unload).
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, Final

from hub.errors import HubError, InvalidInputError, ServerError
from hub.registry.local import LocalRegistry
from hub.serving.gateway.context import Gateway
from hub.serving.gateway.targets import ENDPOINT_VERSION, EndpointTarget
from hub.serving.messages import control
from hub.serving.messages.control import ControlRequest
from hub.serving.messages.state import FAILED, READY

#: Beyond load_timeout, which the supervisor keeps itself.
_MARGIN_SECONDS = 30.0


def index(gateway: Gateway, *, ready_only: bool) -> list[dict[str, str]]:
    """List each model's state, and the reason; with ``allow_model_control`` also what could be loaded."""
    modules = gateway.states.current().modules
    found = [
        _entry(
            module.name,
            module.version,
            "UNAVAILABLE" if module.state == FAILED else module.state,
            module.reason,
        )
        for module in modules.values()
        if module.state == READY or not ready_only
    ]
    found += [
        _entry(name, ENDPOINT_VERSION, READY)
        for name in gateway.states.current().endpoints
        if EndpointTarget(gateway, name).is_ready
    ]
    found += [
        _entry(f"{module.name}.{method}", module.version, READY)
        for module in modules.values()
        if module.state == READY
        for method in module.manifest.others
    ]
    if gateway.config.allow_model_control and not ready_only:
        with contextlib.suppress(HubError):  # an unreadable registry must not hide what is served
            for info in [module.info for module in LocalRegistry().list()]:
                if info.name not in modules:
                    found.append(_entry(info.name, info.version, "UNAVAILABLE", "unloaded"))
    return found


def load(gateway: Gateway, name: str, parameters: Mapping[str, Any]) -> None:
    """Serve an installed module, or its newest version where it is served already; returns when it is ready.

    Raises:
        InvalidInputError: it is not allowed, or it did not load; with the reason.
    """
    if parameters:
        raise InvalidInputError(
            f"parameter {next(iter(parameters))!r}: a module is loaded as it is installed; "
            "configurations and files do not come over the network"
        )
    is_served = name in gateway.states.current().modules
    _ask(gateway, ControlRequest("reload" if is_served else "load", name))


def unload(gateway: Gateway, name: str, parameters: Mapping[str, Any]) -> None:
    """Serve a module no longer. ``unload_dependents`` means nothing here: no module depends on another."""
    unknown = set(parameters) - {"unload_dependents"}
    if unknown:
        raise InvalidInputError(f"parameter {unknown.pop()!r} is not known")
    _ask(gateway, ControlRequest("unload", name))


def _ask(gateway: Gateway, request: ControlRequest) -> None:
    if not gateway.config.allow_model_control:
        raise InvalidInputError(
            "loading and unloading over the network is off; start the server with allow_model_control, "
            "or use hub serving load, unload and reload on its machine"
        )
    try:
        control.ask(gateway.run_dir.control, request, gateway.config.load_timeout + _MARGIN_SECONDS)
    except ServerError as error:
        raise InvalidInputError(str(error)) from error


def _entry(name: str, version: str, state: str, reason: str = "") -> dict[str, str]:
    return {"name": name, "version": version, "state": state, "reason": reason}


#: By their names in the protocol.
CHANGES: Final = {"load": load, "unload": unload}
