"""From an annotation to the check of a request's value, which converts it before the call.

One meaning in every environment, for the types that JSON has:

    str int float bool None     that type and no other; an int is a float, too; a bool is not an int
    list[T] Sequence[T]         a list; one item alone is a list of one
    tuple[T, U] tuple[T, ...]   a list, which becomes a tuple
    dict[str, T] Mapping[str, T]   an object
    Literal[...]                one of these values
    T | None, Union             the first that takes the value as it is, else the first that can convert it
    Annotated[T, ...]           bounds by their names (ge gt le lt multiple_of min_length max_length), as
                                annotated_types and pydantic's Field have them
    a pydantic model            what pydantic makes of it

All else (NumPy's types, TypeVars, names that do not resolve) allows everything.
Standard library only, but for pydantic's models: runners in a module's own environment import this file.
"""

from __future__ import annotations

import collections.abc
import contextlib
import numbers
import types
import typing
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final, Literal, Union

from hub.json_words import shown
from hub.module.bounds import bounded
from hub.module.check import Check, Mismatch
from hub.module.schemas import Schema, any_of, without_references

_LISTS: Final = (list, collections.abc.Sequence, collections.abc.Iterable, collections.abc.Collection)
_OBJECTS: Final = (dict, collections.abc.Mapping)


def check_of(annotation: Any) -> Check | None:
    """Return what an annotation means; None for one that allows everything."""
    if annotation is None or annotation is type(None):
        return _of_type("null", type(None), "null")
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    origin, inside = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return bounded(check_of(inside[0]), inside[1:])
    if origin is Literal:
        return _literal(inside)
    if origin in (Union, types.UnionType):
        return _union([check_of(each) for each in inside])
    kind = origin or annotation
    if kind in _LISTS:
        return _list(check_of(inside[0]) if inside else None)
    if kind is tuple:
        return _tuple(inside)
    if kind in _OBJECTS:
        is_by_text = not inside or inside[0] in (str, Any)
        return _object(check_of(inside[1]) if inside else None) if is_by_text else None
    return _model(annotation) if _is_model(annotation) else None


# -- the kinds -------------------------------------------------------------------------------------


def _of_type(wanted: str, kind: type, schema: str) -> Check:
    def convert(value: Any, wrap: bool) -> Any:
        if not isinstance(value, kind):
            raise Mismatch(wanted, value)
        return value

    return Check(wanted, {"type": schema}, convert)


def _to_int(value: Any, wrap: bool) -> Any:
    if not isinstance(value, bool):
        if isinstance(value, int):
            return value
        if isinstance(value, numbers.Integral):  # NumPy's, of a caller in Python
            return int(value)
    raise Mismatch("int", value)


def _to_float(value: Any, wrap: bool) -> Any:
    if isinstance(value, float):
        return value
    if not isinstance(value, bool) and isinstance(value, numbers.Real):
        with contextlib.suppress(OverflowError):  # an integer of 400 digits
            return float(value)
    raise Mismatch("float", value)


_SCALARS: Final[dict[Any, Check]] = {
    str: _of_type("str", str, "string"),
    bool: _of_type("bool", bool, "boolean"),
    int: Check("int", {"type": "integer"}, _to_int),
    float: Check("float", {"type": "number"}, _to_float),
}


def _literal(values: Sequence[Any]) -> Check:
    wanted = "one of " + ", ".join(
        repr(value) if isinstance(value, str) else shown(value) for value in values
    )
    wanted = wanted.replace("the number ", "")

    def convert(value: Any, wrap: bool) -> Any:
        for allowed in values:
            if type(allowed) is type(value) and allowed == value:
                return allowed
        raise Mismatch(wanted, value)

    return Check(wanted, {"enum": list(values)}, convert)


