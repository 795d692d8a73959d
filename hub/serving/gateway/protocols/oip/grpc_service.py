"""The Open Inference Protocol v2 over gRPC: messages in, one internal request, messages out.

Nothing is decided here: limits, deadlines, metrics and errors are those of every other protocol.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import grpc
from google.protobuf.message import DecodeError

from hub import errors
from hub.serving.gateway import delivery, targets
from hub.serving.gateway.caller import CallerLeft
from hub.serving.gateway.context import Gateway
from hub.serving.gateway.delivery import Handler
from hub.serving.gateway.json_structure import JSONBudget
from hub.serving.gateway.protocols.oip import (
    infer_body,
    message_budget,
    metadata,
    models,
    repository,
    statistics,
)
from hub.serving.gateway.protocols.oip import tensors as oip_tensors
from hub.serving.gateway.protocols.oip.grpc_calls import Call, Calls, Method
from hub.serving.gateway.protocols.oip.messages import MESSAGES, SERVICE
from hub.serving.gateway.protocols.oip.models import Inference, InferRequest
from hub.serving.gateway.request_context import RequestContext, is_request_id, is_true
from hub.serving.process.logs import printable, request_ids

access_log = logging.getLogger("hub.access")

#: Field of a typed tensor's contents, by datatype; FP16 and BF16 only exist in raw form.
_CONTENTS: Final = {
    "BOOL": "bool_contents",
    **dict.fromkeys(("INT8", "INT16", "INT32"), "int_contents"),
    "INT64": "int64_contents",
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint_contents"),
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
_DATA_TYPES: Final = {"TYPE_BOOL": 1, "TYPE_INT64": 9, "TYPE_FP64": 12, "TYPE_STRING": 13}
_KINDS: Final = {"KIND_GPU": 1, "KIND_CPU": 2}

_SHARED_MEMORY: Final = infer_body.NOT_OFFERED["shared_memory_region"]
#: Triton's methods that are not offered, and what is there instead.
_NOT_OFFERED: Final = {
    **{
        f"{kind}SharedMemory{what}": _SHARED_MEMORY
        for kind in ("System", "Cuda")
        for what in ("Status", "Register", "Unregister")
    },
    "TraceSetting": "trace settings are not offered",
    "LogSettings": "log settings are not offered; the log's form is set with log_format at the start",
}

_SHAPES: Final = {kind: message_budget.Shape.of(message.DESCRIPTOR) for kind, message in MESSAGES.items()}

_Answer = Callable[[Any, Call], Any]


class InferenceService:
    """The methods of ``inference.GRPCInferenceService``, each named as there."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def handlers(self, calls: Calls) -> grpc.GenericRpcHandler:
        """Return what a ``grpc.Server`` takes."""
        gateway, target = self._gateway, partial(targets.find, self._gateway)
        answers: dict[str, _Answer] = {
            "ModelReady": lambda asked, _: {"ready": metadata.is_ready(target(asked.name), asked.version)},
            "ServerMetadata": lambda asked, _: metadata.server(),
            "ModelMetadata": lambda asked, _: metadata.metadata(target(asked.name), asked.version),
            "ModelConfig": self._model_config,
            "ModelStatistics": self._statistics,
            "RepositoryIndex": lambda asked, _: {"models": repository.index(gateway, ready_only=asked.ready)},
            "RepositoryModelLoad": partial(self._change, repository.load),
            "RepositoryModelUnload": partial(self._change, repository.unload),
        }
        handlers = {name: calls.unary(_method(name, answer)) for name, answer in answers.items()}
        handlers["ModelInfer"] = calls.talk(self._talk)
        handlers["ModelStreamInfer"] = calls.stream(self._infer_of_stream, _stream_error)
        handlers["ServerLive"] = calls.quick(lambda: _serialized(MESSAGES["ServerLiveResponse"](live=True)))
        handlers["ServerReady"] = calls.quick(
            lambda: _serialized(MESSAGES["ServerReadyResponse"](ready=gateway.states.current().ready))
        )
        for name, instead in _NOT_OFFERED.items():
            handlers[name] = calls.not_offered(instead)
        return grpc.method_handlers_generic_handler(SERVICE, handlers)

    def _talk(self, message: bytes, call: Call) -> Handler[bytes]:
        """Answer a request; raises RequestError, CallerLeft."""
        return _serialized((yield from self._infer(_parse("ModelInferRequest", message), call)))

    def _infer_of_stream(self, message: bytes, call: Call) -> bytes:
        """Answer one request of a stream, also with its error; raises CallerLeft."""
        request = _parse("ModelInferRequest", message)
        try:
            answer = delivery.run(self._infer(request, call), self._gateway.dispatcher)
        except CallerLeft:
            raise
        except Exception as problem:
            return _stream_error(problem, request.id)
        return _serialized(MESSAGES["ModelStreamInferResponse"](infer_response=answer))

    # -- the methods -----------------------------------------------------------------------------

    def _model_config(self, request: Any, call: Call) -> dict[str, Any]:
        config = metadata.config(targets.find(self._gateway, request.name), request.version)
        for tensor in (*config["input"], *config["output"]):
            tensor["data_type"] = _DATA_TYPES[tensor["data_type"]]
        for group in config["instance_group"]:
            group["kind"] = _KINDS[group["kind"]]
        return {"config": config}

    def _statistics(self, request: Any, call: Call) -> dict[str, Any]:
        if not request.name:
            return statistics.of_all(self._gateway)
        return statistics.of_one(targets.find(self._gateway, request.name), request.version)

    def _change(self, change: Callable[..., None], request: Any, call: Call) -> dict[str, Any]:
        change(self._gateway, request.model_name, _parameters(request.parameters))
        return {}

    def _infer(self, request: Any, call: Call) -> Handler[Any]:
        """Admit, translate, dispatch, translate back; counted like a request over HTTP."""
        gateway, name, began = self._gateway, request.model_name, time.monotonic()
        given = call.headers.get("x-request-id", "")
        request_id = given if is_request_id(given) else gateway.new_request_id()
        request_ids.set(request_id)
        code = 500
        try:
            known = RequestContext(
                request_id=request_id,
                arrived=began,
                timeout=call.remaining,
                strict=is_true(call.headers.get("x-hub-strict", "")),
                caller=call.caller,
            )
            target, read = targets.find(gateway, name), partial(_read_request, request)
            inference = yield from models.infer(target, request.model_version, known, read)
            code = 200
            return _reply(name, inference)
        except errors.HubError as error:
            code = error.http_status
            raise
        except CallerLeft:
            code = 499
            raise
        finally:
            seconds = time.monotonic() - began
            state = gateway.states.current()
            module = state.owner(name)
            if module in state.modules:
                gateway.metrics.answered(module, code, seconds)
            if gateway.config.access_log:
                line = '%s "gRPC ModelInfer %s" %d %.1f ms'
                access_log.info(line, call.peer, printable(name), code, seconds * 1000)


