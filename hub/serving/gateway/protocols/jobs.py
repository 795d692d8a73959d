"""Jobs: ``POST /jobs/<module>`` takes what ``POST /predict/<module>`` takes, and answers when it has it.

``/jobs/<module>/<method>`` and ``/jobs/<endpoint>`` likewise. The jobs service keeps and runs them.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, NoReturn

from flask import Blueprint, Response, request
from werkzeug.exceptions import MethodNotAllowed

from hub import envelope
from hub.errors import (
    BindingError,
    InvalidInputError,
    MediaTypeError,
    UnavailableError,
    UnknownJobError,
    UnknownModuleError,
)
from hub.serving.gateway import error_responses, job_check, job_hints, unpack
from hub.serving.gateway.caller import Caller
from hub.serving.gateway.context import current_exchange, current_gateway, request_context
from hub.serving.gateway.error_responses import Failure, json_reply
from hub.serving.gateway.item_stream import NDJSON
from hub.serving.gateway.job_result import JobResult
from hub.serving.gateway.job_target import job_target
from hub.serving.gateway.jobs_client import JobsClient
from hub.serving.gateway.protocols import over_http
from hub.serving.gateway.spool import SPOOL, Spool
from hub.serving.gateway.targets import EndpointTarget
from hub.serving.gateway.wsgi import STREAMED
from hub.serving.messages.jobs import DONE, JobInfo, JobReply, JobRequest, Submission

blueprint = Blueprint("jobs", __name__)
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}\Z")
#: No job has more pages than have so many digits.
_AFTER: Final = re.compile(r"[0-9]{1,15}\Z")
#: How long a question for pages waits for another one.
_WAIT_SECONDS: Final = 10.0
#: Callers of one HTTP worker that are sent pages as they come; each holds a thread.
_MAX_FOLLOWERS: Final = 8
_followers: Final = threading.BoundedSemaphore(_MAX_FOLLOWERS)


@blueprint.post("/jobs/<name>")
@blueprint.post("/jobs/<name>/<method>")
def submit(name: str, method: str = "") -> Response:
    """Hand the body to the jobs service; what is wrong with a large one is found when the job begins."""
    gateway = current_gateway()
    target = job_target(gateway, name, method)
    module = target.module()
    context = over_http.announced(current_exchange(), name)
    kind = (request.content_type or "").partition(";")[0].strip().lower()
    is_endpoint = isinstance(target, EndpointTarget)
    if is_endpoint and kind not in ("", "application/json") and not kind.endswith("+json"):
        raise MediaTypeError(f"content type {kind!r} is not read here; send application/json")
    coding = unpack.coding(request.headers.get("Content-Encoding", ""))
    key = request.headers.get("Idempotency-Key", "")
    if key and _KEY.match(key) is None:
        raise BindingError("Idempotency-Key must be 1 to 255 characters of ASCII without spaces")
    request.environ["wsgi.input"].read()  # raises why the body was not received
    spool: Spool | None = request.environ.get(SPOOL)
    if spool is None or not spool.size:
        raise InvalidInputError("the body is empty; send what POST /predict/<module> takes")
    if not is_endpoint:
        job_check.check(gateway, module, spool, request.content_type or "", coding)
    submission = Submission(
        module=module.name,
        method=method,
        endpoint=name if is_endpoint else "",
        content_type=request.content_type or "",
        coding=coding,
        owner=context.key_name or "",
        idempotency_key=key,
        digest=f"{spool.digest}-{coding}",
        size=spool.size,
        strict=context.strict,
    )
    job = _ask(JobRequest("submit", submission=submission, upload=str(spool.path)))
    response = _job_reply(job, 202)
    response.headers["Location"] = f"/jobs/{job.id}"
    return response


@blueprint.errorhandler(Exception)
def failed(problem: Exception) -> Response:
    """Write an error as an envelope, with its own code in either style: PaddleHub has no such routes."""
    if isinstance(problem, (UnknownJobError, UnknownModuleError)):
        given = request.view_args or {}
        hint = job_hints.on_unknown(current_gateway(), given.get("job_id", ""), given.get("name", ""))
        problem = type(problem)(f"{problem}{hint}")
    return error_responses.respond(problem, _with_its_code)


@blueprint.route("/jobs", methods=["POST", "PUT", "DELETE"])
def nameless() -> NoReturn:
    """Refuse, and say which path was probably meant."""
    raise MethodNotAllowed(["GET"], job_hints.on_nameless(current_gateway(), request.method))


@blueprint.route("/jobs/<name>/<path:rest>", methods=["GET", "DELETE"])
def below(name: str, rest: str) -> NoReturn:
    """Refuse, and say what is there."""
    raise job_hints.nothing_below(current_gateway(), request.method, name, rest)


def _with_its_code(failure: Failure) -> tuple[bytes, int]:
    return envelope.failure(failure.message, failure.status), failure.code


@blueprint.get("/jobs")
def known() -> Response:
    """List the caller's jobs, oldest first."""
    reply, _ = current_gateway().jobs.ask(JobRequest("list", _owner()))
    return json_reply(envelope.dumps({"jobs": [as_json(job) for job in reply.jobs]}), 200)