def _list(item: Check | None) -> Check:
    wanted = f"a list of {item.wanted}" if item else "a list"

    def convert(value: Any, wrap: bool) -> Any:
        if isinstance(value, (list, tuple)):
            return _items(value, [item] * len(value), wrap) if item else list(value)
        if not wrap or value is None:
            raise Mismatch(wanted, value)
        try:
            return [item.convert(value, wrap) if item else value]
        except Mismatch as error:
            if error.path or error.reason:
                raise
            raise Mismatch(wanted, value) from None

    return Check(wanted, {"type": "array", "items": item.schema if item else {}}, convert, is_list=True)


def _items(values: Sequence[Any], checks: Iterable[Check | None], wrap: bool) -> list[Any]:
    found = []
    for number, (value, check) in enumerate(zip(values, checks, strict=True)):
        try:
            found.append(check.convert(value, wrap) if check else value)
        except Mismatch as error:
            raise error.within(f"[{number}]") from None
    return found


def _tuple(inside: Sequence[Any]) -> Check:
    if not inside or (len(inside) == 2 and inside[1] is Ellipsis):
        each = _list(check_of(inside[0]) if inside else None)
        return Check(
            each.wanted, each.schema, lambda value, wrap: tuple(each.convert(value, wrap)), is_list=True
        )
    checks = [check_of(kind) for kind in inside if kind != ()]
    wanted = f"a list of {len(checks)}" + _in_turn(checks)

    def convert(value: Any, wrap: bool) -> Any:
        if not isinstance(value, (list, tuple)) or len(value) != len(checks):
            raise Mismatch(wanted, value)
        return tuple(_items(value, checks, wrap))

    items = [check.schema if check else {} for check in checks]
    schema: Schema = {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    return Check(wanted, schema, convert, is_list=True)


def _in_turn(checks: Sequence[Check | None]) -> str:
    return f" ({', '.join(check.wanted if check else 'anything' for check in checks)})" if checks else ""


def _object(item: Check | None) -> Check:
    wanted = f"an object of {item.wanted}" if item else "an object"

    def convert(value: Any, wrap: bool) -> Any:
        if not isinstance(value, collections.abc.Mapping):
            raise Mismatch(wanted, value)
        return dict(zip(value, _values(value, item, wrap), strict=True)) if item else value

    return Check(
        wanted, {"type": "object", **({"additionalProperties": item.schema} if item else {})}, convert
    )


def _values(value: collections.abc.Mapping[str, Any], item: Check, wrap: bool) -> list[Any]:
    found = []
    for key, each in value.items():
        try:
            found.append(item.convert(each, wrap))
        except Mismatch as error:
            raise error.within(f"[{key!r}]") from None
    return found


def _union(given: Sequence[Check | None]) -> Check | None:
    if None in given:
        return None
    # An int is a float, too, but stays an int where it may.
    checks = sorted((check for check in given if check), key=lambda check: check.wanted == "float")
    wanted = " or ".join(check.wanted for check in given if check)

    def convert(value: Any, wrap: bool) -> Any:
        errors = []
        for may_wrap in (False, True)[: 1 + wrap]:
            for check in checks:
                try:
                    return check.convert(value, may_wrap)
                except Mismatch as error:
                    errors.append(error)
        inner = [error for error in errors if error.path or error.reason]
        raise inner[0] if inner else Mismatch(wanted, value)

    schema = any_of([check.schema for check in given if check])
    return Check(wanted, schema, convert, is_list=any(check.is_list for check in checks))


# -- pydantic --------------------------------------------------------------------------------------


def _is_model(annotation: Any) -> bool:
    """Tell whether it is a class derived from pydantic's BaseModel, without importing pydantic."""
    return isinstance(annotation, type) and any(
        base.__name__ == "BaseModel" and base.__module__ == "pydantic.main" for base in annotation.__mro__
    )


def _model(annotation: Any) -> Check:
    name = annotation.__name__

    def convert(value: Any, wrap: bool) -> Any:
        from pydantic import ValidationError

        if not isinstance(value, (collections.abc.Mapping, annotation)):
            raise Mismatch(f"an object ({name})", value)
        try:
            return annotation.model_validate(value)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
            raise Mismatch(name, value, path, reason=str(first["msg"])) from None

    return Check(f"an object ({name})", without_references(annotation.model_json_schema()), convert)
