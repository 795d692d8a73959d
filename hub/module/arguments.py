"""The arguments of a serving method, and the customary names under which a file goes in.

Standard library only: ``hub run`` uses it in a module's own environment, too.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter
from types import SimpleNamespace
from typing import Annotated, Any, Final, Literal, Unpack, get_args, get_origin, get_type_hints

IMAGES: Final = ("images", "image", "data")
TEXTS: Final = ("texts", "text", "sentences", "sentence", "data", "query")
PATHS: Final = ("paths", "path", "audio_file", "input_path")
#: Under these one value is passed; under all others a list.
SINGLE: Final = frozenset(("image", "text", "sentence", "query", "path", "audio_file", "input_path"))

#: Attributes of an annotation's marks, and what they are in JSON Schema.
_KEYWORDS: Final = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "description": "description",
}

#: The part of a file that is passed: its bytes as an image, its path, or its lines.
FileKind = Literal["image", "path", "text"]


def for_files(taken: Sequence[str], images: Sequence[str]) -> tuple[str, FileKind] | None:
    """Return the argument that a file goes to, and what of the file; None if no argument has such a name.

    Args:
        taken: names of the method's parameters.
        images: those that the module declares to be images.
    """
    choices: tuple[tuple[Sequence[str], FileKind], ...] = (
        ((*images, *IMAGES[:2]), "image"),
        (PATHS, "path"),
        (TEXTS, "text"),
    )
    for names, kind in choices:
        for name in names:
            if name in taken:
                return name, kind
    return None


def parameters(method: Callable[..., Any]) -> list[Parameter]:
    """Return the parameters of a method, each field of ``**options: Unpack[Options]`` as one by keyword.

    ``Options`` is a TypedDict. A field that may be left out has the default ``...``. Annotations are as they
    were written, except for those with ``Annotated``, which are values, not text.
    """
    hints = _hints(method)
    found: list[Parameter] = []
    for parameter in inspect.signature(method).parameters.values():
        hint = hints.get(parameter.name)
        if parameter.kind is parameter.VAR_KEYWORD and get_origin(hint) is Unpack:
            found += _fields(get_args(hint)[0])
        elif get_origin(hint) is Annotated:
            found.append(parameter.replace(annotation=hint))
        else:
            found.append(parameter)
    return found


def _hints(method: Callable[..., Any]) -> Mapping[str, Any]:
    """Return the annotations as values; none where one of them cannot be evaluated when a module runs."""
    try:
        return get_type_hints(method, include_extras=True)
    except Exception:
        return {}


def _fields(options: Any) -> list[Parameter]:
    return [
        Parameter(
            name,
            Parameter.KEYWORD_ONLY,
            default=Parameter.empty if name in options.__required_keys__ else ...,
            annotation=hint,
        )
        for name, hint in get_type_hints(options, include_extras=True).items()
    ]


def constraints(hint: Any) -> dict[str, Any]:
    """Return the bounds and the description that ``Annotated`` gives a type, as keywords of JSON Schema.

    They are pydantic's ``Field(ge=…, description=…)``, the marks of annotated_types, or whatever has
    attributes of these names.
    """
    found: dict[str, Any] = {}
    for part in get_args(hint):
        found |= constraints(part)
    for mark in getattr(hint, "__metadata__", ()):
        for holder in (mark, *getattr(mark, "metadata", ())):
            values = {keyword: getattr(holder, name, None) for name, keyword in _KEYWORDS.items()}
            found |= {keyword: value for keyword, value in values.items() if value is not None}
    return found


def plain(hint: Any) -> Any:
    """Return a type without what ``Annotated`` says of it."""
    return get_type_hints(SimpleNamespace(__annotations__={"hint": hint}))["hint"]
