"""Hints for callers who take one of the routes of jobs for another."""

from __future__ import annotations

import re
from typing import Final

from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from hub.errors import RequestError, UnknownModuleError
from hub.serving.gateway.context import Gateway
from hub.serving.gateway.job_target import job_target

#: As ``job_table.new_id`` makes them.
_ID: Final = re.compile(r"[0-9a-f]{32}\Z")
#: Names of what is served, in one message.
_MOST: Final = 20


def on_nameless(gateway: Gateway, method: str) -> str:
    """Return the message for ``POST /jobs``, and for other methods than GET there."""
    if method == "DELETE":
        return (
            "DELETE /jobs names no job: DELETE /jobs/<id> cancels one, or removes one that has ended; "
            "hub jobs clear removes all that have ended"
        )
    state = gateway.states.current()
    names = [*state.modules, *state.endpoints]
    served = ", ".join(names[:_MOST]) + (", …" if len(names) > _MOST else "")
    return f"{method} /jobs names nothing to call: POST /jobs/<name> submits a job, for one of {served}"


def on_unknown(gateway: Gateway, job_id: str, name: str) -> str:
    """Return a hint to append where there is no such job, or no such module; empty where there is none."""
    if job_id and _is_served(gateway, job_id):
        return f"; {job_id} is what a job may call: POST /jobs/{job_id} submits one, GET /jobs lists them"
    if _ID.match(name):
        return f" A job is shown by GET /jobs/{name}, and cancelled by DELETE /jobs/{name}"
    return ""


def nothing_below(gateway: Gateway, method: str, name: str, rest: str) -> HTTPException:
    """Return the error for a path below ``/jobs/<name>`` at which there is nothing for the method."""
    if rest == "result":
        message = f"{method} is not allowed at /jobs/{name}/result; DELETE /jobs/{name} removes both"
        return MethodNotAllowed(["GET"], message)
    if _is_served(gateway, name, rest):
        message = f"{method} is not allowed at /jobs/{name}/{rest}; POST submits a job, GET /jobs lists them"
        return MethodNotAllowed(["POST"], message)
    return NotFound(
        f"there is nothing at /jobs/{name}/{rest}; a job is at /jobs/<id>, its result at /jobs/<id>/result"
    )


def _is_served(gateway: Gateway, name: str, method: str = "") -> bool:
    """Tell whether a job may call it, now or when its module has loaded."""
    try:
        job_target(gateway, name, method).module()
    except RequestError as error:
        return not isinstance(error, UnknownModuleError)
    return True
