"""The Open Inference Protocol v2 over gRPC: messages in, one internal request, messages out.

Nothing is decided here: limits, deadlines, metrics and errors are those of every other protocol.
"""

from __future__ import annotations

import contextlib
import logging
import math
import operator
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import grpc
from werkzeug.datastructures import Headers

from hub import errors
from hub.serving.gateway import targets
from hub.serving.gateway.context import Gateway
from hub.serving.gateway.delivery import CallerLeft
from hub.serving.gateway.json_structure import JSONBudget
from hub.serving.gateway.protocols.oip import metadata, models, repository
from hub.serving.gateway.protocols.oip import tensors as oip_tensors
from hub.serving.gateway.protocols.oip.messages import MESSAGES, SERVICE
from hub.serving.gateway.protocols.oip.models import Inference, InferRequest
from hub.serving.gateway.request_context import RequestContext, is_true
from hub.serving.process.logs import request_ids

access_log = logging.getLogger("hub.access")

_CODES: Final = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    404: grpc.StatusCode.NOT_FOUND,
    408: grpc.StatusCode.DEADLINE_EXCEEDED,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    415: grpc.StatusCode.INVALID_ARGUMENT,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}
#: Answered without a key, as ``/v2/health/…`` is.
_WITHOUT_KEY: Final = ("ServerLive", "ServerReady")
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

Method = Callable[..., Any]
_serialize: Final = operator.methodcaller("SerializeToString")


class InferenceService:
    """The methods of ``inference.GRPCInferenceService``, each named as there."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def handlers(self) -> grpc.GenericRpcHandler:
        """Return what a ``grpc.Server`` takes."""
        gateway, target = self._gateway, partial(targets.find, self._gateway)
        methods: dict[str, Method] = {
            "ServerLive": lambda asked, _: {"live": True},
            "ServerReady": lambda asked, _: {"ready": gateway.states.current().ready},
            "ModelReady": lambda asked, _: {"ready": metadata.is_ready(target(asked.name), asked.version)},
            "ServerMetadata": lambda asked, _: metadata.server(),
            "ModelMetadata": lambda asked, _: metadata.metadata(target(asked.name), asked.version),
            "ModelConfig": self._model_config,
            "ModelInfer": self._infer,
            "RepositoryIndex": lambda asked, _: {"models": repository.index(gateway, ready_only=asked.ready)},
            "RepositoryModelLoad": partial(self._change, repository.load),
            "RepositoryModelUnload": partial(self._change, repository.unload),
        }
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(
                self._guarded(name, method),
                request_deserializer=MESSAGES[f"{name}Request"].FromString,
                response_serializer=_serialize,
            )
            for name, method in methods.items()
        }
        handlers["ModelStreamInfer"] = grpc.stream_stream_rpc_method_handler(
            self._stream,
            request_deserializer=MESSAGES["ModelInferRequest"].FromString,
            response_serializer=_serialize,
        )
        return grpc.method_handlers_generic_handler(SERVICE, handlers)

    def _guarded(self, name: str, method: Method) -> Method:
        """Wrap a method: check the key, make its dict a message and its errors gRPC's."""

        def guarded(request: Any, context: grpc.ServicerContext) -> Any:
            try:
                if name not in _WITHOUT_KEY:
                    self._gateway.keys.check(_headers(context))
                answer = method(request, context)
            except CallerLeft:
                context.abort(grpc.StatusCode.CANCELLED, "the caller left")
            except Exception as problem:
                explained = targets.explain(problem)
                code = _CODES.get(explained.http_status, grpc.StatusCode.INTERNAL)
                retry_after = getattr(explained, "retry_after", None)
                if retry_after is not None:
                    context.set_trailing_metadata((("retry-after", str(retry_after)),))
                context.abort(code, str(explained))
            return MESSAGES[f"{name}Response"](**answer) if isinstance(answer, dict) else answer

        return guarded

    def _stream(self, requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
        """Answer requests in turn on one connection; an error is an answer, the stream goes on."""
        response = MESSAGES["ModelStreamInferResponse"]
        for request in requests:
            try:
                self._gateway.keys.check(_headers(context))
                answer = self._infer(request, context)
            except CallerLeft:
                return
            except Exception as problem:
                yield response(
                    error_message=str(targets.explain(problem)),
                    infer_response=MESSAGES["ModelInferResponse"](id=request.id),
                )
            else:
                yield response(infer_response=answer)

    # -- the methods -----------------------------------------------------------------------------

    def _model_config(self, request: Any, context: grpc.ServicerContext) -> dict[str, Any]:
        config = metadata.config(targets.find(self._gateway, request.name), request.version)
        for tensor in (*config["input"], *config["output"]):
            tensor["data_type"] = _DATA_TYPES[tensor["data_type"]]
        for group in config["instance_group"]:
            group["kind"] = _KINDS[group["kind"]]
        return {"config": config}

    def _change(self, change: Method, request: Any, context: grpc.ServicerContext) -> dict[str, Any]:
        change(self._gateway, request.model_name, _parameters(request.parameters))
        return {}

    def _infer(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Admit, translate, dispatch, translate back; counted like a request over HTTP."""
        gateway, name, began = self._gateway, request.model_name, time.monotonic()
        headers, remaining = _headers(context), context.time_remaining()
        request_id = headers.get("x-request-id") or gateway.new_request_id()
        request_ids.set(request_id)
        code = 500
        try:
            with _hang_up(context) as caller:
                known = RequestContext(
                    request_id=request_id,
                    arrived=began,
                    size=request.ByteSize(),
                    timeout=None if remaining is None else max(0.0, remaining),
                    strict=is_true(headers.get("x-hub-strict", "")),
                    caller=caller,
                )
                target, read = targets.find(gateway, name), partial(_read_request, request)
                inference = models.infer(target, request.model_version, known, read)
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
            if name in gateway.states.current().modules:
                gateway.metrics.answered(name, code, seconds)
            if gateway.config.access_log:
                line = '%s "gRPC ModelInfer %s" %d %.1f ms'
                access_log.info(line, context.peer(), name[:100], code, seconds * 1000)


def _headers(context: grpc.ServicerContext) -> Headers:
    return Headers([(key, value) for key, value in context.invocation_metadata() if isinstance(value, str)])


@contextlib.contextmanager
def _hang_up(context: grpc.ServicerContext) -> Iterator[int]:
    """Open a descriptor that reports a hang-up when the call is over, cancelled for one."""
    read_end, write_end = os.pipe()
    if not context.add_callback(lambda: os.close(write_end)):  # it is over already
        os.close(write_end)
    try:
        yield read_end
    finally:
        os.close(read_end)


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
        structure.spend(oip_tensors.json_values(datatype, shape))
        if raw:
            tensors.append(oip_tensors.from_raw(name, datatype, shape, raw[number]))
            continue
        if datatype not in _CONTENTS:
            raise errors.InvalidInputError(f"input {name!r}: {datatype} is sent in raw_input_contents only")
        values = getattr(tensor.contents, _CONTENTS[datatype])[: math.prod(shape) + 1]
        tensors.append(oip_tensors.from_values(name, datatype, shape, values))
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
