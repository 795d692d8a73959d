"""The Flask application: all routes but those that call a model, which ``front.py`` answers before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Request, Response, request
from werkzeug.exceptions import NotFound
from werkzeug.routing import MapAdapter

from hub import envelope
from hub.serving.gateway import error_responses, front, metrics, ui
from hub.serving.gateway.context import EXTENSION, Gateway, current_exchange, current_gateway
from hub.serving.gateway.front import Front
from hub.serving.gateway.protocols import jobs, legacy, paddlex, predict
from hub.serving.gateway.protocols.oip import http_routes as oip_http


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
    app.wsgi_app = Front(collaborators, app.wsgi_app)  # type: ignore[assignment,method-assign]  # Flask's way for middleware
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
    """Check who calls; an OPTIONS request of a browser is answered here."""
    exchange = current_exchange()
    if front.is_preflight(exchange):
        return Response(status=204)
    front.check(exchange)
    return None


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
