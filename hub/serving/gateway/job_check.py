"""A job's body, checked when it is handed in: nobody should learn of a wrong argument from a job that failed.

The runner binds arguments, because only it has the method; the module's manifest tells enough of it to find
most mistakes here, in the runner's words. The items, which are a page each, are not looked at.
"""

from __future__ import annotations

import contextlib
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Union

from hub import envelope
from hub.errors import BindingError
from hub.module.annotations import check_of
from hub.module.arguments import names_server_files, refuse_names
from hub.module.check import Mismatch
from hub.module.schemas import Schema
from hub.pictures.asked_pages import PAGES, checked
from hub.serving.gateway import body_parser, unpack
from hub.serving.gateway.context import Gateway
from hub.serving.gateway.spool import Spool
from hub.serving.messages.manifest import Manifest, Parameter
from hub.serving.messages.state import ModuleState

_SCALARS: Final[Mapping[Any, Any]] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "null": None,
}
#: Bounds in JSON Schema, and in annotations.
_BOUNDS: Final = {
    "minimum": "ge",
    "exclusiveMinimum": "gt",
    "maximum": "le",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
    **dict.fromkeys(("minLength", "minItems", "minProperties"), "min_length"),
    **dict.fromkeys(("maxLength", "maxItems", "maxProperties"), "max_length"),
}


class _Unchecked(Exception):
    """The body takes more memory than there is for it; it is checked when the job begins."""


@dataclass(frozen=True)
class _Bounds:
    """Bounds of a value, or of its length, as ``Annotated`` has them."""

    ge: Any = None
    gt: Any = None
    le: Any = None
    lt: Any = None
    multiple_of: Any = None
    min_length: int | None = None
    max_length: int | None = None


def check(gateway: Gateway, module: ModuleState, spool: Spool, content_type: str, coding: str) -> None:
    """Raise what ``POST /predict`` would say of a body, as far as that can be known.

    One that is larger than ``max_body_mb`` is not looked at.

    Raises:
        NotJSONError, InvalidInputError, BindingError, MediaTypeError, PayloadTooLargeError.
    """
    with contextlib.suppress(_Unchecked), _Memory(gateway) as memory:
        memory.book(spool.size)
        data = spool.path.read_bytes()
        if coding:
            data = unpack.unpack(data, coding, memory.book)
        limits = gateway.limits.of_job()
        body = body_parser.of_module(data, content_type, module, gateway.config, limits)
        del data
        refuse_wrong(
            module.manifest,
            {**envelope.loads(body.arguments), **body.images},
            gateway.config.modules_info[module.name].predict_args,
            names_paths=gateway.limits.allow_server_paths,
        )


class _Memory(contextlib.ExitStack):
    """Bytes that are booked until it is left."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__()
        self._inflight, self._room = gateway.inflight, gateway.limits.max_body

    def book(self, size: int) -> None:
        """Count bytes; raises _Unchecked where they are too many."""
        self._room -= size
        if self._room < 0 or not self._inflight.book(size):
            raise _Unchecked
        self.callback(self._inflight.release, size)


def refuse_wrong(
    manifest: Manifest, arguments: Mapping[str, Any], defaults: Iterable[str], *, names_paths: bool
) -> None:
    """Raise BindingError or InvalidInputError where no page of a job would be bound.

    Args:
        manifest: of the method that is called.
        arguments: all that were sent, images too.
        defaults: names that the config file's ``predict_args`` have a value for.
        names_paths: callers may send arguments that name files of the server.
    """
    if not manifest.is_known:
        return
    if manifest.documents and PAGES in arguments:
        checked(arguments[PAGES])  # before all else, as in the runner
    known = {parameter.name: parameter for parameter in manifest.parameters}
    offered = [name for name in known if names_paths or not names_server_files(name)]
    unknown = [name for name in arguments if name not in known and not manifest.takes_any]
    given = {*arguments, *defaults}
    missing = [each.name for each in manifest.parameters if each.required and each.name not in given]
    refuse_names(unknown, missing, offered)
    for name in arguments.keys() & known.keys() - {manifest.batch, *manifest.images}:
        _refuse_value(known[name], arguments[name])


def _refuse_value(parameter: Parameter, value: Any) -> None:
    is_default = parameter.has_default and value is None and parameter.default is None
    found = None if is_default or not parameter.schema else check_of(annotation(parameter.schema))
    if found is None:
        return
    try:
        found.convert(value, True)
    except Mismatch as error:
        raise BindingError(error.told(parameter.name)) from None


def annotation(schema: Schema) -> Any:
    """Return the annotation that ``check_of`` made a schema of; Any for one that something else made."""
    bounds = {
        _BOUNDS[key]: value for key, value in schema.items() if key in _BOUNDS and "prefixItems" not in schema
    }
    base = _without_bounds({key: value for key, value in schema.items() if key not in _BOUNDS})
    return Annotated[base, _Bounds(**bounds)] if bounds and base is not Any else base


def _without_bounds(schema: Schema) -> Any:
    keys, kind = schema.keys() - {"description"}, schema.get("type")
    if keys == {"anyOf"}:
        return Union[tuple(annotation(part) for part in schema["anyOf"])]  # noqa: UP007
    if keys == {"enum"}:
        return Literal[tuple(schema["enum"])]
    if keys == {"type", "prefixItems"}:
        return types.GenericAlias(tuple, tuple(annotation(part) for part in schema["prefixItems"]))
    if keys == {"type", "items"}:
        return types.GenericAlias(list, (annotation(schema["items"]),))
    if kind == "object" and keys <= {"type", "additionalProperties"}:
        return types.GenericAlias(dict, (str, annotation(schema.get("additionalProperties", {}))))
    return _SCALARS[kind] if keys == {"type"} and kind in _SCALARS else Any
