"""PaddleHub's protocol: ``POST /predict/<module>`` with a JSON object, answered by the envelope.

``POST /predict/<module>/<method>`` calls another serving method of the module. One that is a generator is
answered item by item, without an envelope.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from hub.errors import BindingError
from hub.serving.gateway import body_parser, item_stream, plain_text
from hub.serving.gateway.body import Body
from hub.serving.gateway.context import current_gateway
from hub.serving.gateway.delivery import ModuleReply
from hub.serving.gateway.item_stream import ItemStream
from hub.serving.gateway.protocols import over_http
from hub.serving.gateway.request_context import RequestContext
from hub.serving.gateway.targets import ModuleTarget
from hub.serving.gateway.wsgi import STREAMED
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
    module = target.module()
    if module.manifest.streams and not context.is_page:  # a job has the list of all items
        return _stream(target, module, context, asked)
    with target.admitted(module, context):
        reply = target.dispatch(module, context, _parse(over_http.read_body(), module, context))
    response = _as_text(reply, asked) or Response(target.to_reply(reply), mimetype="application/json")
    return over_http.with_headers(response, reply)


def _stream(
    target: ModuleTarget, module: ModuleState, context: RequestContext, asked: str | None
) -> Response:
    """Answer with items as they come; returns when the first is there."""
    if asked == "text":
        raise BindingError(f"format=text: {target.name} answers with a stream of JSON; leave format out")
    form = item_stream.form_of(request.accept_mimetypes)
    items = ItemStream(target, module, context, lambda: _parse(over_http.read_body(), module, context), form)
    context.items = items
    request.environ[STREAMED] = True
    response = Response(items, mimetype=form.media_type)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # of nginx, which would hold the items back
    return over_http.with_attempts(response, context.attempts)


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
