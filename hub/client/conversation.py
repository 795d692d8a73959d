"""A call as a sequence of steps, without I/O: what is sent, when it is sent again, when it is given up.

Generators that yield a ``Step`` and are sent what came of it; the two clients only carry steps out. One
deadline holds for a whole call, and every attempt tells the server what is left of it.

| what happened | again? |
| --- | --- |
| 503 | yes, after ``Retry-After``: it was not run |
| no connection | yes, if the server has answered before: it was not sent |
| the connection ended before the answer | if the module may be run twice |
| any other answer, no answer in time | no |
"""

from __future__ import annotations

import itertools
import random
import secrets
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2

from hub.client import replies
from hub.client.options import Options, Server
from hub.client.replies import Reply
from hub.errors import (
    ClientError,
    ConnectionLostError,
    HubError,
    RequestError,
    UnavailableError,
    UnknownModuleError,
    UnreachableError,
)

#: Waiting times without ``Retry-After`` double from the first to the second, in seconds.
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
#: The server answers 504 at the deadline; that answer is waited for so much longer.
GRACE_SECONDS = 1.0
#: So many served modules are named to somebody who asked for another.
MOST_NAMES = 20


@dataclass(frozen=True)
class Ask:
    """Send this and hand back the response, or the exception.

    Attributes:
        seconds: the longest silence to bear.
        streams: hand a stream back as soon as it has begun; the rest is read by whoever gets it.
    """

    method: str
    path: str
    seconds: float
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    streams: bool = False


@dataclass(frozen=True)
class Pause:
    """Wait."""

    seconds: float


Step = Ask | Pause
Outcome = httpx2.Response | httpx2.HTTPError | None
T = TypeVar("T")
Steps = Generator[Step, Outcome, T]


@dataclass(frozen=True)
class Called:
    """A module, or with ``method`` another serving method of it than its first."""

    module: str
    method: str | None = None

    @property
    def path(self) -> str:
        parts = (self.module, *([self.method] if self.method else []))
        return "/predict/" + "/".join(quote(part, safe="") for part in parts)


def predict(server: Server, options: Options, called: Called, body: bytes) -> Steps[Reply]:
    """Call a module; raises RequestError or ClientError."""
    return (yield from _call(server, options, called, body, replies.read))


def stream(server: Server, options: Options, called: Called, body: bytes) -> Steps[Reply | httpx2.Response]:
    """Call a module that answers with a stream and return the response, whose body is still to come.

    Of another module that is its reply.

    Raises:
        RequestError, ClientError.
    """
    return (yield from _call(server, options, called, body, replies.begun, streams=True))


def _call(
    server: Server,
    options: Options,
    called: Called,
    body: bytes,
    read: Callable[[httpx2.Response | httpx2.HTTPError, Server, str], T],
    *,
    streams: bool = False,
) -> Steps[T]:
    request_id = secrets.token_hex(8)
    deadline = time.monotonic() + options.timeout
    for attempt in itertools.count():
        ask = _ask(called, body, options, request_id, deadline)
        outcome = yield replace(ask, streams=streams)
        try:
            return read(answer_of(outcome), server, request_id)
        except UnknownModuleError as error:
            raise (yield from _naming_the_served(error, server, options)) from None
        except HubError as error:
            if not (yield from _may_resend(error, attempt, server, options, called, deadline)):
                raise
    raise AssertionError("unreachable")


def _ask(called: Called, body: bytes, options: Options, request_id: str, deadline: float) -> Ask:
    left = max(0.001, deadline - time.monotonic())
    headers = {
        "Content-Type": "application/json",
        "X-Request-ID": request_id,
        "X-Request-Timeout": f"{left:.3f}",
        "X-Hub-Strict": "1" if options.strict else "0",
    }
    return Ask("POST", called.path, left + GRACE_SECONDS, body, headers)


def _naming_the_served(
    error: UnknownModuleError, server: Server, options: Options
) -> Steps[UnknownModuleError]:
    """Return the error with the names of what is served, where that can be found out."""
    try:
        names = list((yield from health(server, options)).get("modules", {}))
    except HubError:
        return error
    more = ", …" if len(names) > MOST_NAMES else ""
    message = f"{error} Served there: {', '.join(names[:MOST_NAMES]) or 'nothing'}{more}"
    return UnknownModuleError(message, retry_after=error.retry_after, request_id=error.request_id)


