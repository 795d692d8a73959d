"""From an answer to results or an error. No I/O.

The server names the error's class in ``X-Hub-Error``; from one that does not (PaddleHub's, an older one)
status and HTTP code tell the class. A proxy's own pages are known by having no envelope.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2

from hub import envelope, errors
from hub.client.options import Server
from hub.errors import HubError, RequestError

NDJSON = "application/x-ndjson"
#: Keys that the last line of a stream may have.
_LAST_LINE = frozenset(("msg", "results", "status", "error"))
_SUCCESS = tuple(envelope.SUCCESS_STATUS.values())
_KINDS = RequestError.__subclasses__()
#: Of several classes with the same code the first, which is the most general, is taken.
_BY_CODE = {kind.http_status: kind for kind in reversed(_KINDS)} | {403: errors.UnauthorizedError}
_BY_STATUS = {kind.status: kind for kind in _KINDS if "status" in vars(kind)}
#: Codes that a proxy sends on its own account, without a module.
_BY_PROXY = (401, 403, 413, 503, 504)


@dataclass(frozen=True)
class Reply:
    """An answer. ``message`` has the server's remarks, mostly none."""

    results: Any
    message: str = ""
    request_id: str = ""


def read(outcome: httpx2.Response | httpx2.HTTPError, server: Server, request_id: str) -> Reply:
    """Return the results of a prediction.

    Raises:
        RequestError: the server refused or failed, in its words.  ClientError: there is no such answer.
    """
    response = _received(outcome, server, request_id)
    request_id = response.headers.get("X-Request-ID", request_id)
    if is_stream(response):
        items = Items(request_id)
        results = list(items.take(response.content))
        return Reply(results, items.end(), request_id)
    found = _object(response)
    if not {"status", "msg", "results"} <= found.keys():
        raise _foreign(response, server, request_id)
    status, message = str(found["status"]), str(found["msg"])
    if response.is_success and status in _SUCCESS:
        return Reply(found["results"], message, request_id)
    kind = _kind(response.headers.get("X-Hub-Error", ""), status, response.status_code)
    raise kind(message, retry_after=_retry_after(response), request_id=request_id)


def _kind(name: str, status: str, code: int = 0) -> type[RequestError]:
    """Return the class of an error by its name, else by what the envelope and HTTP say."""
    named = getattr(errors, name, None)
    if isinstance(named, type) and issubclass(named, RequestError):
        return named
    return _BY_STATUS.get(status) or _BY_CODE.get(code, RequestError)


def is_stream(response: httpx2.Response) -> bool:
    """Tell whether an answer comes item by item."""
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    return response.is_success and bool(kind == NDJSON)


class Items:
    """Takes a stream's bytes as they come and gives its items; the last line says how it ended."""

    def __init__(self, request_id: str = "") -> None:
        self._request_id = request_id
        self._rest: list[bytes] = []
        self._last: dict[str, Any] | None = None

    def take(self, data: bytes) -> Iterator[Any]:
        """Yield the items that are whole now; raises ReplyError for a line that is not JSON."""
        *lines, rest = data.split(b"\n")
        if lines:
            lines[0] = b"".join((*self._rest, lines[0]))
            self._rest.clear()
        if rest:
            self._rest.append(rest)
        for line in filter(None, lines):
            if self._last is not None:  # it was none: another line follows
                yield self._last
                self._last = None
            try:
                item = envelope.loads(line, trusted=True)
            except ValueError as error:
                raise errors.ReplyError(f"a line of the stream is not JSON: {error}") from error
            if isinstance(item, dict) and "status" in item and item.keys() <= _LAST_LINE:
                self._last = item
            else:
                yield item

    def end(self) -> str:
        """Return the server's remarks, mostly none; nothing follows.

        Raises:
            RequestError: the last line is an error.  ConnectionLostError: there is no last line.
        """
        if self._rest or self._last is None:
            raise errors.ConnectionLostError("the stream broke off: its last line is not there")
        status, message = str(self._last["status"]), str(self._last.get("msg", ""))
        if status not in _SUCCESS:
            raise _kind(str(self._last.get("error", "")), status)(message, request_id=self._request_id)
        return message


def at_once(reply: Reply) -> list[Any]:
    """Return the items of a reply that came whole: of its list, or itself."""
    return reply.results if isinstance(reply.results, list) else [reply.results]


