"""The pages for people: the playground at ``/``, the API page at ``/docs``, and the JSON both live on.

``static/`` beside this file holds the playground as hand-written HTML, CSS and ES modules; Swagger UI's files
come from the package flask_swagger_ui. All of it is read once, into memory. Nothing comes from elsewhere, and
the Content-Security-Policy forbids it. The pages themselves tell nothing, so they need no key; what they
ask the server for does.
"""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from hub import envelope
from hub.errors import BindingError
from hub.serving.config.server_config import ServingConfig
from hub.serving.gateway import argument_schema, error_responses, openapi, page_pictures
from hub.serving.gateway.context import Gateway, current_exchange, current_gateway
from hub.serving.gateway.exchange import Request
from hub.serving.gateway.protocols import over_http
from hub.serving.messages.manifest import Manifest
from hub.serving.messages.state import ModuleState
from hub.version import __version__

STATIC = Path(__file__).with_name("static")
#: Of a method's manifest, as they are.
_TOLD = ("method", "doc", "batch", "takes_any", "documents", "idempotent", "streams", "example")
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
        if pages and wants_page(current_exchange().request):
            return _page(pages, "index.html", PLAYGROUND_POLICY)
        return _plain_index(current_gateway())

    if has_pages:
        blueprint.add_url_rule(page_pictures.PATH, view_func=_page_picture, methods=["POST"])

        @blueprint.get("/docs")
        def docs() -> Response:
            return _page(pages, "docs.html", API_PAGE_POLICY)

        @blueprint.get("/ui/<name>")
        def asset(name: str) -> Response:
            if name not in pages:
                raise NotFound
            return _page(pages, name)

    return blueprint


def wants_page(asked: Request) -> bool:
    """Tell whether a browser asks, not a script: those say ``*/*`` or JSON."""
    return asked.method in ("GET", "HEAD") and "text/html" in asked.parsed.accept_mimetypes.values()


def needs_no_key(asked: Request, config: ServingConfig) -> bool:
    """Tell whether a request is for a page or one of its files."""
    if not config.ui:
        return False
    if asked.path == "/":
        return wants_page(asked)
    folder, _, name = asked.path[1:].partition("/")
    is_page = asked.path == "/docs" or (folder == "ui" and name != "" and "/" not in name)
    return is_page and asked.method in ("GET", "HEAD", "OPTIONS")


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


def _page_picture() -> Response:
    """Answer ``POST /api/page?page=N``, whose body is a file, with a JPEG of its page N, from 0."""
    gateway, number = current_gateway(), _page_number(request.args.get("page", "0"))
    with gateway.admission.admit(page_pictures.NAME, page_pictures.AT_ONCE, 0):
        found = page_pictures.draw(over_http.read_body(current_exchange()), number, gateway.limits.max_pixels)
    response = Response(found.jpeg, mimetype="image/jpeg")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Hub-Page-Size"] = f"{found.width}x{found.height}"
    response.headers["X-Hub-Pages"] = str(found.total)
    response.headers["X-Hub-Page-Kind"] = "frame" if found.is_animation else "page"
    return response


def _page_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise BindingError(f"page must be the number of a page, from 0, not {text[:50]!r}")
    return int(text)


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
    each = {method: replace(module, manifest=manifest.methods[method]) for method in manifest.others}
    return {
        "name": name,
        **{key: getattr(module, key) for key in ("version", "state", "reason", "generation")},
        **_method(argument_schema.offered(module, gateway.config)),
        "summary": manifest.summary or argument_schema.summary(manifest.doc),
        "methods": {
            method: _method(argument_schema.offered(state, gateway.config)) for method, state in each.items()
        },
    }


def _method(manifest: Manifest) -> dict[str, Any]:
    """Return what the form of a serving method is made from."""
    schemas = argument_schema.properties(manifest)
    return {
        # idempotent is None before it has loaded: not known
        **{key: getattr(manifest, key) for key in _TOLD},
        "summary": argument_schema.summary(manifest.doc),
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
