"""The Flask application: routes, and what happens before and after each of them."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, Request, Response, g, request
from flask.ctx import _AppCtxGlobals
from werkzeug.routing import MapAdapter

from hub import envelope
from hub.serving.config.server_config import ServingConfig
from hub.serving.gateway import context, error_responses, metrics, ui
from hub.serving.gateway.context import EXTENSION, Gateway, gateway
from hub.serving.gateway.dispatcher import Dispatcher
from hub.serving.gateway.protocols import legacy, paddlex, paddlex_openapi, predict
from hub.serving.gateway.protocols.oip import http_routes as oip_http
from hub.serving.gateway.protocols.oip import openapi as oip_openapi
from hub.serving.messages.state import StateReader
from hub.serving.process.logs import request_ids

access_log = logging.getLogger("hub.access")

_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}\Z")
#: Routes that need no key and are not worth a log line.
_HEALTH = ("/health/", "/v2/health/")
_NOT_LOGGED = ("/metrics", "/ui/")
#: Headers of a reply that a browser shows to scripts of another origin.
_EXPOSED = "Retry-After, Server-Timing, X-Hub-Error, X-Request-ID"


class App(Flask):
    """Flask without what we have no use for at every request."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """None of our functions is a coroutine."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Our routes depend on path and method, never on the host that a caller names."""
        if request is None:
            return super().create_url_adapter(request)
        return self.url_map.bind("", path_info=request.path, default_method=request.method)


def create_app(config: ServingConfig, run_dir: Path, states: StateReader, dispatcher: Dispatcher) -> Flask:
    """The app of one HTTP worker; it loads no module."""
    app = App("hub.serving", static_folder=None)
    app.extensions[EXTENSION] = context.build(config, run_dir, states, dispatcher)
    app.url_map.merge_slashes = False  # or "//" is answered by a redirect to whatever host the caller names
    app.before_request(_begin)
    app.after_request(_finish)
    app.register_error_handler(Exception, error_responses.error)
    app.register_blueprint(predict.blueprint)
    app.register_blueprint(legacy.blueprint)
    app.register_blueprint(oip_http.blueprint)
    paddlex.register(app)
    app.register_blueprint(
        ui.make_blueprint(has_pages=config.ui, describes=[oip_openapi.describe, paddlex_openapi.describe])
    )
    app.add_url_rule("/metrics", view_func=prometheus)
    app.add_url_rule("/health/live", view_func=live)
    app.add_url_rule("/health/ready", view_func=ready)
    return app


def live() -> Response:
    """200 as long as this process answers."""
    return error_responses.json_reply(b'{"live":true}', 200)


def ready() -> Response:
    """200 when every module has a warm runner, else 503 with each module's state and reason."""
    state = gateway().states.current()
    return error_responses.json_reply(envelope.dumps(state.readiness()), 200 if state.ready else 503)


def prometheus() -> Response:
    return Response(metrics.render(gateway().run_dir), content_type=metrics.CONTENT_TYPE)


def _begin() -> Response | None:
    """Give the request its id and check its key; an OPTIONS request of a browser is answered here."""
    notes, asked, this = _current()
    notes.arrived = time.monotonic()
    given = asked.headers.get("X-Request-ID", "")
    notes.request_id = given if _REQUEST_ID.match(given) else this.new_request_id()
    request_ids.set(notes.request_id)
    if asked.method == "OPTIONS" and _allowed_origin(asked, this) is not None:
        return Response(status=204)
    if not _is_health_check(asked.path) and not ui.needs_no_key():
        notes.caller = this.keys.check(asked.headers)
    return None


def _finish(response: Response) -> Response:
    notes, asked, this = _current()
    seconds = time.monotonic() - notes.arrived
    response.headers["X-Request-ID"] = notes.request_id
    origin = _allowed_origin(asked, this)
    if origin is not None:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Headers"] = (
            "Authorization, Content-Type, X-API-Key, X-Hub-Strict, X-Request-ID, X-Request-Timeout"
        )
        response.headers["Access-Control-Expose-Headers"] = _EXPOSED
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
        response.headers.add("Vary", "Origin")
    if "module" in notes:
        this.metrics.answered(notes.module, response.status_code, seconds)
    if this.config.access_log and not _is_health_check(asked.path) and not asked.path.startswith(_NOT_LOGGED):
        _log_access(asked, notes.get("caller"), response.status_code, seconds * 1000)
    return response


def _is_health_check(path: str) -> bool:
    return path == "/health" or path.startswith(_HEALTH)


def _current() -> tuple[_AppCtxGlobals, Request, Gateway]:
    """Flask's ``g`` and ``request`` themselves: their proxies look them up anew at every use."""
    notes: _AppCtxGlobals = g._get_current_object()
    asked: Request = request._get_current_object()  # type: ignore[attr-defined]
    return notes, asked, gateway()


def _log_access(asked: Request, caller: str | None, code: int, milliseconds: float) -> None:
    key = f" key={caller}" if caller else ""
    access_log.info(
        '%s "%s %s" %d %.1f ms%s', asked.remote_addr, asked.method, asked.path, code, milliseconds, key,
        extra={"code": code, "path": asked.path, "milliseconds": round(milliseconds, 1)},
    )  # fmt: skip


def _allowed_origin(asked: Request, this: Gateway) -> str | None:
    """The request's Origin if browsers there may call us; CORS is off unless origins are listed."""
    origins = this.config.cors_origins
    if not origins:
        return None
    origin = asked.headers.get("Origin")
    return origin if origin is not None and ("*" in origins or origin in origins) else None