def modules(server: Server, options: Options) -> Steps[list[dict[str, Any]]]:
    """Return the modules that are served, as ``GET /api/modules`` describes them."""
    outcome = yield Ask("GET", "/api/modules", options.timeout)
    listed: list[dict[str, Any]] = replies.read_json(answer_of(outcome), server).get("modules", [])
    return listed


def api(server: Server, options: Options) -> Steps[dict[str, Any]]:
    """Return the OpenAPI document of the server."""
    outcome = yield Ask("GET", "/openapi.json", options.timeout)
    return replies.read_json(answer_of(outcome), server)


def health(server: Server, options: Options) -> Steps[dict[str, Any]]:
    """Return ``{"ready": …, "modules": {name: {"state": …}}}``, whether ready or not."""
    outcome = yield Ask("GET", "/health/ready", options.timeout)
    return replies.read_json(answer_of(outcome), server)


def wait_until_ready(server: Server, options: Options) -> Steps[None]:
    """Return when every module is READY.

    Raises:
        UnavailableError: a module has failed, or is not ready in time.  UnreachableError: nobody answers.
    """
    deadline = time.monotonic() + options.timeout
    for attempt in itertools.count():
        try:
            found = yield from health(server, options)
        except (UnreachableError, ConnectionLostError) as error:
            problem: HubError = error
        else:
            if found.get("ready"):
                return
            states = found.get("modules", {})
            problem = UnavailableError(f"not ready: {_states(states)}")
            if any(each.get("state") == "FAILED" for each in states.values()):
                raise problem
        if not (yield from wait(backoff(attempt), deadline)):
            raise problem


def _may_resend(
    error: HubError, attempt: int, server: Server, options: Options, called: Called, deadline: float
) -> Steps[bool]:
    """Wait before the call is sent again; return False where it must not be, or there is no time left."""
    pause = backoff(attempt)
    if isinstance(error, UnavailableError):
        if error.retry_after is not None:
            # All who were refused together must not come back together.
            pause = error.retry_after * random.uniform(1.0, 1.25)
        return (yield from wait(pause, deadline))
    if isinstance(error, UnreachableError):
        return server.has_answered and (yield from wait(pause, deadline))
    if isinstance(error, ConnectionLostError):
        has_time = yield from wait(pause, deadline)
        return has_time and (yield from _may_run_twice(server, options, called, deadline))
    return False


def _may_run_twice(server: Server, options: Options, called: Called, deadline: float) -> Steps[bool]:
    """Tell whether the method allows it, as the server says; False where that cannot be found out."""
    if options.resend is not None:
        return options.resend
    for attempt in itertools.count():
        try:
            listed = yield from modules(server, options)
        except (UnreachableError, ConnectionLostError, UnavailableError):
            pass  # it is being started again
        except (RequestError, ClientError):
            return False
        else:
            entry = next((each for each in listed if each.get("name") == called.module), {})
            entry = entry.get("methods", {}).get(called.method, entry)
            if "idempotent" not in entry or entry["idempotent"] is not None:
                return bool(entry.get("idempotent"))
        if not (yield from wait(backoff(attempt), deadline)):
            return False
    raise AssertionError("unreachable")


def wait(seconds: float, deadline: float) -> Steps[bool]:
    """Wait, and return True, if the deadline comes later."""
    if time.monotonic() + seconds >= deadline:
        return False
    yield Pause(seconds)
    return True


def backoff(attempt: int) -> float:
    """Return the seconds to wait after a failed attempt, counted from 0."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempt, 10)) * random.uniform(0.75, 1.0)


def answer_of(outcome: Outcome) -> httpx2.Response | httpx2.HTTPError:
    """Return the outcome of an Ask."""
    assert outcome is not None  # only a Pause has no answer
    return outcome


def _states(modules: Mapping[str, Mapping[str, str]]) -> str:
    return "; ".join(
        f"{name} is {each.get('state')}" + (f" ({each['reason']})" if each.get("reason") else "")
        for name, each in modules.items()
    )
