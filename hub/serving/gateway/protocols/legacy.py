"""Routes that PaddleHub had and that are not served here: 404, and where to go instead.

PaddleHub 1.x took forms at ``/predict/image/<module>`` and ``/predict/text/<module>``; the same forms are
read at ``/predict/<module>``. ``/gradio/<module>`` was a page of each module's own.
"""

from __future__ import annotations

from typing import NoReturn

from flask import Blueprint
from werkzeug.exceptions import NotFound

blueprint = Blueprint("legacy", __name__)

_ANY = ["GET", "POST"]


@blueprint.route("/get/modules", methods=_ANY)
def modules() -> NoReturn:
    raise NotFound(
        "/get/modules was PaddleHub 1.x's; GET / and GET /health/ready list the modules served here"
    )


@blueprint.route("/predict/image/<name>", methods=_ANY)
@blueprint.route("/predict/text/<name>", methods=_ANY)
def predict(name: str) -> NoReturn:
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
