"""The steps of a job: submit it, ask for it, wait for it. Without I/O, as in ``conversation.py``.

A job outlives a server's restart, so each question is sent again within the timeout when the server is away.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import quote

import httpx2

from hub.client import replies
from hub.client.conversation import GRACE_SECONDS, Ask, Called, Pause, Steps, answer_of, backoff, wait
from hub.client.options import Options, Server
from hub.client.replies import Reply
from hub.envelope import SUCCESS_STATUS
from hub.errors import (
    ConflictError,
    ConnectionLostError,
    DeadlineError,
    HubError,
    UnavailableError,
    UnreachableError,
)

T = TypeVar("T")
Received = httpx2.Response | httpx2.HTTPError
ENDED: Final = ("done", "failed", "cancelled")
#: A job is asked for so often at first, and at last, in seconds.
_FIRST_LOOK, _LAST_LOOK = 0.05, 2.0


@dataclass(frozen=True)
class JobPage:
    """A page of a job: ``results`` of it alone, or the ``error`` that it has instead.

    ``number`` counts from 0 over all images, texts and pages of the job.
    """

    number: int
    results: Any = None
    error: str | None = None
    message: str = ""


def submit(server: Server, options: Options, called: Called, body: bytes, key: str) -> Steps[dict[str, Any]]:
    """Submit a job and return what the server says of it; raises RequestError, ClientError."""
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": key,  # so that it may be sent again
        "X-Hub-Strict": "1" if options.strict else "0",
    }
    path = "/jobs" + called.path.removeprefix("/predict")
    question = Ask("POST", path, options.timeout + GRACE_SECONDS, body, headers)
    return (yield from _told(server, options, question))


def ask(server: Server, options: Options, job: str, method: str = "GET") -> Steps[dict[str, Any]]:
    """Return what the server says of a job; with ``DELETE`` it is cancelled."""
    return (yield from _told(server, options, Ask(method, path_of(job), options.timeout)))


def known(server: Server, options: Options) -> Steps[list[dict[str, Any]]]:
    """Return all jobs of the caller's key."""
    found = yield from _told(server, options, Ask("GET", "/jobs", options.timeout))
    return list(found["jobs"])


def wait_for(server: Server, options: Options, job: str, timeout: float | None) -> Steps[dict[str, Any]]:
    """Return what the server says of a job once it has ended; raises DeadlineError: not in time."""
    deadline = time.monotonic() + (float("inf") if timeout is None else timeout)
    pause = _FIRST_LOOK
    while True:
        told = yield from ask(server, options, job)
        if told["state"] in ENDED:
            return told
        if time.monotonic() + pause >= deadline:
            raise DeadlineError(f"job {job} is still {told['state']} after {timeout:g} s; it goes on")
        yield Pause(pause)
        pause = min(_LAST_LOOK, pause * 1.5)


def result(server: Server, options: Options, job: str) -> Steps[Reply]:
    """Return the result of a job that is done; raises ConflictError where it is not."""

    def read(outcome: Received) -> Reply:
        return replies.read_result(outcome, server)

    question = Ask("GET", f"{path_of(job)}/result", options.timeout)
    return (yield from _patiently(server, options, question, read))


def path_of(job: str) -> str:
    return f"/jobs/{quote(job, safe='')}"


def page(line: str, job: str) -> JobPage | None:
    """Read a line of NDJSON; None for the last one of a job that is done, all of whose pages have come.

    Raises:
        ConflictError: the job has failed, or was cancelled.
        UnavailableError: it goes on, but the server tells no more of it at the moment.
    """
    found = json.loads(line)
    if "status" not in found:
        return JobPage(found["page"], found.get("results"), found.get("error"), found.get("msg", ""))
    if found["status"] in SUCCESS_STATUS.values():
        return None
    problem = f"job {job} is {found['state']}" + (f": {found['msg']}" if found["msg"] else "")
    is_over = found["state"] in ENDED and found["state"] != "done"
    raise (ConflictError if is_over else UnavailableError)(problem)


def _told(server: Server, options: Options, question: Ask) -> Steps[dict[str, Any]]:
    def read(outcome: Received) -> dict[str, Any]:
        return replies.read_json(outcome, server)

    return (yield from _patiently(server, options, question, read))


def _patiently(server: Server, options: Options, question: Ask, read: Callable[[Received], T]) -> Steps[T]:
    """Send a question again while the server is away, until the timeout."""
    deadline = time.monotonic() + options.timeout
    for attempt in itertools.count():
        try:
            return read(answer_of((yield question)))
        except (UnavailableError, UnreachableError, ConnectionLostError) as error:
            if not (yield from _may_wait(error, attempt, server, deadline)):
                raise
    raise AssertionError("unreachable")


def _may_wait(error: HubError, attempt: int, server: Server, deadline: float) -> Steps[bool]:
    if isinstance(error, UnreachableError) and not server.has_answered:
        return False
    after = getattr(error, "retry_after", None)
    return (yield from wait(backoff(attempt) if after is None else float(after), deadline))
