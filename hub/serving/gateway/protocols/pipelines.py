"""Calls of pipelines' endpoints, by either door: ``POST /ocr``, and the model ``ocr`` of ``/v2``.

Body, reply and errors have the form of PaddleX's basic serving: a JSON object goes in; out comes the module's
own reply, or for an error ``{"logId", "errorCode", "errorMsg"}``, where ``errorCode`` is the HTTP status.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from hub import envelope
from hub.errors import InvalidInputError, NotJSONError, RequestError, UnknownModuleError
from hub.serving.gateway import guards, handling
from hub.serving.gateway.body import Body
from hub.serving.gateway.dispatcher import CallerLeft, ModuleReply, refuse_unless_served
from hub.serving.gateway.guards import Limits
from hub.serving.gateway.handling import Endpoint, Incoming
from hub.serving.messages.state import StateReader

if TYPE_CHECKING:
    from hub.serving.gateway.context import Gateway

_URLS: Final = ("http://", "https://")


class Exchange:
    """One request to an endpoint.

    Attributes:
        log_id: the caller's own, once its body was read; until then the request's id.
    """

    def __init__(self, this: Gateway, endpoint: str, incoming: Incoming) -> None:
        self.log_id = incoming.request_id
        self._this = this
        self._endpoint = endpoint
        self._incoming = incoming

    def run(self, read: Callable[[], bytes]) -> ModuleReply:
        """Have the module answer; ``read`` is called for the body when the request has its place.

        Raises:
            RequestError, CallerLeft.
        """
        name = self._this.states.current().endpoints.get(self._endpoint)
        if name is None:
            raise UnknownModuleError(f"no module answers at /{self._endpoint} any more")
        with handling.admitted(self._this, name, self._incoming) as module:
            data = read()
            fields = _object(data)
            given = fields.get("logId")
            if isinstance(given, str) and given:
                self.log_id = given
            declared = module.manifest.get("endpoints", {}).get(self._endpoint, ())
            files = _take_files(fields, declared, self._this.limits)
            # Where nothing was taken out, what was sent is passed on, not encoded again.
            rest = envelope.dumps(fields) if files else data
            body = Body(rest, endpoint=self._endpoint, files=files)
            return handling.dispatch(self._this, module, self._incoming, body)

    def failure(self, message: str, code: int) -> tuple[bytes, int]:
        """The reply to a request that failed, and its code; see :func:`failure`."""
        return failure(message, code, self.log_id)


def failure(message: str, code: int, log_id: str) -> tuple[bytes, int]:
    """An error in PaddleX's form, from the HTTP code that it has elsewhere: body, and PaddleX's code."""
    if code == 400:
        code = 422
    if code == 500:
        message = f"Internal server error: {message}"
    return envelope.dumps({"logId": log_id, "errorCode": code, "errorMsg": message}), code


class ServedEndpoint:
    """An endpoint as a model of ``/v2``: errors are answers too."""

    def __init__(self, name: str) -> None:
        self._name = name

    def is_ready(self, this: Gateway) -> bool:
        state = this.states.current()
        name = state.endpoints.get(self._name, "")
        try:
            refuse_unless_served(name, state.modules.get(name))
        except RequestError:
            return False
        return True

    def answer(self, this: Gateway, incoming: Incoming, body: bytes) -> bytes:
        exchange = Exchange(this, self._name, incoming)
        try:
            return exchange.run(lambda: body).results
        except CallerLeft:
            raise
        except Exception as problem:
            explained = handling.explain(problem)
            return exchange.failure(str(explained), explained.http_status)[0]


class ServedEndpoints(Mapping[str, Endpoint]):
    """What the modules that are served at this moment declare."""

    def __init__(self, states: StateReader) -> None:
        self._states = states

    def __getitem__(self, name: str) -> Endpoint:
        if name not in self._states.current().endpoints:
            raise KeyError(name)
        return ServedEndpoint(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._states.current().endpoints)

    def __len__(self) -> int:
        return len(self._states.current().endpoints)


def _object(data: bytes) -> dict[str, Any]:
    """The body's fields; raises NotJSONError, worded as PaddleX's own check words it."""
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


def _take_files(fields: dict[str, Any], declared: Sequence[str], limits: Limits) -> dict[str, bytes]:
    """Take the files out of a body and decode them; URLs, and what is no text, are for the module to judge.

    Raises:
        InvalidInputError: not base64, or an image with too many pixels by its header.
    """
    files = {}
    for name in declared:
        value = fields.get(name)
        if not isinstance(value, str) or value.startswith(_URLS):
            continue
        try:
            data = guards.decode_base64(value, name)
        except InvalidInputError as error:
            raise InvalidInputError(f"Invalid input file: {error}") from error
        width, height = guards.image_size(data) or (0, 0)
        if width * height > limits.max_pixels:
            raise InvalidInputError(
                f"Image pixel count {width * height} (width={width}, height={height}) exceeds "
                f"maximum allowed {limits.max_pixels}."
            )
        files[name] = data
        del fields[name]
    return files