def lost(error: httpx2.HTTPError, server: Server, request_id: str) -> HubError:
    """Return the error of a stream whose connection failed in the middle."""
    try:
        _received(error, server, request_id)
    except HubError as problem:
        return problem
    raise AssertionError("unreachable")


def begun(
    outcome: httpx2.Response | httpx2.HTTPError, server: Server, request_id: str
) -> Reply | httpx2.Response:
    """Return a response whose stream has begun, or the whole reply of a method that is none.

    Raises:
        RequestError, ClientError: as ``read``.
    """
    response = _received(outcome, server, request_id)
    return response if is_stream(response) else read(response, server, request_id)


def read_json(outcome: httpx2.Response | httpx2.HTTPError, server: Server) -> dict[str, Any]:
    """Return a JSON object that is not a prediction: health, the list of modules.

    Raises:
        RequestError, ClientError: as ``read``.
    """
    response = _received(outcome, server)
    value = _object(response)
    if not value or (response.is_error and "status" in value):
        read(response, server, "")
    if "msg" in value:
        raise _foreign(response, server, "")
    return value


def read_result(outcome: httpx2.Response | httpx2.HTTPError, server: Server) -> Reply:
    """Return the result of a job: of a module its results, of a pipeline the whole reply.

    Raises:
        RequestError, ClientError: as ``read``.
    """
    response = _received(outcome, server)
    found = _object(response)
    if response.is_success and found and not {"status", "msg", "results"} <= found.keys():
        return Reply(found, "", response.headers.get("X-Request-ID", ""))
    return read(response, server, "")


def _received(
    outcome: httpx2.Response | httpx2.HTTPError, server: Server, request_id: str | None = None
) -> httpx2.Response:
    """Return the response, if there is one.

    Raises:
        UnreachableError, ConnectionLostError, DeadlineError.
    """
    if isinstance(outcome, httpx2.Response):
        server.has_answered = True
        return outcome
    if any(isinstance(cause, ssl.SSLError) for cause in _causes(outcome)):
        raise errors.ReplyError(
            f"{server.shown}: no safe connection ({outcome}); a certificate of your own authority is "
            "given with verify=FILE (--ca_file FILE)"
        ) from outcome
    if isinstance(outcome, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError)):
        why = str(outcome) or "it does not answer"
        hint = "Is the server running there? hub serving status shows the one on this machine"
        raise errors.UnreachableError(
            f"cannot connect to {server.shown}{_through(server)}: {why}. {hint}"
        ) from outcome
    if isinstance(outcome, httpx2.TimeoutException):
        raise errors.DeadlineError(
            f"{server.shown} did not answer in time", request_id=request_id
        ) from outcome
    if isinstance(outcome, (httpx2.NetworkError, httpx2.RemoteProtocolError)):
        raise errors.ConnectionLostError(
            f"the connection to {server.shown} ended before the answer was there ({outcome}); "
            "the server's log may say why"
        ) from outcome
    raise errors.ReplyError(f"{server.shown}: {type(outcome).__name__}: {outcome}") from outcome


def _through(server: Server) -> str:
    """Return which proxy is between, and how to leave it out; empty without any."""
    host = urlsplit(server.url).hostname
    return f" through the proxy {server.proxy} (no_proxy={host} leaves it out)" if server.proxy else ""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _object(response: httpx2.Response) -> dict[str, Any]:
    """Return the JSON object in the answer; an empty one where there is none."""
    try:
        value = envelope.loads(response.content, trusted=True)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _foreign(response: httpx2.Response, server: Server, request_id: str) -> HubError:
    """Return the error for an answer without envelope."""
    code, text = response.status_code, " ".join(response.text.split())[:200]
    said = f"HTTP {code} without an answer of a module{_through(server)}: {text or response.reason_phrase}"
    if response.is_redirect:
        return errors.ReplyError(f"it is elsewhere: {response.headers.get('Location')} (HTTP {code})")
    if code == 502:  # the proxy's connection ended; nobody knows whether the module had run
        return errors.ConnectionLostError(said)
    if code in _BY_PROXY:
        return _BY_CODE[code](said, retry_after=_retry_after(response), request_id=request_id or None)
    return errors.ReplyError(f"{said}. Is this the address of a HubServing server?")


def _retry_after(response: httpx2.Response) -> int | None:
    text = response.headers.get("Retry-After", "")
    return int(text) if text.isdecimal() else None
