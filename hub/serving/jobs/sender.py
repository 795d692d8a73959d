"""Sends pages to the gateway of this server, as a caller would, and reads what became of them."""

from __future__ import annotations

import base64
import contextlib
import http.client
import os
import re
import socket
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from hub import address, envelope, errors
from hub.serving.config.server_config import ServingConfig
from hub.serving.jobs.job_table import Job
from hub.serving.jobs.page_table import Page
from hub.serving.messages import jobs

#: The gateway answers by the module's deadline; this is for one that does not.
_SPARE_SECONDS: Final = 30.0
#: A page that is refused may be taken so much later, unless the gateway says when.
PAUSE_SECONDS: Final = 0.5
#: A page lets other requests go first for so many times as long as pages take.
PATIENCE: Final = 9.0
_FIRST_PAGE_SECONDS: Final = 0.1
_LONGEST_PATIENCE_SECONDS: Final = 10.0
_INFERENCE: Final = re.compile(r"inference;dur=([0-9.]+)")
#: Errors that another try does not change, by class.
_FINAL: Final = (
    errors.InvalidInputError,
    errors.BindingError,
    errors.NotJSONError,
    errors.PayloadTooLargeError,
    errors.MediaTypeError,
    errors.RunnerLostError,
)
#: Errors that all pages of the job would have.
_OF_THE_JOB: Final = (errors.UnauthorizedError, errors.ForbiddenError, errors.UnknownModuleError)


class Refused(Exception):
    """The page was not taken, and may be later."""

    def __init__(self, seconds: float = PAUSE_SECONDS) -> None:
        super().__init__()
        self.seconds = seconds


class Lost(Exception):
    """The connection broke; the page may have been computed."""


class PageFailed(Exception):
    """The page failed; ``is_final`` where another try would not help, ``of_job`` where no page would pass."""

    def __init__(self, message: str, *, is_final: bool = False, of_job: bool = False) -> None:
        super().__init__(message)
        self.is_final = is_final
        self.of_job = of_job


@dataclass(frozen=True)
class Answer:
    """The results of a request as JSON, at an endpoint the whole reply; and the envelope's ``msg``."""

    results: bytes
    remarks: str = ""


