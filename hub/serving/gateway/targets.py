"""The target of a request: a module, or an endpoint that a pipeline's module declares.

Both take a JSON body and give a JSON reply: the envelope of ``/predict``, or what PaddleX's basic serving has
at ``POST /<endpoint>``. A protocol calls a target by name and need not know which it is. Limits, deadlines,
metrics and errors are here and in what this calls, once for all protocols.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import logging
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final

from hub import envelope
from hub.base64_text import decode as decode_base64
from hub.errors import (
    HubError,
    InvalidInputError,
    NotJSONError,
    RequestError,
    UnavailableError,
    UnknownModuleError,
)
from hub.image_header import image_size
from hub.serving.gateway import body
from hub.serving.gateway.admission import RequestLimits
from hub.serving.gateway.body import Body
from hub.serving.gateway.caller import CallerLeft
from hub.serving.gateway.context import Gateway
from hub.serving.gateway.delivery import Call, Handler, ModuleReply, refuse_unless_served
from hub.serving.gateway.json_structure import JSONBudget
from hub.serving.gateway.request_context import RequestContext
from hub.serving.messages.state import ModuleState
from hub.suggestion import did_you_mean

log = logging.getLogger("hub.gateway")

#: Version of a pipeline's endpoint, which has none of its own; the folder's name in PaddleX's SDKs.
ENDPOINT_VERSION: Final = "1"
#: No method's name is longer, but what is asked for may be.
_NAME_CHARACTERS: Final = 100
_URLS: Final = ("http://", "https://")


class Target(ABC):
    """A module or an endpoint, by the name that a caller knows it by."""

    #: The error of ``module`` where it is not ready.
    not_ready: ClassVar[type[RequestError]] = UnavailableError
    #: The serving method that is called; "" for the module's first.
    method: str = ""

    def __init__(self, gateway: Gateway, name: str) -> None:
        self.gateway = gateway
        self.name = name

    @abstractmethod
    def module(self) -> ModuleState:
        """Return the module that answers.

        Raises:
            UnknownModuleError: there is none of that name.  UnavailableError: loading or FAILED.
        """

    @property
    @abstractmethod
    def version(self) -> str:
        """The version that is or will be served; raises UnknownModuleError."""

    @property
    def is_ready(self) -> bool:
        """True when a loaded runner can answer; raises UnknownModuleError for a module that is not served."""
        try:
            return self.module().is_warm
        except self.not_ready:
            return False

    @abstractmethod
    def to_body(self, data: bytes, module: ModuleState, context: RequestContext) -> Body:
        """Check a JSON body; raises RequestError."""

    @abstractmethod
    def to_reply(self, reply: ModuleReply) -> bytes:
        """Return the JSON that the caller gets."""

    @contextlib.contextmanager
    def admitted(self, module: ModuleState, context: RequestContext) -> Iterator[None]:
        """Hold a place in the module's queue, and the body's memory; a page of a job waits for others first.

        Raises:
            UnavailableError, QueueFullError: before anything was read.
        """
        if context.is_page:
            began = time.monotonic()
            context.arrived = self.gateway.admission.let_others_go_first(module.name, context.patience)
            context.patience = max(0.0, context.patience - (context.arrived - began))
        with (
            self.gateway.admission.admit(module.name, capacity(module), context.size, context.is_page),
            self.gateway.metrics.in_progress(module.name),
        ):
            yield

    def dispatch(self, module: ModuleState, context: RequestContext, content: Body) -> Handler[ModuleReply]:
        """Have the module answer; raises RequestError, or CallerLeft."""
        content.method = self.method
        reply: ModuleReply = yield Call(module, content, context)
        self.count(module, reply)
        return reply

    def count(self, module: ModuleState, reply: ModuleReply) -> None:
        """Count a reply of the module."""
        self.gateway.metrics.replied(module.name, reply, batches=module.manifest.largest_batch > 1)

    def call(self, context: RequestContext, read: Callable[[], bytes]) -> Handler[ModuleReply]:
        """Have the module answer; the body is read only when the request has its place.

        Raises:
            RequestError, CallerLeft.
        """
        module = self.module()
        with self.admitted(module, context):
            return (yield from self.dispatch(module, context, self.to_body(read(), module, context)))


class ModuleTarget(Target):
    """A module, ``POST /predict/<name>``, or another method of it, ``POST /predict/<name>/<method>``.

    Attributes:
        other_names: what else could have been meant where this was asked for.
    """

    other_names: Iterable[str] = ()

    def __init__(self, gateway: Gateway, module: str, method: str = "") -> None:
        super().__init__(gateway, f"{module}.{method}" if method else module)
        self._module = module
        self.method = method

    def module(self) -> ModuleState:
        """Return the module; the manifest is that of the method."""
        state = self.gateway.states.current()
        known = itertools.chain(state.modules, self.other_names)
        module = refuse_unless_served(self._module, state.modules.get(self._module), known)
        return _with_method(module, self.method) if self.method else module

    @property
    def version(self) -> str:
        module = self.gateway.states.current().modules.get(self._module)
        return module.version if module is not None else self.module().version

    def to_body(self, data: bytes, module: ModuleState, context: RequestContext) -> Body:
        return body.from_json(data, module.manifest.images, self.gateway.limits)

    def to_reply(self, reply: ModuleReply) -> bytes:
        return envelope.success(reply.results, reply.remarks, self.gateway.config.status_style)


class EndpointTarget(Target):
    """An endpoint: ``POST /<name>``, in the form of PaddleX's basic serving."""

    version = ENDPOINT_VERSION
    not_ready = RequestError

    def module(self) -> ModuleState:
        state = self.gateway.states.current()
        owner = state.endpoints.get(self.name)
        if owner is None:
            raise UnknownModuleError(f"no module answers at /{self.name} any more")
        return refuse_unless_served(owner, state.modules.get(owner))

    def to_body(self, data: bytes, module: ModuleState, context: RequestContext) -> Body:
        with JSONBudget(self.gateway.limits.max_json_values) as structure:
            return self._taken_apart(structure.counted(data), module, context)

    def _taken_apart(self, data: bytes, module: ModuleState, context: RequestContext) -> Body:
        fields = _object(data)
        given = fields.get("logId")
        if isinstance(given, str) and given:
            context.log_id = given
        declared = module.manifest.endpoints.get(self.name, ())
        files = _take_files(fields, declared, self.gateway.limits)
        # Where nothing was taken out, what was sent is passed on, not encoded again.
        rest = body.encode(fields) if files else data
        return Body(rest, endpoint=self.name, files=files)

    def to_reply(self, reply: ModuleReply) -> bytes:
        return reply.results

    def memory_held(self, context: RequestContext) -> contextlib.AbstractContextManager[None]:
        """Hold memory for a body, but no place in a queue; raises UnavailableError: too much is in flight."""
        return self.gateway.admission.admit(f"/{self.name}", sys.maxsize, context.size)

    def answer(self, data: bytes, context: RequestContext) -> Handler[bytes]:
        """Return the JSON reply to a JSON body, also when it failed; raises CallerLeft."""
        try:
            return self.to_reply((yield from self.call(context, lambda: data)))
        except CallerLeft:
            raise
        except Exception as problem:
            error = explain(problem)
            return paddlex_failure(str(error), error.http_status, context)[0]


