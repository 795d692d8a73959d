"""The options that a request may set for itself, each declared once: type, bounds and meaning.

A module takes them as ``**options: Unpack[PipelineOptions]``, say, and has :func:`checked` look at them. The
server makes an argument of every field. A field that is not given, or is None, is as the module is set up.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Final, TypedDict, TypeVar, cast, get_type_hints

from pydantic import Field, TypeAdapter, ValidationError

from hub.errors import InvalidInputError
from hub.ocr.params import MAX_SIDE, Growth, LimitType, Ratio

#: Sides of a detector's input are multiples of this.
_SHORTEST_SIDE: Final = 32
_LONGEST_VALUE_SHOWN: Final = 100
Options = TypeVar("Options")
T = TypeVar("T")


class DetectorOptions(TypedDict, total=False):
    det_limit_side_len: Annotated[
        int | None,
        Field(
            ge=_SHORTEST_SIDE,
            le=MAX_SIDE,
            description="Pixels that a side of the picture is scaled to, for the lines to be found.",
        ),
    ]
    det_limit_type: Annotated[
        LimitType | None,
        Field(
            description="Which side that is: the shorter one of a smaller picture (min), the longer one of a "
            "larger picture (max), or the longer one of any picture (resize_long)."
        ),
    ]
    det_db_thresh: Annotated[
        Ratio | None, Field(description="A pixel with a higher probability than this is text.")
    ]
    det_db_box_thresh: Annotated[
        Ratio | None, Field(description="A box with a lower mean probability than this is left out.")
    ]
    det_db_unclip_ratio: Annotated[
        Growth | None, Field(description="How far a box grows, times its area over its perimeter.")
    ]


class RecognizerOptions(TypedDict, total=False):
    return_word_box: Annotated[
        bool | None,
        Field(
            description="Also tell the words of each line (text_word) and the corners of each "
            "(text_word_region)."
        ),
    ]


class PipelineOptions(DetectorOptions, RecognizerOptions, total=False):
    drop_score: Annotated[
        Ratio | None, Field(description="Lines with a lower confidence than this are left out.")
    ]


def checked(kind: type[Options], given: Mapping[str, Any]) -> Options:
    """Return the options that were given; a text that says a value is that value, as a form may have it.

    Args:
        kind: one of the classes above.
        given: a request's values.

    Raises:
        InvalidInputError: an option is unknown, or has a value that is not allowed; says what is.
    """
    fields = _fields(cast(type, kind))
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name not in fields:
            raise InvalidInputError(f"unknown argument `{name}`; options are {', '.join(fields)}")
        try:
            found[name] = fields[name].validate_python(value)
        except ValidationError as error:
            shown = repr(value)
            if len(shown) > _LONGEST_VALUE_SHOWN:
                shown = shown[:_LONGEST_VALUE_SHOWN] + "…"
            allowed = _allowed(fields[name].json_schema())
            raise InvalidInputError(f"{name} must be {allowed}, not {shown}") from error
    return cast(Options, found)


def chosen(asked: T | None, otherwise: T) -> T:
    """Return what a request asks for, or what holds where it does not ask."""
    return otherwise if asked is None else asked


@cache
def _fields(kind: type) -> dict[str, TypeAdapter[Any]]:
    hints = get_type_hints(kind, include_extras=True)
    return {name: TypeAdapter(hint) for name, hint in hints.items()}


def _allowed(schema: Mapping[str, Any]) -> str:
    """Say what a field's JSON schema allows."""
    schema = next((part for part in schema.get("anyOf", ()) if part.get("type") != "null"), schema)
    if "enum" in schema:
        return "one of " + ", ".join(schema["enum"])
    if schema["type"] == "boolean":
        return "true or false"
    kind = "a whole number" if schema["type"] == "integer" else "a number"
    lowest = f"from {schema['minimum']:g}" if "minimum" in schema else f"above {schema['exclusiveMinimum']:g}"
    return f"{kind} {lowest} to {schema['maximum']:g}"