def _method(name: str, answer: _Answer) -> Method:
    """Return a method of bytes: its answer is a message, or the fields of its response."""

    def method(message: bytes, call: Call) -> bytes:
        given = answer(_parse(f"{name}Request", message), call)
        return _serialized(MESSAGES[f"{name}Response"](**given) if isinstance(given, dict) else given)

    return method


def _parse(kind: str, message: bytes) -> Any:
    message_budget.check(message, _SHAPES[kind])
    try:
        return MESSAGES[kind].FromString(message)
    except DecodeError as error:
        raise errors.InvalidInputError(f"the message is no {kind}: {error}") from error


def _serialized(message: Any) -> bytes:
    data: bytes = message.SerializeToString()
    return data


def _stream_error(problem: Exception, request_id: str = "") -> bytes:
    """Return the answer of a stream that says what went wrong."""
    return _serialized(
        MESSAGES["ModelStreamInferResponse"](
            error_message=str(targets.explain(problem)),
            infer_response=MESSAGES["ModelInferResponse"](id=request_id),
        )
    )


def _read_request(request: Any, structure: JSONBudget) -> InferRequest:
    """Translate gRPC's message; raises InvalidInputError."""
    raw = list(request.raw_input_contents)
    if raw and len(raw) != len(request.inputs):
        raise errors.InvalidInputError(
            f"{len(raw)} raw_input_contents for {len(request.inputs)} inputs; send one for each, or none"
        )
    tensors = []
    for number, tensor in enumerate(request.inputs):
        name, datatype, shape = oip_tensors.check(tensor.name, tensor.datatype, tensor.shape)
        infer_body.refuse_not_offered(tensor.parameters, f"input {name!r}")
        if raw:
            most = oip_tensors.most_elements(datatype, len(raw[number]))
            structure.spend(oip_tensors.json_values(datatype, shape, most))
            tensors.append(oip_tensors.from_raw(name, datatype, shape, raw[number]))
            continue
        if datatype not in _CONTENTS:
            raise errors.InvalidInputError(f"input {name!r}: {datatype} is sent in raw_input_contents only")
        values = getattr(tensor.contents, _CONTENTS[datatype])
        structure.spend(oip_tensors.json_values(datatype, shape, len(values)))
        tensors.append(oip_tensors.from_values(name, datatype, shape, values[: math.prod(shape) + 1]))
    for output in request.outputs:
        infer_body.refuse_not_offered(output.parameters, f"output {output.name!r}")
    outputs = tuple(output.name for output in request.outputs)
    return InferRequest(tuple(tensors), outputs, _parameters(request.parameters), request.id)


def _parameters(parameters: Any) -> dict[str, Any]:
    values = {}
    for name, parameter in parameters.items():
        choice = parameter.WhichOneof("parameter_choice")
        values[name] = getattr(parameter, choice) if choice else None
    return values


def _reply(name: str, inference: Inference) -> Any:
    response = MESSAGES["ModelInferResponse"](
        model_name=name, model_version=inference.version, id=inference.request.id
    )
    for tensor in inference.tensors:
        response.outputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
        response.raw_output_contents.append(tensor.raw())
    for key, value in inference.parameters.items():
        response.parameters[key].string_param = value
    return response
