"""A module (or a pipeline's endpoint) as a model of the Open Inference Protocol, whatever the transport.

Two ways in, told apart by the tensors:

- one BYTES tensor ``input`` with one element, the JSON body of ``/predict``; back comes ``output``, the
  envelope (this is the shape of PaddleX's high-stability serving);
- one tensor per argument, named after it; back comes ``results``, or one tensor per key where the module
  returns an object. ``output`` can be asked for by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pybase64

from hub import base64_text, envelope
from hub.errors import InvalidInputError, NotOfferedError, UnknownModuleError
from hub.image_header import image_size
from hub.serving.gateway import argument_schema, body
from hub.serving.gateway.admission import RequestLimits
from hub.serving.gateway.body import Body
from hub.serving.gateway.delivery import Handler, ModuleReply
from hub.serving.gateway.image_budget import ImageBudget
from hub.serving.gateway.json_structure import JSONBudget
from hub.serving.gateway.protocols.oip import tensors
from hub.serving.gateway.protocols.oip.tensors import BYTES, Tensor
from hub.serving.gateway.request_context import RequestContext
from hub.serving.gateway.targets import EndpointTarget, Target
from hub.serving.messages.manifest import Parameter
from hub.serving.messages.state import ModuleState

INPUT: Final = "input"
OUTPUT: Final = "output"
RESULTS: Final = "results"
#: Parameters of a request that belong to the protocol; others are arguments.
_PROTOCOL_PARAMETERS = frozenset(("binary_data_output", "timeout", "priority"))
_SEQUENCE_PARAMETERS = ("sequence_id", "sequence_start", "sequence_end")


@dataclass(frozen=True)
class InferRequest:
    """A request, whatever the transport.

    Attributes:
        outputs: the names asked for; empty means what the model gives by itself.
        binary: over HTTP, whether an output is wanted in binary form, where that was said of it.
    """

    inputs: tuple[Tensor, ...]
    outputs: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    binary: Mapping[str, bool] = field(default_factory=dict)

    @property
    def timeout(self) -> float | None:
        """Triton's ``timeout`` parameter is in microseconds; this in seconds."""
        value = self.parameters.get("timeout")
        if value is None:
            return None
        if not isinstance(value, (int, float)) or value < 0:
            raise InvalidInputError(
                f"parameter timeout must be a whole number of microseconds, not {value!r}"
            )
        return value / 1e6 or None  # 0 is Triton's "none"

    def json_body(self, own_names: Container[str] = ()) -> bytes | None:
        """Return the element of ``input``, or None for a request that brings arguments one by one."""
        if len(self.inputs) != 1 or INPUT in own_names:
            return None
        (tensor,) = self.inputs
        if tensor.name == INPUT and isinstance(tensor.data, list) and len(tensor.data) == 1:
            return tensor.data[0]
        return None


def version_number(version: str) -> str:
    """Return the number that a version starts with, else 1: to Triton's clients a version is a number."""
    number = re.match("[0-9]+", version)
    return number[0] if number else "1"


def check_version(name: str, served: str, asked: str) -> None:
    """Raise UnknownModuleError for a version that is not the served one, nor its number; "" is any."""
    if asked not in ("", served, version_number(served)):
        raise UnknownModuleError(f"Module {name} is served in version {served}, not {asked}.")


@dataclass(frozen=True)
class Inference:
    """An answered request; ``reply`` is None for an endpoint, whose reply is in the tensor."""

    request: InferRequest
    version: str
    tensors: list[Tensor]
    reply: ModuleReply | None = None

    @property
    def parameters(self) -> dict[str, str]:
        """The envelope's ``msg``, where there is one."""
        return {"msg": self.reply.remarks} if self.reply and self.reply.header.notes else {}