class Sending:
    """One request; ``abort`` ends it from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self.is_aborted = False

    def begin(self, connection: socket.socket | None) -> None:
        """Note what carries it; raises Refused where it was aborted already."""
        with self._lock:
            if self.is_aborted:
                raise Refused
            self._socket = connection

    def abort(self) -> None:
        with self._lock:
            self.is_aborted = True
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """Forget what carried it; another may get its descriptor."""
        with self._lock:
            self._socket = None


class Sender:
    """The way to the gateway."""

    def __init__(self, config: ServingConfig, token: str) -> None:
        self._host, self._port = address.reachable(config.host), config.port
        self._token = token
        self._seconds: dict[str, float] = {}
        self._tls: ssl.SSLContext | None = None
        if config.certfile is not None:
            # It is our own certificate, and made for the name by which others know this machine.
            self._tls = ssl.create_default_context()
            self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE

    def send(self, job: Job, page: Page, content: bytes | Path, sending: Sending, timeout: float) -> Answer:
        """Send a page, and wait.

        Args:
            job: whose it is.
            page: which.
            content: its item as JSON or a file, or the body of the whole job.
            sending: by which it can be ended.
            timeout: seconds that the module has at most.

        Raises:
            Refused, Lost, PageFailed.
        """
        connection = self._connection(timeout + _SPARE_SECONDS)
        try:
            with contextlib.closing(connection):
                try:
                    connection.connect()
                except OSError as error:
                    raise Refused from error
                sending.begin(connection.sock)
                try:
                    status, headers, data = self._exchange(connection, job, page, content)
                except (OSError, http.client.HTTPException) as error:
                    raise Lost from error
        finally:
            sending.end()
        self._note_time(job.submission.module, headers.get("Server-Timing", ""))
        return read_answer(job, status, headers, data)

    def _patience(self, module: str) -> float:
        """Return for how long a page lets other requests go first: a job advances beside any load."""
        seconds = self._seconds.get(module, _FIRST_PAGE_SECONDS)
        return min(_LONGEST_PATIENCE_SECONDS, PATIENCE * seconds)

    def _note_time(self, module: str, timing: str) -> None:
        """Note how long a page took, as the gateway says; the latest counts a quarter."""
        if found := _INFERENCE.search(timing):
            seconds = float(found[1]) / 1000
            self._seconds[module] = 0.75 * self._seconds.get(module, seconds) + 0.25 * seconds

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        if self._tls is not None:
            return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=self._tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout)

    def _exchange(
        self, connection: http.client.HTTPConnection, job: Job, page: Page, content: bytes | Path
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        submission, plan = job.submission, job.plan
        headers = {
            "Connection": "close",
            jobs.TOKEN: self._token,
            jobs.OWNER: quote(submission.owner),  # a header takes ASCII alone
            jobs.PATIENCE: f"{self._patience(submission.module):.3f}",
            "X-Request-ID": f"job-{job.id}-{page.number}",
        }
        if submission.strict:
            headers["X-Hub-Strict"] = "1"
        path = f"/{submission.endpoint}" if submission.endpoint else f"/predict/{submission.name}"
        if plan is not None and plan.argument:
            inner = page.input
            headers["Content-Type"] = "application/json"
            headers[jobs.PAGE] = str(inner.item) + (f"/{inner.page}" if inner.page is not None else "")
            assert isinstance(content, bytes)
            body = request_body(plan.arguments.encode(), plan.argument, content, in_files=plan.in_files)
            connection.request("POST", quote(path), body, headers)
        else:
            assert isinstance(content, Path)
            headers["Content-Type"] = submission.content_type
            headers["Content-Length"] = str(os.stat(content).st_size)  # noqa: PTH116
            if submission.coding:
                headers["Content-Encoding"] = submission.coding
            with content.open("rb") as file:
                connection.request("POST", quote(path), file, headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()


def request_body(arguments: bytes, name: str, content: bytes, *, in_files: bool) -> bytes:
    """Return a JSON object of the arguments, and of a list with the one item."""
    item = b'"%b"' % base64.b64encode(content) if in_files else content
    rest = arguments.strip()[1:].lstrip()
    return b"{%b:[%b]%b" % (envelope.dumps(name), item, rest if rest == b"}" else b"," + rest)


def read_answer(job: Job, status: int, headers: http.client.HTTPMessage, data: bytes) -> Answer:
    """Read a reply; raises Refused, PageFailed."""
    name = headers.get("X-Hub-Error", "")
    if name or status >= 400:
        raise _problem(name, status, headers, _message(data, status))
    if job.submission.endpoint:
        return Answer(data)
    try:
        return Answer(*envelope.taken_apart(data))
    except ValueError as error:
        raise PageFailed(f"the reply cannot be read: {error}") from error


def _problem(name: str, status: int, headers: http.client.HTTPMessage, message: str) -> Exception:
    found = getattr(errors, name, errors.RequestError) if name else errors.RequestError
    if status == errors.UnavailableError.http_status:
        after = headers.get("Retry-After", "")
        return Refused(float(after) if after.isdecimal() else PAUSE_SECONDS)
    is_final = issubclass(found, _FINAL) or (not name and 400 <= status < 500)
    return PageFailed(message, is_final=is_final, of_job=issubclass(found, _OF_THE_JOB))


def _message(data: bytes, status: int) -> str:
    with contextlib.suppress(ValueError, AttributeError):
        reply = envelope.loads(data)
        text = reply.get("msg") or reply.get("errorMsg")
        if text:
            return str(text)
    return f"HTTP status {status}"
