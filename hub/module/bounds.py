"""The bounds of ``Annotated[T, …]``, by their names: as annotated_types and pydantic's Field have them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from hub.module.check import Check, Mismatch

Test = Callable[[Any, Any], bool]

#: A bound's name, what holds for the value (or its length), how it is said, and its name in JSON Schema.
_BOUNDS: Final[tuple[tuple[str, Test, str, str], ...]] = (
    ("ge", operator.ge, ">= {}", "minimum"),
    ("gt", operator.gt, "> {}", "exclusiveMinimum"),
    ("le", operator.le, "<= {}", "maximum"),
    ("lt", operator.lt, "< {}", "exclusiveMaximum"),
    ("multiple_of", lambda value, step: value % step == 0, "a multiple of {}", "multipleOf"),
)
_LENGTHS: Final[tuple[tuple[str, Test, str], ...]] = (
    ("min_length", operator.ge, "at least {} long"),
    ("max_length", operator.le, "at most {} long"),
)


class _Bound(NamedTuple):
    """One bound of a value, or of its length."""

    holds: Test
    bound: Any
    words: str
    of_length: bool

    def allows(self, value: Any) -> bool:
        return self.holds(len(value) if self.of_length else value, self.bound)


def bounded(base: Check | None, metadata: Iterable[Any]) -> Check | None:
    """Return the check with the bounds that the metadata names; what else they say is not ours."""
    if base is None:
        return None
    schema = dict(base.schema)
    bounds: list[_Bound] = []
    for each in _unpacked(metadata):
        for name, holds, said, key in _BOUNDS:
            if (bound := getattr(each, name, None)) is not None:
                bounds.append(_Bound(holds, bound, said.format(bound), of_length=False))
                schema[key] = bound
        for name, holds, said in _LENGTHS:
            if bound := getattr(each, name, None):
                bounds.append(_Bound(holds, bound, said.format(bound), of_length=True))
                schema[_length_key(name, base)] = bound
    if not bounds:
        return base
    wanted = f"{base.wanted} {' and '.join(bound.words for bound in bounds)}"

    def convert(value: Any, wrap: bool) -> Any:
        converted = base.convert(value, wrap)
        # The None of an Optional[int] has no order and no length.
        if converted is not None and not all(bound.allows(converted) for bound in bounds):
            raise Mismatch(wanted, value)
        return converted

    return Check(wanted, schema, convert, is_list=base.is_list)


def _unpacked(metadata: Iterable[Any]) -> Iterable[Any]:
    """Yield what holds bounds; pydantic's Field has them in a list of its own."""
    for each in metadata:
        yield from getattr(each, "metadata", None) or [each]


def _length_key(name: str, base: Check) -> str:
    noun = "Items" if base.is_list else "Properties" if base.schema.get("type") == "object" else "Length"
    return name.split("_")[0] + noun