def infer(
    target: Target, version: str, context: RequestContext, read: Callable[[JSONBudget], InferRequest]
) -> Handler[Inference]:
    """Answer a request for a model; ``read``, which counts values, is called when there is room for its body.

    Raises:
        NotOfferedError: the method answers with a stream.  RequestError, CallerLeft.
    """
    gateway = target.gateway
    if isinstance(target, EndpointTarget):
        check_version(target.name, target.version, version)
        with target.memory_held(context):
            with JSONBudget(gateway.limits.max_json_values) as structure:
                request = read(structure)
            context.shorten(request.timeout)
            outputs = yield from _ask_endpoint(target, request, context)
            return Inference(request, target.version, outputs)
    module = target.module()
    if module.manifest.streams:
        raise NotOfferedError(f"{target.name} {streamed_at(target, module)}")
    with target.admitted(module, context):
        check_version(target.name, module.version, version)
        with JSONBudget(gateway.limits.max_json_values) as structure:
            request = read(structure)
            sent = request.json_body(_described(module))
            content = _to_body(request, sent, module, gateway.limits)
        whole = request.inputs[0].shape if sent else None
        request = replace(request, inputs=())  # their memory goes while the module works
        context.shorten(request.timeout)
        reply = yield from target.dispatch(module, context, content)
        answer = _to_tensors(request, whole, reply, gateway.config.status_style)
    return Inference(request, module.version, answer, reply)


def streamed_at(target: Target, module: ModuleState) -> str:
    """Say where a stream's method can be called, as a sentence without its subject."""
    path = f"{module.name}/{target.method}" if target.method else module.name
    return f"answers with a stream, which this protocol does not have here; call it at POST /predict/{path}"


def _to_body(request: InferRequest, whole: bytes | None, module: ModuleState, limits: RequestLimits) -> Body:
    """Return the content, which ``whole`` is if not None; raises RequestError for what cannot be taken."""
    given = _arguments_in_parameters(request.parameters)
    declared = module.manifest.images
    if whole is not None:
        if given:
            raise InvalidInputError(
                f"parameter {next(iter(given))!r}: with the tensor `{INPUT}`, arguments go into its JSON"
            )
        return body.from_json(whole, declared, limits)
    budget = ImageBudget(limits)
    images: dict[str, bytes | list[bytes]] = {}
    arguments: dict[str, Any] = dict(given)
    known = {*_described(module), *([INPUT] if module.manifest.takes_any else ())}
    for tensor in request.inputs:
        if tensor.name == INPUT and INPUT not in known:
            raise InvalidInputError(f"tensor `{INPUT}` is one JSON body, of one element: send it alone")
        if tensor.name in arguments or tensor.name in images:
            raise InvalidInputError(f"argument {tensor.name!r} is given twice")
        if tensor.name in declared:
            images[tensor.name] = _images(tensor, budget)
        else:
            arguments[tensor.name] = _argument(tensor, module)
    body.refuse_server_paths(arguments, limits)
    body.look_over(arguments, limits, budget)
    return Body(body.encode(arguments), images)


def _to_tensors(
    request: InferRequest, whole: tuple[int, ...] | None, reply: ModuleReply, style: envelope.StatusStyle
) -> list[Tensor]:
    """Return the tensors that were asked for; ``whole``: the shape of the one that brought a JSON body.

    Raises:
        InvalidInputError: there is none of that name.
    """
    wrapped = envelope.success(reply.results, reply.remarks, style)
    output = Tensor(OUTPUT, BYTES, (1,) if whole is None else whole, [wrapped])
    if whole is not None and set(request.outputs) <= {OUTPUT}:
        return [output]
    split = {tensor.name: tensor for tensor in _split(envelope.loads(reply.results, trusted=True))}
    return _choose(request, {OUTPUT: output, **split}, tuple(split))


def _ask_endpoint(
    target: EndpointTarget, request: InferRequest, context: RequestContext
) -> Handler[list[Tensor]]:
    """Have an endpoint answer: its JSON body in a tensor, its JSON reply, also an error, in another."""
    whole = request.json_body()
    if whole is None:
        raise InvalidInputError(
            f"{target.name} takes one BYTES tensor `{INPUT}` with one element, the JSON body"
        )
    context.size = 0  # the memory for it is held already
    reply = yield from target.answer(whole, context)
    output = Tensor(OUTPUT, BYTES, request.inputs[0].shape, [reply])
    return _choose(request, {OUTPUT: output}, (OUTPUT,))


