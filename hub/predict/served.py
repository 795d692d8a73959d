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

    ``in_background``: its calls are jobs.

    Raises:
        UnknownModuleError: it is not served; the message says what is.
        UsageError: no name, and there is more than one.  UnavailableError: it has failed, or loads too long.
    """
    deadline = time.monotonic() + client.timeout
    while True:
        try:
            listed = client.modules()
        except (UnknownModuleError, ReplyError):  # a server of PaddleHub has no such list
            if name is None:
                raise
            return Target(name, partial(client.call, name))
        found = _choose(listed, name)
        if found.get("state") == "READY":
            name, parameters = str(found["name"]), found.get("parameters", [])
            images = [each["name"] for each in parameters if each.get("is_image")]
            call = partial(_as_job if in_background else Client.call, client, name)
            return Target(name, call, [each["name"] for each in parameters], images, in_background)
        if found.get("state") == "FAILED" or time.monotonic() > deadline:
            reason = f": {found['reason']}" if found.get("reason") else ""
            raise UnavailableError(f"module {found['name']} is {found.get('state')}{reason}")
        time.sleep(_PAUSE_SECONDS)


def _as_job(client: Client, name: str, arguments: Mapping[str, Any]) -> Reply:
    """Have a job done, and return its result; raises InvalidInputError where a page failed."""
    job = client.submit(name, **arguments)
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


def _choose(listed: list[dict[str, Any]], name: str | None) -> dict[str, Any]:
    names = [str(each["name"]) for each in listed]
    if not names:
        raise UsageError(
            "no module is listed there; give the server's address alone, http://HOST:PORT, and --module NAME"
        )
    if name is None:
        if len(listed) != 1:
            raise UsageError(f"which module? Give --module; the server has {', '.join(names)}")
        return listed[0]
    if name not in names:
        hint = did_you_mean(name, names)
        raise UnknownModuleError(f"Module {name} is not available.{hint} The server has {', '.join(names)}")
    return listed[names.index(name)]
