"""PaddleHub's protocol: ``POST /predict/<module>`` with a JSON object, answered by the envelope."""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub.serving.gateway import body_parser
from hub.serving.gateway.body import Body
from hub.serving.gateway.context import current_gateway
from hub.serving.gateway.protocols import over_http
from hub.serving.gateway.request_context import RequestContext
from hub.serving.gateway.targets import ModuleTarget
from hub.serving.messages.state import ModuleState

blueprint = Blueprint("predict", __name__)


@blueprint.post("/predict/<name>")
def predict(name: str) -> Response:
    """Admit, dispatch, wrap. Everything that is refused is refused by an exception."""
    gateway = current_gateway()
    target = ModuleTarget(gateway, name)
    context = over_http.announced(gateway, name)
    reply = target.call(context, over_http.read_body, _parse)
    return over_http.with_headers(Response(target.to_reply(reply), mimetype="application/json"), reply)


def _parse(data: bytes, module: ModuleState, context: RequestContext) -> Body:
    manifest, limits = module.manifest, current_gateway().limits
    taken = None if manifest.takes_any else [parameter.name for parameter in manifest.parameters]
    return body_parser.parse(data, request.content_type or "", manifest.images, limits, taken)
