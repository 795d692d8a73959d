"""PaddleHub's format: ``POST /predict/<module>`` with a JSON object, answered by the envelope."""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub import envelope
from hub.serving.gateway import body, handling
from hub.serving.gateway.context import gateway
from hub.serving.gateway.protocols import over_http

blueprint = Blueprint("predict", __name__)


@blueprint.post("/predict/<name>")
def predict(name: str) -> Response:
    """Guard, dispatch, wrap. Everything that is refused is refused by an exception."""
    this = gateway()
    incoming = over_http.incoming(this, name)
    with handling.admitted(this, name, incoming) as module:
        data = over_http.read_body(this)
        images = module.manifest.get("images", ())
        parsed = body.parse(data, request.content_type or "", images, this.limits)
        reply = handling.dispatch(this, module, incoming, parsed)
    wrapped = envelope.success(reply.results, "; ".join(reply.notes), this.config.status_style)
    response = Response(wrapped, mimetype="application/json")
    over_http.tell_how_it_went(response, reply)
    return response
