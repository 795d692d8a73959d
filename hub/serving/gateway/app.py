"""The Flask application: routes, and what happens before and after each of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask, Request, Response, g, request
from werkzeug.exceptions import NotFound
from werkzeug.routing import MapAdapter

from hub import envelope
from hub.serving.gateway import error_responses, metrics, origins, ui
from hub.serving.gateway.context import EXTENSION, Gateway, current_gateway, request_context
from hub.serving.gateway.protocols import jobs, legacy, paddlex, predict
from hub.serving.gateway.protocols.oip import http_routes as oip_http
from hub.serving.gateway.request_context import RequestContext, is_request_id
from hub.serving.process.logs import printable, request_ids

access_log = logging.getLogger("hub.access")

#: Routes that need no key and are not worth a log line.
_HEALTH = ("/health/", "/v2/health/")
_NOT_LOGGED = ("/metrics", "/ui/")
#: Headers of a reply that a browser shows to scripts of another origin.
_EXPOSED = "Location, Retry-After, Server-Timing, X-Hub-Error, X-Request-ID"


class App(Flask):
    """Flask without what we have no use for at every request."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function: none of ours is a coroutine."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Bind routes to path and method, never to the host that a caller names."""
        if request is None:
            return super().create_url_adapter(request)
        return self.url_map.bind("", path_info=request.path, default_method=request.method)


def create_app(collaborators: Gateway) -> Flask:
    """Make the app of one HTTP worker; it loads no module."""
    app = App("hub.serving", static_folder=None)
    app.extensions[EXTENSION] = collaborators
    app.url_map.merge_slashes = False  # or "//" is answered by a redirect to whatever host the caller names
    app.before_request(_begin)
    app.after_request(_finish)
    app.register_error_handler(Exception, _failed)
    app.register_blueprint(predict.blueprint)
    app.register_blueprint(legacy.blueprint)
    app.register_blueprint(oip_http.blueprint)
    app.register_blueprint(jobs.blueprint)
    paddlex.register(app)
    app.register_blueprint(ui.make_blueprint(has_pages=collaborators.config.ui))
    app.add_url_rule("/metrics", view_func=prometheus)
    app.add_url_rule("/health/live", view_func=live)
    app.add_url_rule("/health/ready", view_func=ready)
    return app


def live() -> Response:
    """Return 200 as long as this process answers."""
    return error_responses.json_reply(b'{"live":true}', 200)


def ready() -> Response:
    """Return 200 when every module has a warm runner, else 503 with each module's state and reason."""
    state = current_gateway().states.current()
    return error_responses.json_reply(envelope.dumps(state.readiness()), 200 if state.ready else 503)


def prometheus() -> Response:
    """Return all metrics."""
    return Response(metrics.render(current_gateway().run_dir), content_type=metrics.CONTENT_TYPE)


def _begin() -> Response | None:
    """Give the request its id and check its key; an OPTIONS request of a browser is answered here."""
    current, gateway = _current(), current_gateway()
    given = current.headers.get("X-Request-ID", "")
    request_id = given if is_request_id(given) else gateway.new_request_id()
    g.context = context = RequestContext(request_id, time.monotonic())
    request_ids.set(request_id)
    if current.method == "OPTIONS" and _allowed_origin(current, gateway) is not None:
        return Response(status=204)
    page = gateway.job_pages.found(current.headers)
    if page is not None:
        context.key_name, context.is_page, context.patience = page.owner or None, True, page.patience
        context.item, context.page = page.item, page.page
        return None
    if not _is_health_check(current.path):
        origins.refuse_strangers(current.method, current.headers, gateway.config)
    has_keys = gateway.config.api_key_file is not None
    if has_keys and not _is_health_check(current.path) and not ui.needs_no_key():
        context.key_name = gateway.keys.check(current.headers)
    return None


def _finish(response: Response) -> Response:
    current, gateway, context = _current(), current_gateway(), request_context()
    if context.items is None:
        _account(gateway, context, current, response.status_code)
    else:
        context.items.at_end(partial(_account, gateway, context, current))
    response.headers["X-Request-ID"] = context.request_id
    origin = _allowed_origin(current, gateway)
    if origin is not None:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Headers"] = (
            "Authorization, Content-Encoding, Content-Type, Idempotency-Key, X-API-Key, X-Hub-Strict, "
            "X-Request-ID, X-Request-Timeout"
        )
        response.headers["Access-Control-Expose-Headers"] = _EXPOSED
        response.headers["Access-Control-Allow-Methods"] = "DELETE, GET, POST"
        response.headers.add("Vary", "Origin")
    return response


def _account(gateway: Gateway, context: RequestContext, current: Request, code: int) -> None:
    """Let go of what the request held, count it and log it."""
    if context.unpacked:
        gateway.inflight.release(context.unpacked)
    seconds = time.monotonic() - context.arrived
    if context.module:
        gateway.metrics.answered(context.module, code, seconds)
    is_logged = gateway.config.access_log and not current.path.startswith(_NOT_LOGGED)
    if is_logged and not _is_health_check(current.path):
        _log_access(current, context.key_name, code, seconds * 1000)


def _failed(problem: Exception) -> Response:
    """Answer an error outside of the blueprints that have a form of their own.

    A request that no route took belongs to none, but the first part of its path tells whose form it has.
    """
    if request.url_rule is None:
        first = request.path.split("/", 2)[1]
        if first == "v2":
            return oip_http.failed(problem)
        loading = paddlex.loading() if isinstance(problem, NotFound) else None
        if loading is not None:
            return paddlex.failed(loading)
        if paddlex.has_its_form(first):
            return paddlex.unrouted(problem)
    return error_responses.respond(problem)


def _is_health_check(path: str) -> bool:
    return path == "/health" or path.startswith(_HEALTH)


def _current() -> Request:
    """Return the request itself: its proxy looks it up anew at every use."""
    current: Request = request._get_current_object()  # type: ignore[attr-defined]
    return current


def _log_access(current: Request, key_name: str | None, code: int, milliseconds: float) -> None:
    key = f" key={key_name}" if key_name else ""
    path = printable(current.path)
    access_log.info(
        '%s "%s %s" %d %.1f ms%s', current.remote_addr, current.method, path, code, milliseconds, key,
        extra={"code": code, "path": path, "milliseconds": round(milliseconds, 1)},
    )  # fmt: skip


def _allowed_origin(current: Request, gateway: Gateway) -> str | None:
    """Return the request's Origin if browsers there may call us; CORS is off unless origins are listed."""
    origins = gateway.config.cors_origins
    if not origins:
        return None
    origin = current.headers.get("Origin")
    return origin if origin is not None and ("*" in origins or origin in origins) else None
