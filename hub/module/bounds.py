"""The bounds of ``Annotated[T, …]``, by their names: as annotated_types and pydantic's Field have them."""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final, NamedTuple

from hub.module.check import Check, Mismatch
from hub.module.schemas import Schema

Test = Callable[[Any, Any], bool]

#: A bound's name, what holds for the value (or its length), how it is said, and its name in JSON Schema.
_BOUNDS: Final[tuple[tuple[str, Test, str, str], ...]] = (
    ("ge", operator.ge, "from {}", "minimum"),
    ("gt", operator.gt, "above {}", "exclusiveMinimum"),
    ("le", operator.le, "up to {}", "maximum"),
    ("lt", operator.lt, "below {}", "exclusiveMaximum"),
    ("multiple_of", lambda value, step: value % step == 0, "in steps of {}", "multipleOf"),
)
_LENGTHS: Final[tuple[tuple[str, Test, str], ...]] = (
    ("min_length", operator.ge, "at least {} long"),
    ("max_length", operator.le, "at most {} long"),
)
_OR_NULL: Final = " or null"


class _Bound(NamedTuple):
    """One bound of a value, or of its length."""

    holds: Test
    bound: Any
    words: str
    key: str
    of_length: bool

    def allows(self, value: Any) -> bool:
        return self.holds(len(value) if self.of_length else value, self.bound)


def bounded(base: Check | None, metadata: Iterable[Any]) -> Check | None:
    """Return the check with the bounds that the metadata names; what else they say is not ours."""
    if base is None:
        return None
    marks = list(_unpacked(metadata))
    found = [*_of_value(marks), *_of_length(marks, base)]
    schema = copy.deepcopy(base.schema)
    for bound in found:
        _limit(schema, bound)
    for description in filter(None, (getattr(mark, "description", None) for mark in marks)):
        schema["description"] = description
    if not found:
        return replace(base, schema=schema)
    wanted = f"{base.wanted.removesuffix(_OR_NULL)} {' '.join(bound.words for bound in found)}"
    if base.wanted.endswith(_OR_NULL):
        wanted += _OR_NULL

    def convert(value: Any, wrap: bool) -> Any:
        try:
            converted = base.convert(value, wrap)
        except Mismatch as error:
            if error.path or error.reason:
                raise
            raise Mismatch(wanted, value) from None
        # The None of an Optional[int] has no order and no length.
        if converted is not None and not all(bound.allows(converted) for bound in found):
            raise Mismatch(wanted, value)
        return converted

    return Check(wanted, schema, convert, is_list=base.is_list)


def _of_value(marks: Iterable[Any]) -> Iterable[_Bound]:
    for mark in marks:
        for name, holds, said, key in _BOUNDS:
            if (bound := getattr(mark, name, None)) is not None:
                yield _Bound(holds, bound, said.format(bound), key, of_length=False)


def _of_length(marks: Iterable[Any], base: Check) -> Iterable[_Bound]:
    noun = "Items" if base.is_list else "Properties" if base.schema.get("type") == "object" else "Length"
    for mark in marks:
        for name, holds, said in _LENGTHS:
            if bound := getattr(mark, name, None):
                key = name.split("_")[0] + noun
                yield _Bound(holds, bound, said.format(bound), key, of_length=True)


def _limit(schema: Schema, bound: _Bound) -> None:
    """Put a bound to the schema, or to the one of several that is not null's."""
    for part in schema.get("anyOf", [schema]):
        if part.get("type") != "null":
            part[bound.key] = bound.bound


def _unpacked(metadata: Iterable[Any]) -> Iterable[Any]:
    """Yield what holds bounds; pydantic's Field has them in a list of its own."""
    for each in metadata:
        yield each
        yield from getattr(each, "metadata", ())