def find(gateway: Gateway, name: str) -> Target:
    """Return the endpoint of that name, else the module or ``<module>.<method>``, served or not."""
    state = gateway.states.current()
    if name in state.endpoints:
        return EndpointTarget(gateway, name)
    owner = state.owner(name)
    module = ModuleTarget(gateway, owner, name[len(owner) + 1 :])
    module.other_names = state.endpoints
    return module


def _with_method(module: ModuleState, method: str) -> ModuleState:
    """Return the module with the manifest of one of its methods; raises UnknownModuleError."""
    manifest = module.manifest.of(method)
    if manifest is None:
        known = tuple(module.manifest.methods) or (module.manifest.method,)
        meant = did_you_mean(method[:_NAME_CHARACTERS], known)
        raise UnknownModuleError(
            f"Module {module.name} has no serving method {method}.{meant} It has: {', '.join(known)}"
        )
    return replace(module, manifest=manifest)


def paddlex_failure(message: str, code: int, context: RequestContext) -> tuple[bytes, int]:
    """Return an error in PaddleX's form, and PaddleX's code, from the HTTP code that it has elsewhere."""
    if code == 400:
        code = 422
    if code == 500:
        message = f"Internal server error: {message}"
    log_id = context.log_id or context.request_id
    return envelope.dumps({"logId": log_id, "errorCode": code, "errorMsg": message}), code


def explain(problem: Exception) -> HubError:
    """Return the error that a caller is told; an unexpected one is logged with its traceback."""
    if isinstance(problem, HubError):
        return problem
    if isinstance(problem, OSError) and problem.errno in (errno.EMFILE, errno.ENFILE):
        log.error("no descriptors are left: %s", problem)
        return UnavailableError("the server has too many connections; try again later", retry_after=1)
    log.error("a mistake of the server", exc_info=problem)
    return HubError("internal error; the server's log has the details under this request id")


def capacity(module: ModuleState) -> int:
    """Return how many requests may be queued or running; one more would be refused by the socket anyway."""
    running = max(1, len(module.runners)) * module.manifest.concurrency
    return module.limits.max_queue_size + running * module.manifest.largest_batch + 1


def _object(data: bytes) -> dict[str, Any]:
    """Return the body's fields; raises NotJSONError, worded as PaddleX's own check words it."""
    try:
        fields = envelope.loads(data)
    except ValueError as error:
        where = f"body[{getattr(error, 'pos', 0)}]"
        raise _wrong_body("json_invalid", where, f"JSON decode error: {error}") from error
    if not isinstance(fields, dict):
        raise _wrong_body("model_attributes_type", "body", "Input should be a JSON object")
    return fields


def _wrong_body(kind: str, where: str, message: str) -> NotJSONError:
    return NotJSONError(json.dumps([{"type": kind, "loc": where, "msg": message}]))


def _take_files(fields: dict[str, Any], declared: Sequence[str], limits: RequestLimits) -> dict[str, bytes]:
    """Take the files out of a body and decode them; URLs, and what is not text, are for the module to judge.

    Raises:
        InvalidInputError: not base64, or an image with too many pixels by its header.
    """
    files = {}
    for name in declared:
        value = fields.get(name)
        if not isinstance(value, str) or value.startswith(_URLS):
            continue
        try:
            data = decode_base64(value, name)
        except InvalidInputError as error:
            raise InvalidInputError(f"Invalid input file: {error}") from error
        width, height = image_size(data) or (0, 0)
        if width * height > limits.max_pixels:
            raise InvalidInputError(
                f"Image pixel count {width * height} (width={width}, height={height}) exceeds "
                f"maximum allowed {limits.max_pixels}."
            )
        files[name] = data
        del fields[name]
    return files
