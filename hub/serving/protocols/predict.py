"""[2] PaddleHub's format: ``POST /predict/<module>`` with a JSON object, answered by the envelope."""

from __future__ import annotations

from flask import Blueprint, Response, g, request

from hub import envelope
from hub.errors import BindingError
from hub.serving import body, guards
from hub.serving.dispatcher import ModuleReply, ModuleRequest, refuse_unless_served
from hub.serving.gateway_context import Gateway, gateway
from hub.serving.state import ModuleState

blueprint = Blueprint("predict", __name__)


@blueprint.post("/predict/<name>")
def predict(name: str) -> Response:
    """Guard, dispatch, wrap. Everything that is refused is refused by an exception."""
    this = gateway()
    states = this.states.current()
    if name in states.modules:
        g.module = name  # a label of metrics, so only ever the name of a module that is served
    module = refuse_unless_served(name, states.modules.get(name))
    size = guards.declared_length(request.headers, this.limits)
    deadline = _deadline(module)
    with (
        this.admission.admit(name, _capacity(module), size),
        this.metrics.in_flight.labels(name).track_inprogress(),
    ):
        data = guards.read_body(request.environ["wsgi.input"], this.limits)
        g.has_read_body = True
        parsed = body.parse(data, request.content_type or "", module.manifest.get("images", ()), this.limits)
        reply = this.dispatcher.call(
            module,
            ModuleRequest(
                request_id=g.request_id,
                arguments=parsed.arguments,
                images=parsed.images,
                deadline=deadline,
                strict=request.headers.get("X-Hub-Strict", "").lower() in ("1", "true", "yes"),
                caller=_caller(),
            ),
        )
    this.metrics.replied(name, reply)
    return _answer(reply, this)


def _answer(reply: ModuleReply, this: Gateway) -> Response:
    data = envelope.success(reply.results, "; ".join(reply.notes), this.config.status_style)
    response = Response(data, mimetype="application/json")
    response.headers["Server-Timing"] = (
        f"queue;dur={reply.queue_seconds * 1000:.2f}, batch;dur={reply.batch_seconds * 1000:.2f}, "
        f"inference;dur={reply.run_seconds * 1000:.2f}"
    )
    if reply.attempts > 1:
        response.headers["X-Hub-Attempts"] = str(reply.attempts)
    return response


def _capacity(module: ModuleState) -> int:
    """Requests that may be queued or running; one more would be refused by the socket anyway."""
    running = max(1, len(module.runners)) * int(module.manifest.get("concurrency", 1))
    return int(module.limits["max_queue_size"]) + running * int(module.limits["max_batch_size"]) + 1


def _deadline(module: ModuleState) -> float:
    """The module's timeout from the request's arrival; a caller may shorten it."""
    seconds = float(module.limits["timeout"])
    asked = request.headers.get("X-Request-Timeout")
    if asked is not None:
        try:
            wanted = float(asked)
        except ValueError:
            wanted = -1.0
        if not 0 < wanted < float("inf"):
            raise BindingError(f"X-Request-Timeout must be a number of seconds above 0, not {asked!r}")
        seconds = min(seconds, wanted)
    return float(g.arrived) + seconds


def _caller() -> int | None:
    connection = request.environ.get("gunicorn.socket")
    return connection.fileno() if connection is not None else None
