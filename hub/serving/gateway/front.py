"""The app of an HTTP worker: what surrounds every request, and the way to a model.

Flask answers all other requests: its routing, contexts and responses cost several times what a model's path
needs.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

from hub.serving.gateway import delivery, error_responses, model_paths, origins, ui
from hub.serving.gateway.caller import Caller
from hub.serving.gateway.context import EXCHANGE, Exchange, Gateway
from hub.serving.gateway.delivery import Handler
from hub.serving.gateway.error_responses import ErrorForm
from hub.serving.gateway.exchange import Request, Response
from hub.serving.gateway.model_paths import ModelPath, Spoken
from hub.serving.gateway.protocols import paddlex, predict
from hub.serving.gateway.protocols.oip import http_routes as oip_http
from hub.serving.gateway.request_context import RequestContext, is_request_id
from hub.serving.gateway.wsgi import CALLER, WSGI
from hub.serving.process.logs import printable, request_ids

access_log = logging.getLogger("hub.access")

#: Routes that need no key and are not worth a log line.
_HEALTH: Final = ("/health/", "/v2/health/")
_NOT_LOGGED: Final = ("/metrics", "/ui/")
#: For scripts of another origin: what they may send, and see of a reply.
_CORS: Final = (
    (
        "Access-Control-Allow-Headers",
        "Authorization, Content-Encoding, Content-Type, Idempotency-Key, X-API-Key, X-Hub-Strict, "
        "X-Request-ID, X-Request-Timeout",
    ),
    ("Access-Control-Expose-Headers", "Location, Retry-After, Server-Timing, X-Hub-Error, X-Request-ID"),
    ("Access-Control-Allow-Methods", "DELETE, GET, POST"),
    ("Vary", "Origin"),
)

Answer = Callable[[Exchange, ModelPath], Handler[Response]]
#: How each protocol calls a model, and how it writes an error.
_PROTOCOLS: Final[Mapping[Spoken, tuple[Answer, Callable[[Exchange], ErrorForm]]]] = {
    Spoken.PREDICT: (predict.answer, lambda exchange: error_responses.envelope_form(exchange.gateway)),
    Spoken.ENDPOINT: (paddlex.answer, paddlex.error_form),
    Spoken.INFER: (oip_http.answer, lambda _: oip_http.error_form),
}


class Front:
    """The WSGI app of an HTTP worker, which loads no module."""

    def __init__(self, gateway: Gateway, others: WSGI) -> None:
        """Pass requests that call no model on to ``others``."""
        self._gateway = gateway
        self._others = others

    def __call__(self, variables: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        gateway, exchange = self._gateway, begin(self._gateway, variables)
        try:
            path = model_paths.find(exchange.request.method, exchange.request.path, gateway.states.current)
            response = None if path is None else delivery.run(handler(exchange, path), gateway.dispatcher)
        except Exception as problem:
            response = error_responses.answer(problem, error_responses.envelope_form(gateway))
        if response is None:
            return self._others(variables, partial(_finish_others, exchange, start))
        return response_app(exchange, response)(variables, start)


def begin(gateway: Gateway, variables: dict[str, Any]) -> Exchange:
    """Give the request its id."""
    request = Request(variables)
    given = request.get("X-Request-ID")
    request_id = given if is_request_id(given) else gateway.new_request_id()
    request_ids.set(request_id)
    caller = variables.get(CALLER) or Caller()
    exchange = Exchange(gateway, request, RequestContext(request_id, time.monotonic(), caller=caller))
    variables[EXCHANGE] = exchange
    return exchange


def handler(exchange: Exchange, path: ModelPath) -> Handler[Response]:
    """Call a model; whatever goes wrong is a response, too."""
    answer, error_form = _PROTOCOLS[path.protocol]
    try:
        check(exchange)
        if exchange.context.is_page:  # it waits until others have gone
            yield None
        return (yield from answer(exchange, path))
    except Exception as problem:
        return error_responses.answer(problem, error_form(exchange))


def response_app(exchange: Exchange, response: Response) -> WSGI:
    """Return the app that gives this response."""

    def app(variables: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start(response.status, [*response.all_headers(), *finish(exchange, response.code)])
        return [response.body] if isinstance(response.body, bytes) else response.body

    return app


def check(exchange: Exchange) -> None:
    """Let strangers' pages and callers without a key in nowhere but where everybody may be.

    Raises:
        ForbiddenError, UnauthorizedError.
    """
    gateway, request, context = exchange.gateway, exchange.request, exchange.context
    page = gateway.job_pages.found(request)
    if page is not None:
        context.key_name, context.is_page, context.patience = page.owner or None, True, page.patience
        context.item, context.page = page.item, page.page
        return
    if _is_health_check(request.path):
        return
    origins.refuse_strangers(request.method, request, gateway.config)
    has_keys = gateway.config.api_key_file is not None
    if has_keys and not ui.needs_no_key(request, gateway.config):
        context.key_name = gateway.keys.check(request)


def is_preflight(exchange: Exchange) -> bool:
    """Tell whether a browser asks if a script of another origin may call us, and it may."""
    return exchange.request.method == "OPTIONS" and _allowed_origin(exchange) is not None


def _finish_others(
    exchange: Exchange, start: Callable[..., Any], status: str, headers: list[tuple[str, str]]
) -> Any:
    return start(status, [*headers, *finish(exchange, int(status[:3]))])


def finish(exchange: Exchange, code: int) -> list[tuple[str, str]]:
    """Return the headers that every response has; count and log it, a stream when it is over."""
    context = exchange.context
    if context.items is None:
        _account(exchange, code)
    else:
        context.items.at_end(partial(_account, exchange))
    headers = [("X-Request-ID", context.request_id)]
    origin = _allowed_origin(exchange)
    if origin is not None:
        headers += [("Access-Control-Allow-Origin", origin), *_CORS]
    return headers


def _account(exchange: Exchange, code: int) -> None:
    """Let go of what the request held, count it and log it."""
    gateway, context, path = exchange.gateway, exchange.context, exchange.request.path
    if context.unpacked:
        gateway.inflight.release(context.unpacked)
    seconds = time.monotonic() - context.arrived
    if context.module:
        gateway.metrics.answered(context.module, code, seconds)
    if gateway.config.access_log and not path.startswith(_NOT_LOGGED) and not _is_health_check(path):
        _log_access(exchange, code, seconds * 1000)


def _is_health_check(path: str) -> bool:
    return path == "/health" or path.startswith(_HEALTH)


def _log_access(exchange: Exchange, code: int, milliseconds: float) -> None:
    request, key_name = exchange.request, exchange.context.key_name
    key = f" key={key_name}" if key_name else ""
    path = printable(request.path)
    access_log.info(
        '%s "%s %s" %d %.1f ms%s', request.address, request.method, path, code, milliseconds, key,
        extra={"code": code, "path": path, "milliseconds": round(milliseconds, 1)},
    )  # fmt: skip


def _allowed_origin(exchange: Exchange) -> str | None:
    """Return the request's Origin if browsers there may call us; CORS is off unless origins are listed."""
    origins = exchange.gateway.config.cors_origins
    if not origins:
        return None
    origin = exchange.request.header("Origin")
    return origin if origin is not None and ("*" in origins or origin in origins) else None
