"""A request's content, checked: a JSON object of arguments, with the declared images taken out of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hub import envelope
from hub.base64_text import decode as decode_base64
from hub.errors import BindingError, InvalidInputError, NotJSONError, PayloadTooLargeError
from hub.image_header import image_size
from hub.json_words import shown
from hub.module.arguments import names_server_files
from hub.serving.gateway.admission import RequestLimits
from hub.serving.gateway.image_budget import ImageBudget
from hub.serving.gateway.json_structure import JSONBudget

#: Where a module that decodes base64 itself usually takes it; checked when it looks like an image.
CUSTOMARY_IMAGE_ARGUMENTS = ("images", "image")
#: Of a body without content people send at most so many bytes of white space.
_BLANK: Final = 100


@dataclass
class Body:
    """A request's content.

    Attributes:
        arguments: one JSON object without the declared images and files.
        images: by argument name; the module gets them decoded.
        endpoint: which of a pipeline's endpoints is meant; ``arguments`` are then its body's fields.
        files: by field of that body; the module gets them as they are.
        method: which of the module's serving methods is meant; "" for the first.
    """

    arguments: bytes
    images: dict[str, bytes | list[bytes]] = field(default_factory=dict)
    endpoint: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    method: str = ""


def from_json(data: bytes, declared: Sequence[str], limits: RequestLimits) -> Body:
    """Check a JSON body and take the images of the ``declared`` arguments out of it.

    Those travel as bytes; all else stays as sent.

    Raises:
        NotJSONError, InvalidInputError, BindingError, PayloadTooLargeError.
    """
    with JSONBudget(limits.max_json_values) as structure:
        return _taken_apart(structure.counted(data), declared, limits)


def _taken_apart(data: bytes, declared: Sequence[str], limits: RequestLimits) -> Body:
    arguments = parse_counted(data, "arguments")
    refuse_server_paths(arguments, limits)
    given = [name for name in declared if name in arguments]
    if given:
        budget = ImageBudget(limits)
        images: dict[str, bytes | list[bytes]] = {}
        for name in given:
            value = arguments.pop(name)
            if isinstance(value, list):
                images[name] = image_list(value, name, budget)
            else:
                images[name] = _decoded(value, name, budget, decode_base64)
        look_over(arguments, limits, budget)
        return Body(encode(arguments), images)
    look_over(arguments, limits)
    return Body(data)  # nothing was taken out: what was sent is passed on, not encoded again


def parse_object(data: bytes, limits: RequestLimits) -> dict[str, Any]:
    """Parse a small JSON object, as those are that ask for no inference.

    Raises:
        NotJSONError, InvalidInputError.
    """
    with JSONBudget(limits.max_json_values) as structure:
        return parse_counted(structure.counted(data))


def parse_counted(data: bytes, kind: str = "") -> dict[str, Any]:
    """Parse a JSON object whose values were counted; raises NotJSONError."""
    wanted = f"a JSON object of {kind}" if kind else "a JSON object"
    if len(data) <= _BLANK and not data.strip():
        raise NotJSONError(f"the body is empty: send {wanted}")
    try:
        value = envelope.loads(data)
    except ValueError as error:
        hint = (
            ""
            if image_size(data) is None
            else "; it is an image: send it as image/png, image/jpeg or the like"
        )
        raise NotJSONError(f"the body is not JSON: {error}{hint}") from error
    if not isinstance(value, dict):
        raise NotJSONError(f"the body must be {wanted}, not {shown(value)}")
    return value


def encode(arguments: Mapping[str, Any]) -> bytes:
    """Return arguments as JSON, NaN as NaN; raises NotJSONError for what only a parser takes."""
    try:
        data = envelope.dumps(arguments)
        if len(data) <= envelope.TOLERANT_BYTES and b"null" in data:  # which may have been NaN
            return envelope.dumps_exactly(arguments)
        return data
    except RecursionError as error:
        raise NotJSONError("the body's lists and objects are nested too deeply") from error


def image_list(
    items: list[Any], name: str, budget: ImageBudget, decode: Callable[[Any, str], bytes] = decode_base64
) -> list[bytes]:
    """Decode the images of an argument, each by ``decode``; raises what that and the budget raise."""
    limit = budget.limits.max_images
    if len(items) > limit:  # before the work of decoding them
        raise PayloadTooLargeError(f"{len(items)} images in one request; at most {limit} (max_images)")
    return [_decoded(item, f"{name}[{number}]", budget, decode) for number, item in enumerate(items)]


def _decoded(value: Any, where: str, budget: ImageBudget, decode: Callable[[Any, str], bytes]) -> bytes:
    data = decode(value, where)
    budget.spend(data, where)
    return data


def look_over(arguments: Mapping[str, Any], limits: RequestLimits, budget: ImageBudget | None = None) -> None:
    """Hold base64 images for a module that decodes itself to the same limits; leave other values be."""
    for name in CUSTOMARY_IMAGE_ARGUMENTS:
        value = arguments.get(name)
        for number, item in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(item, str):
                budget = budget or ImageBudget(limits)
                with contextlib.suppress(InvalidInputError):
                    budget.spend(decode_base64(item, name), f"{name}[{number}]")


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, (str, list, dict, int, float)) and not value)


def refuse_server_paths(arguments: Mapping[str, Any], limits: RequestLimits) -> None:
    """Raise BindingError when a client names files of the server and that is not allowed."""
    if limits.allow_server_paths:
        return
    # A part of a form may have no name.
    given = {name: value for name, value in arguments.items() if isinstance(name, str)}
    named = [name for name, value in given.items() if names_server_files(name) and not _is_nothing(value)]
    if named:
        raise BindingError(
            f"argument `{named[0]}` names files on the server, which is not allowed over HTTP; "
            "send the image itself, or start the server with allow_server_paths"
        )