def _choose(request: InferRequest, available: Mapping[str, Tensor], default: tuple[str, ...]) -> list[Tensor]:
    """Return the tensors that were asked for, in that order."""
    for name in request.outputs:
        if name not in available:
            raise InvalidInputError(f"there is no output {name!r}; there are {', '.join(available)}")
    return [available[name] for name in request.outputs or default]


def _arguments_in_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    if any(parameters.get(name) for name in _SEQUENCE_PARAMETERS):
        raise InvalidInputError("sequences are not offered: every request stands for itself")
    own = _PROTOCOL_PARAMETERS.union(_SEQUENCE_PARAMETERS)
    return {
        name: value
        for name, value in parameters.items()
        if name not in own and not name.startswith("triton_")
    }


def _described(module: ModuleState) -> dict[str, Parameter]:
    return {parameter.name: parameter for parameter in module.manifest.parameters}


def _images(tensor: Tensor, budget: ImageBudget) -> bytes | list[bytes]:
    """Return encoded images from files or base64: one for shape [], else a list."""
    if not isinstance(tensor.data, list):
        raise InvalidInputError(
            f"input {tensor.name!r} takes image files (JPEG, PNG, …) as elements of a BYTES tensor, "
            f"not {tensor.datatype} pixels"
        )
    images = body.image_list(tensor.data, tensor.name, budget, _image)
    return images if tensor.shape else images[0]


def _image(item: bytes, where: str) -> bytes:
    """Return a file as it is, else decoded base64 text, else the bytes: the runner remarks on them."""
    if not item:
        raise InvalidInputError(f"{where} is empty")
    if image_size(item) is None and item.isascii():
        text = item.decode("ascii")
        try:
            return base64_text.decode(text, where)
        except InvalidInputError:
            if base64_text.is_of_file(text):
                raise
    return item


def _argument(tensor: Tensor, module: ModuleState) -> Any:
    """Return the JSON value of an argument.

    Shape [] and, for an argument whose default or annotation is a single value, one element of any shape
    are that value; everything else is a list, nested by shape. A last dimension of 1 of a BYTES tensor is
    Triton's habit and means nothing.
    """
    values, shape = tensor.data, tensor.shape
    if isinstance(values, list):
        while len(shape) > 1 and shape[-1] == 1:
            shape = shape[:-1]
        values = np.array([_text(tensor.name, item) for item in values], object).reshape(shape)
    is_single = not shape or (
        values.size == 1
        and _is_single(_described(module).get(tensor.name))
        and tensor.name != module.manifest.batch
    )
    if is_single:
        return values.item()
    # An array of numbers is written as JSON without detour.
    return values.tolist() if values.dtype == object else values


def _is_single(parameter: Parameter | None) -> bool:
    if parameter is None:
        return False
    has_value = isinstance(parameter.default, (str, int, float))
    return has_value or argument_schema.kinds(parameter) <= argument_schema.SINGLE


def _text(name: str, item: bytes) -> str:
    try:
        return item.decode()
    except UnicodeDecodeError as error:
        if name in body.CUSTOMARY_IMAGE_ARGUMENTS:  # of a module that decodes base64 itself
            return pybase64.b64encode_as_string(item)
        raise InvalidInputError(f"input {name!r}: an element is not UTF-8 text: {error}") from error


def _split(results: Any) -> list[Tensor]:
    if isinstance(results, dict) and results:
        return [_tensor(str(key), value) for key, value in results.items()]
    return [_tensor(RESULTS, results)]


def _tensor(name: str, value: Any) -> Tensor:
    numbers = tensors.numeric_tensor(name, value)
    if numbers is not None:
        return numbers
    items = value if isinstance(value, list) else [value]
    encoded = [item.encode() if isinstance(item, str) else envelope.dumps(item) for item in items]
    return Tensor(name, BYTES, (len(encoded),), encoded)
