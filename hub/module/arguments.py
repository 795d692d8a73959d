"""The arguments of a serving method, and the customary names under which a file goes in.

Standard library only: ``hub run`` uses it in a module's own environment, too.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from inspect import Parameter
from types import SimpleNamespace
from typing import Annotated, Any, Final, Literal, Unpack, get_args, get_origin, get_type_hints

from hub.errors import BindingError
from hub.suggestion import did_you_mean

IMAGES: Final = ("images", "image", "data")
TEXTS: Final = ("texts", "text", "sentences", "sentence", "data", "query")
PATHS: Final = ("paths", "path", "audio_file", "input_path")
#: Under these one value is passed; under all others a list.
SINGLE: Final = frozenset(("image", "text", "sentence", "query", "path", "audio_file", "input_path"))

#: Arguments by which a client would name files on the server: paths, video_path, save_dir, imagePath, …
_SERVER_PATH: Final = re.compile(
    r"(?:.*[_-])?(?:path|dir|directory|directories|folder|filename)s?(?:[_-]list)?"
    r"|.*[a-z](?:Path|Dir|Directory|Folder|Filename|FileName)s?"
    r"|(?:audio|video|wav|music)_files?",
    re.DOTALL,
)

#: The part of a file that is passed: its bytes as an image, its path, or its lines.
FileKind = Literal["image", "path", "text"]


def names_server_files(argument: str) -> bool:
    """Tell from an argument's name whether it is for a file or folder of the server."""
    return _SERVER_PATH.fullmatch(argument) is not None


def refuse_names(unknown: Sequence[str], missing: Sequence[str], offered: Sequence[str]) -> None:
    """Raise BindingError where arguments are unknown, or missing; ``offered`` are those to tell of."""
    accepted = _listed(offered)
    if unknown:
        meant = did_you_mean(unknown[0], offered)
        raise BindingError(
            f"unknown argument {_listed(unknown)}; accepted: {accepted}{f'.{meant}' if meant else ''}"
        )
    if missing:
        raise BindingError(f"missing argument {_listed(missing)}; accepted: {accepted}")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


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
    hints = resolved_annotations(method)
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


def resolved_annotations(method: Callable[..., Any]) -> dict[str, Any]:
    """Return the method's annotations as types, without those that do not resolve."""
    function = inspect.unwrap(method)
    function = getattr(function, "__func__", function)
    found = {}
    for name, annotation in getattr(function, "__annotations__", {}).items():
        one = SimpleNamespace(__annotations__={name: annotation})
        try:
            hints = get_type_hints(one, getattr(function, "__globals__", {}), include_extras=True)
        except Exception:  # whatever the annotation's text raises: a name that is not there, say
            found[name] = Unresolved
        else:
            found[name] = hints[name]
    return found


class Unresolved:
    """Stands for an annotation that does not resolve."""


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


def plain(hint: Any) -> Any:
    """Return a type without what ``Annotated`` says of it; text and what is missing as they are."""
    if get_origin(hint) is not Annotated:
        return hint
    return get_type_hints(SimpleNamespace(__annotations__={"hint": hint}))["hint"]
