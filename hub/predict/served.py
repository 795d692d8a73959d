"""A module on a server, and what it takes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from hub.client.blocking import Client
from hub.errors import InvalidInputError, ReplyError, UnavailableError, UnknownModuleError, UsageError
from hub.predict.job import Target
from hub.suggestion import did_you_mean

if TYPE_CHECKING:
    from hub.client.replies import Reply

_PAUSE_SECONDS = 0.3


def find(client: Client, name: str | None, *, in_background: bool = False) -> Target:
    """Return the module called ``name``, or the only one there is. One that is loading is waited for.

    Args:
        client: of the server.
        name: ``<module>``, or ``<module>/<method>`` for another of its serving methods.
        in_background: its calls are jobs.

    Raises:
        UnknownModuleError: it is not served, or has no such method; the message says what there is.
        UsageError: no name, and there is more than one.  UnavailableError: it has failed, or loads too long.
    """
    deadline = time.monotonic() + client.timeout
    module, _, method = (name or "").partition("/")
    while True:
        try:
            listed = client.modules()
        except (UnknownModuleError, ReplyError):  # a server of PaddleHub has no such list
            if name is None:
                raise
            return Target(name, partial(client.call, module, method=method or None))
        found = _choose(listed, module)
        if found.get("state") == "READY":
            module, parameters = str(found["name"]), _described(found, method).get("parameters", [])
            images = [each["name"] for each in parameters if each.get("is_image")]
            call = partial(_as_job if in_background else Client.call, client, module, method=method or None)
            taken = [each["name"] for each in parameters]
            return Target(name or module, call, taken, images, in_background)
        if found.get("state") == "FAILED" or time.monotonic() > deadline:
            reason = f": {found['reason']}" if found.get("reason") else ""
            raise UnavailableError(f"module {found['name']} is {found.get('state')}{reason}")
        time.sleep(_PAUSE_SECONDS)


def _as_job(client: Client, name: str, arguments: Mapping[str, Any], *, method: str | None) -> Reply:
    """Have a job done, and return its result; raises InvalidInputError where a page failed."""
    job = client.submit(name, method=method, **arguments)
    told = job.wait()
    if told["error"]:
        raise InvalidInputError(f"job {job.id}: {told['error']}")
    reply = client.job_result(job.id)
    if failed := told["pages"]["failed"]:
        raise InvalidInputError(
            f"job {job.id}: {failed} of {told['pages']['total']} pages failed: {reply.message}"
        )
    job.cancel()
    return reply


def _described(module: dict[str, Any], method: str) -> dict[str, Any]:
    """Return what the server says of a module's method; raises UnknownModuleError."""
    methods = {str(module.get("method", "")): module, **module.get("methods", {})}
    if method and method not in methods:
        raise UnknownModuleError(
            f"Module {module['name']} has no serving method {method}.{did_you_mean(method, methods)} "
            f"It has: {', '.join(methods)}"
        )
    found: dict[str, Any] = methods[method] if method else module
    return found


def _choose(listed: list[dict[str, Any]], name: str) -> dict[str, Any]:
    names = [str(each["name"]) for each in listed]
    if not names:
        raise UsageError(
            "no module is listed there; give the server's address alone, http://HOST:PORT, and --module NAME"
        )
    if not name:
        if len(listed) != 1:
            raise UsageError(f"which module? Give --module; the server has {', '.join(names)}")
        return listed[0]
    if name not in names:
        hint = did_you_mean(name, names)
        raise UnknownModuleError(f"Module {name} is not available.{hint} The server has {', '.join(names)}")
    return listed[names.index(name)]
