"""The pages for people: the playground at ``/``, the API page at ``/docs``, and the JSON both live on.

``static/`` beside this file holds the playground as hand-written HTML, CSS and ES modules; Swagger UI's files
come from the package flask_swagger_ui. All of it is read once, into memory. Nothing comes from elsewhere, and
the Content-Security-Policy forbids it. The pages themselves tell nothing, so they need no key; what they
ask the server for does.
"""

from __future__ import annotations

import hashlib
import mimetypes
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from hub import envelope
from hub.serving.gateway import argument_schema, error_responses, openapi
from hub.serving.gateway.context import Gateway, current_gateway
from hub.serving.messages.state import ModuleState
from hub.version import __version__

STATIC = Path(__file__).with_name("static")
SWAGGER_FILES = ("swagger-ui-bundle.js", "swagger-ui.css")

#: The playground loads only its own files; ``blob:`` is for pictures chosen on the page.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'{styles}; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PLAYGROUND_POLICY = _POLICY.format(styles="")
#: Swagger UI sets style attributes.
API_PAGE_POLICY = _POLICY.format(styles=" 'unsafe-inline'")

#: Of a method, as they are told; idempotent is None before it has loaded: not known.
_TRAITS = ("doc", "batch", "streams", "takes_any", "idempotent", "example")

#: Some systems' tables say otherwise, and browsers then refuse it.
mimetypes.add_type("text/javascript", ".js")


def make_blueprint(*, has_pages: bool) -> Blueprint:
    """Make the routes of this file."""
    blueprint = Blueprint("ui", __name__)

    @blueprint.get("/api/modules")
    def modules() -> Response:
        return error_responses.json_reply(envelope.dumps(_listing(current_gateway())), 200)

    @blueprint.get("/openapi.json")
    def document() -> Response:
        gateway = current_gateway()
        described = openapi.document(gateway.states.current(), gateway.config)
        return error_responses.json_reply(envelope.dumps(described), 200)

    pages = _read_pages() if has_pages else {}

    @blueprint.route("/", methods=["GET", "POST"])
    def index() -> Response:
        """Return the playground to a browser, a few lines of text to a script, as PaddleHub did."""
        if pages and wants_page():
            return _page(pages, "index.html", PLAYGROUND_POLICY)
        return _plain_index(current_gateway())

    if has_pages:

        @blueprint.get("/docs")
        def docs() -> Response:
            return _page(pages, "docs.html", API_PAGE_POLICY)

        @blueprint.get("/ui/<name>")
        def asset(name: str) -> Response:
            if name not in pages:
                raise NotFound
            return _page(pages, name)

    return blueprint


def wants_page() -> bool:
    """Tell whether a browser asks, not a script: those say ``*/*`` or JSON."""
    return request.method in ("GET", "HEAD") and "text/html" in request.accept_mimetypes.values()


def needs_no_key() -> bool:
    """Tell whether the current request is for a page or one of its files."""
    if request.endpoint == "ui.index":
        return current_gateway().config.ui and wants_page()
    return request.endpoint in ("ui.docs", "ui.asset")


def _page(pages: dict[str, tuple[bytes, str]], name: str, policy: str = "") -> Response:
    data, etag = pages[name]
    response = Response(data, mimetype=mimetypes.guess_type(name)[0])
    response.set_etag(etag)
    response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request)
    response.headers["X-Content-Type-Options"] = "nosniff"
    if policy:
        response.headers["Content-Security-Policy"] = policy
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Vary"] = "Accept"
    return response


def _read_pages() -> dict[str, tuple[bytes, str]]:
    """Return file name → content and ETag."""
    files = [path for path in STATIC.iterdir() if path.is_file()]
    swagger = find_spec("flask_swagger_ui")
    if swagger is not None and swagger.origin is not None:
        files += [Path(swagger.origin).with_name("dist") / name for name in SWAGGER_FILES]
    contents = {path.name: path.read_bytes() for path in files}
    return {
        name: (data, hashlib.blake2b(data, digest_size=12).hexdigest()) for name, data in contents.items()
    }


def _plain_index(gateway: Gateway) -> Response:
    served = gateway.states.current().modules
    lines = [f"POST /predict/{name}    {module.version}  {module.state}" for name, module in served.items()]
    response = Response("\n".join(["HubServing", *lines, ""]), mimetype="text/plain")
    response.headers["Vary"] = "Accept"
    return response


def _listing(gateway: Gateway) -> dict[str, Any]:
    """Return what the playground needs to know: the server's limits, and each module's arguments."""
    server = {
        "version": __version__,
        "status_style": gateway.config.status_style,
        "max_body_bytes": gateway.limits.max_body,
        "max_images": gateway.limits.max_images,
    }
    served = gateway.states.current().modules
    return {"server": server, "modules": [_module(name, module, gateway) for name, module in served.items()]}


def _module(name: str, module: ModuleState, gateway: Gateway) -> dict[str, Any]:
    manifest = argument_schema.offered(module, gateway.config)
    schemas = argument_schema.properties(manifest)
    return {
        "name": name,
        **{key: getattr(module, key) for key in ("version", "state", "reason", "generation")},
        "summary": manifest.summary or argument_schema.summary(manifest.doc),
        **{
            key: getattr(manifest, key)
            for key in ("doc", "batch", "streams", "takes_any", "idempotent", "example")
        },
        "methods": {
            method: {key: getattr(manifest.methods[method], key) for key in ("idempotent", "streams")}
            for method in manifest.others
        },
        "parameters": [
            {
                "name": parameter.name,
                "required": parameter.required,
                "is_image": argument_schema.is_image(parameter.name, manifest),
                "schema": schemas[parameter.name],
            }
            for parameter in manifest.parameters
        ],
    }
