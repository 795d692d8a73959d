"""PaddleHub's protocol: ``POST /predict/<module>`` with a JSON object, answered by the envelope.

``POST /predict/<module>/<method>`` calls another serving method of the module. One that is a generator is
answered item by item, without an envelope.
"""

from __future__ import annotations

from flask import Blueprint

from hub.errors import BindingError
from hub.serving.gateway import body_parser, item_stream, plain_text
from hub.serving.gateway.body import Body
from hub.serving.gateway.context import Exchange
from hub.serving.gateway.delivery import Handler, ModuleReply
from hub.serving.gateway.exchange import Response
from hub.serving.gateway.item_stream import ItemStream
from hub.serving.gateway.model_paths import ModelPath
from hub.serving.gateway.protocols import over_http
from hub.serving.gateway.targets import ModuleTarget
from hub.serving.gateway.wsgi import STREAMED
from hub.serving.messages.state import ModuleState

blueprint = Blueprint("predict", __name__)
# POST is answered before it comes to Flask, which says so to those who use another method.
blueprint.add_url_rule("/predict/<name>", "predict", methods=["POST"])
blueprint.add_url_rule("/predict/<name>/<method>", "predict", methods=["POST"])
#: The envelope's ``msg``, where the reply is text.
REMARKS = "X-Hub-Message"


def answer(exchange: Exchange, path: ModelPath) -> Handler[Response]:
    """Admit, dispatch, wrap. Everything that is refused is refused by an exception."""
    target = ModuleTarget(exchange.gateway, path.name, path.detail)
    context = over_http.announced(exchange, path.name)
    asked = plain_text.format_asked(exchange.request)
    module = target.module()
    if module.manifest.streams and not context.is_page:  # a job has the list of all items
        yield None
        return _stream(exchange, target, module, asked)
    with target.admitted(module, context):
        reply = yield from target.dispatch(module, context, _read(exchange, module))
    response = _as_text(exchange, reply, asked) or Response(target.to_reply(reply))
    return over_http.with_headers(response, reply)


def _stream(exchange: Exchange, target: ModuleTarget, module: ModuleState, asked: str | None) -> Response:
    """Answer with items as they come; returns when the first is there."""
    if asked == "text":
        raise BindingError(f"format=text: {target.name} answers with a stream of JSON; leave format out")
    request, context = exchange.request, exchange.context
    form = item_stream.form_of(request.parsed.accept_mimetypes)
    items = ItemStream(target, module, context, lambda: _read(exchange, module), form)
    context.items = items
    request.variables[STREAMED] = True
    # nginx would hold the items back
    headers = [("Cache-Control", "no-store"), ("X-Accel-Buffering", "no")]
    return over_http.with_attempts(Response(items, 200, form.content_type, headers), context.attempts)


def _as_text(exchange: Exchange, reply: ModuleReply, asked: str | None) -> Response | None:
    """Return the results as text where that is wanted; what ``msg`` would say is in a header.

    Raises:
        BindingError: text was asked for by ``format``, and there is none.
    """
    if asked == "json" or (asked is None and not plain_text.is_preferred(exchange.request)):
        return None
    text = plain_text.as_text(reply)
    if text is None:
        if asked is None:
            return None
        raise BindingError("format=text: these results have no text; leave format out for JSON")
    headers = []
    if reply.remarks:
        ascii_only = reply.remarks.encode("ascii", "backslashreplace").decode()
        headers.append((REMARKS, " ".join(ascii_only.split())))
    return Response(text.encode(), 200, "text/plain; charset=utf-8", headers)


def _read(exchange: Exchange, module: ModuleState) -> Body:
    """Return the body as arguments and images; raises RequestError."""
    data, gateway = over_http.read_body(exchange), exchange.gateway
    return body_parser.of_module(data, exchange.request.content_type, module, gateway.config, gateway.limits)