@blueprint.get("/jobs/<job_id>")
def show(job_id: str) -> Response:
    """Say how a job is doing."""
    return _job_reply(_ask(JobRequest("show", _owner(), job_id)))


@blueprint.delete("/jobs/<job_id>")
def cancel(job_id: str) -> Response:
    """Cancel a job; forget one that has ended, with its result."""
    return _job_reply(_ask(JobRequest("cancel", _owner(), job_id)))


@blueprint.get("/jobs/<job_id>/result")
def result(job_id: str) -> Response:
    """Return what the synchronous route would have answered, or with NDJSON the pages as they come."""
    gateway, owner = current_gateway(), _owner()
    if request.accept_mimetypes.best_match(["application/json", NDJSON], "application/json") == NDJSON:
        after = request.args.get("after", "0")
        if _AFTER.match(after) is None:
            raise BindingError(f"after must be how many pages are known already, not {after[:100]!r}")
        caller = over_http.announced(current_exchange(), "").caller
        job = _ask(JobRequest("show", owner, job_id))  # or the error, before the first line
        question = JobRequest("pages", owner, job.id, after=int(after), wait=_WAIT_SECONDS)
        if not _followers.acquire(blocking=False):
            raise UnavailableError(
                f"{_MAX_FOLLOWERS} callers are sent pages already; try again, or ask for the result later",
                retry_after=5,
            )
        # From here on nothing may fail: who closes the lines gives the place back.
        style = envelope.SUCCESS_STATUS[gateway.config.status_style]
        request.environ[STREAMED] = True
        return Response(_Lines(gateway.jobs, question, job.state, caller, style), mimetype=NDJSON)
    found = JobResult(gateway.jobs, JobRequest("result", owner, job_id), gateway.config.status_style)
    if found.is_whole:
        return json_reply(found.beginning, 200)
    request.environ[STREAMED] = True
    return Response(found, mimetype="application/json")


class _Lines:
    """The lines of NDJSON: one for each page as it comes, and the last with how the job ended."""

    def __init__(
        self, client: JobsClient, question: JobRequest, state: str, caller: Caller, success: str
    ) -> None:
        self._client, self._question, self._state = client, question, state
        self._caller, self._success = caller, success
        self._is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        question = self._question
        while not self._caller.has_left:
            try:
                reply, lines = self._client.ask(question)
            except Exception as error:
                yield self._last(str(error), self._state, "101")
                return
            if lines:
                yield lines
            question = replace(question, after=reply.after)
            if not lines and reply.job is not None and reply.job.has_ended:
                state = reply.job.state
                yield self._last(reply.job.error, state, self._success if state == DONE else "101")
                return

    def _last(self, problem: str, state: str, status: str) -> bytes:
        return envelope.dumps({"status": status, "state": state, "msg": problem}) + b"\n"

    def close(self) -> None:
        """Let another caller in; WSGI calls this at the end."""
        if not self._is_closed:
            self._is_closed = True
            _followers.release()


def as_json(job: JobInfo) -> dict[str, Any]:
    """Return what a caller is told of a job."""
    return {
        "id": job.id,
        "name": job.name,
        "state": job.state,
        "pages": {"done": job.done, "failed": job.failed, "total": job.total},
        "created": job.created,
        "started": job.started or None,
        "ended": job.ended or None,
        "seconds": job.seconds,
        "error": job.error or None,
    }


def _ask(question: JobRequest) -> JobInfo:
    reply: JobReply = current_gateway().jobs.ask(question)[0]
    assert reply.job is not None
    return reply.job


def _job_reply(job: JobInfo, code: int = 200) -> Response:
    return json_reply(envelope.dumps(as_json(job)), code)


def _owner() -> str | None:
    """Return whose jobs the caller sees: those of its key, or without keys everybody's."""
    return request_context().key_name
