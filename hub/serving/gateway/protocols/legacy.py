"""Routes that PaddleHub had and that are not served here: 404, and where to go instead.

PaddleHub 1.x took forms at ``/predict/image/<module>`` and ``/predict/text/<module>``; the same forms are
read at ``/predict/<module>``. A served module that is called ``image`` or ``text`` has these routes for its
methods. ``/gradio/<module>`` was a page of each module's own.
"""

from __future__ import annotations

from typing import NoReturn

from flask import Blueprint
from werkzeug.exceptions import MethodNotAllowed, NotFound

from hub.serving.gateway.context import current_gateway

blueprint = Blueprint("legacy", __name__)

_ANY = ["GET", "POST"]


@blueprint.route("/get/modules", methods=_ANY)
def modules() -> NoReturn:
    raise NotFound(
        "/get/modules was PaddleHub 1.x's; GET / and GET /health/ready list the modules served here"
    )


@blueprint.route("/predict/image/<name>", methods=_ANY, defaults={"kind": "image"})
@blueprint.route("/predict/text/<name>", methods=_ANY, defaults={"kind": "text"})
def predict(kind: str, name: str) -> NoReturn:
    """Refuse; POST to a module of that name does not come here."""
    if kind in current_gateway().states.current().modules:
        raise MethodNotAllowed(["POST"])
    raise NotFound(
        f"/predict/image/… and /predict/text/… were PaddleHub 1.x's; send the same form, or JSON, "
        f"to POST /predict/{name}"
    )


@blueprint.route("/gradio/<name>", methods=_ANY)
@blueprint.route("/gradio/<name>/<path:rest>", methods=_ANY)
def gradio(name: str, rest: str = "") -> NoReturn:
    raise NotFound(
        f"a module's Gradio page is not served here; POST JSON to /predict/{name}, or start its page "
        "yourself with the module's create_gradio_app()"
    )
