"""PaddleHub's protocol: ``POST /predict/<module>`` with a JSON object, answered by the envelope.

``POST /predict/<module>/<method>`` calls another serving method of the module.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub.serving.gateway import argument_schema, body_parser
from hub.serving.gateway.body import Body
from hub.serving.gateway.context import current_gateway
from hub.serving.gateway.protocols import over_http
from hub.serving.gateway.request_context import RequestContext
from hub.serving.gateway.targets import ModuleTarget
from hub.serving.messages.state import ModuleState

blueprint = Blueprint("predict", __name__)


@blueprint.post("/predict/<name>")
@blueprint.post("/predict/<name>/<method>")
def predict(name: str, method: str = "") -> Response:
    """Admit, dispatch, wrap. Everything that is refused is refused by an exception."""
    gateway = current_gateway()
    target = ModuleTarget(gateway, name, method)
    context = over_http.announced(gateway, name)
    reply = target.call(context, over_http.read_body, _parse)
    return over_http.with_headers(Response(target.to_reply(reply), mimetype="application/json"), reply)


def _parse(data: bytes, module: ModuleState, context: RequestContext) -> Body:
    gateway, kind, taken = current_gateway(), request.content_type or "", None
    if body_parser.is_form(kind) and not module.manifest.takes_any:
        offered = argument_schema.offered(module, gateway.config)
        taken = [parameter.name for parameter in offered.parameters]
    return body_parser.parse(data, kind, module.manifest.images, gateway.limits, taken)
