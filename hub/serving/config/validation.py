"""From pydantic's errors to a message for the author of a file: which key, which value, what is allowed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from hub.suggestion import closest


def problems(error: ValidationError, model: type[BaseModel]) -> str:
    """Return every problem of ``model``'s validation in one line; an unknown key gets a did-you-mean."""
    return "; ".join(_problem(dict(detail), model) for detail in error.errors())


def _problem(detail: dict[str, Any], model: type[BaseModel]) -> str:
    path = [str(part) for part in detail["loc"]]
    location = ".".join(path)
    if detail["type"] == "extra_forbidden":
        return f"unknown key {location!r}; {_hint(path, model)}"
    if detail["type"] == "missing":
        return f"{location!r} is missing"
    message = detail["msg"].removeprefix("Value error, ")
    return f"{location!r}: {message} (got {json.dumps(detail['input'], default=str)[:80]})"


def _hint(path: Sequence[str], model: type[BaseModel]) -> str:
    *above, key = path
    allowed = list(dict.fromkeys(name for each in _models_at(model, above) for name in each.model_fields))
    if meant := closest(key, allowed):
        return f"did you mean {meant!r}?"
    elsewhere = [field for field in fields_of(model) if field[-1] == key]  # only in the wrong place
    if elsewhere:
        return f"did you mean {'.'.join(elsewhere[0])!r}?"
    return "allowed: " + ", ".join(allowed)


def _models_at(model: type[BaseModel], path: Sequence[str]) -> list[type[BaseModel]]:
    """Return the models that a path into ``model`` may lead to; keys of dicts and indices stay in place."""
    current = [model]
    for part in path:
        fields = [each.model_fields[part] for each in current if part in each.model_fields]
        if fields:
            current = [found for field in fields for found in _models_in(field.annotation)]
    return current


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def fields_of(model: type[BaseModel]) -> Iterator[tuple[str, ...]]:
    """Yield the paths of all fields, those of nested models behind the field that holds them."""
    for name, field in model.model_fields.items():
        yield (name,)
        # Between a mapping and what it holds stands a name of the user's.
        here = (name, "<name>") if get_origin(field.annotation) is dict else (name,)
        for nested in _models_in(field.annotation):
            yield from ((*here, *rest) for rest in fields_of(nested))
