"""PaddleHub's protocol: ``POST /predict/<module>`` with a JSON object, answered by the envelope.

``POST /predict/<module>/<method>`` calls another serving method of the module.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub.errors import BindingError
from hub.serving.gateway import body_parser, plain_text
from hub.serving.gateway.body import Body
from hub.serving.gateway.context import current_gateway
from hub.serving.gateway.delivery import ModuleReply
from hub.serving.gateway.protocols import over_http
from hub.serving.gateway.request_context import RequestContext
from hub.serving.gateway.targets import ModuleTarget
from hub.serving.messages.state import ModuleState

blueprint = Blueprint("predict", __name__)
#: The envelope's ``msg``, where the reply is text.
REMARKS = "X-Hub-Message"


@blueprint.post("/predict/<name>")
@blueprint.post("/predict/<name>/<method>")
def predict(name: str, method: str = "") -> Response:
    """Admit, dispatch, wrap. Everything that is refused is refused by an exception."""
    gateway = current_gateway()
    target = ModuleTarget(gateway, name, method)
    context = over_http.announced(gateway, name)
    asked = plain_text.format_asked(request)
    reply = target.call(context, over_http.read_body, _parse)
    response = _as_text(reply, asked) or Response(target.to_reply(reply), mimetype="application/json")
    return over_http.with_headers(response, reply)


def _as_text(reply: ModuleReply, asked: str | None) -> Response | None:
    """Return the results as text where that is wanted; what ``msg`` would say is in a header.

    Raises:
        BindingError: text was asked for by ``format``, and there is none.
    """
    if asked == "json" or (asked is None and not plain_text.is_preferred(request)):
        return None
    text = plain_text.as_text(reply)
    if text is None:
        if asked is None:
            return None
        raise BindingError("format=text: these results have no text; leave format out for JSON")
    response = Response(text, mimetype="text/plain")
    if reply.remarks:
        ascii_only = reply.remarks.encode("ascii", "backslashreplace").decode()
        response.headers[REMARKS] = " ".join(ascii_only.split())
    return response


def _parse(data: bytes, module: ModuleState, context: RequestContext) -> Body:
    gateway = current_gateway()
    return body_parser.of_module(data, request.content_type or "", module, gateway.config, gateway.limits)
