"""From pydantic's errors to messages for the author of a file: which key, which value, what is allowed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel, ValidationError

from hub.suggestion import closest

#: Types of errors whose own message is a sentence of ours.
_OWN: Final = ("value_error",)
_NUMBERS: Final = {"integer": "a whole number", "number": "a number"}
_OTHERS: Final = {
    "boolean": "true or false",
    "string": "text",
    "array": "a list, […]",
    "object": "an object, {…}",
}
#: Of a value that is not allowed so much is shown.
_SHOWN: Final = 80


def told(
    error: ValidationError,
    model: type[BaseModel],
    source: str,
    values: Mapping[str, Any],
    environment: Collection[str] = (),
) -> str:
    """Return what is wrong: one line, or a line for each problem in the order of ``values``.

    An unknown key gets a did-you-mean.

    Args:
        error: what the validation of ``model`` found.
        model: the model.
        source: what ``values`` were read from.
        values: the content of ``source``.
        environment: keys that variables ``HUB_<KEY>`` give where ``values`` do not have them.
    """
    lines = []
    for detail in sorted(error.errors(), key=lambda detail: _place(detail["loc"], values)):
        key = str(detail["loc"][0]) if detail["loc"] else ""
        variable = f"HUB_{key.upper()}" if key in environment and key not in values else ""
        lines.append(_problem(dict(detail), model, variable))
    if len(lines) > 1:
        return "\n  ".join((f"{source}: {len(lines)} mistakes", *lines))
    return lines[0] if lines[0].startswith("HUB_") else f"{source}: {lines[0]}"


def _place(path: Sequence[str | int], values: Any) -> list[int]:
    """Return where in a file the key of a problem stands; what is missing in it comes last."""
    places = []
    for part in path:
        if isinstance(values, Mapping):
            keys = list(values)
            places.append(keys.index(part) if part in values else len(keys))
            values = values.get(part)
        elif isinstance(values, list | tuple) and isinstance(part, int) and part < len(values):
            places.append(part)
            values = values[part]
        else:
            break
    return places


def _problem(detail: dict[str, Any], model: type[BaseModel], variable: str) -> str:
    path = [str(part) for part in detail["loc"]]
    location = ".".join(path)
    if detail["type"] == "extra_forbidden":
        return f"unknown key {location!r}; {_hint(path, model)}"
    if detail["type"] == "missing":
        return f"{location!r} is missing"
    if detail["type"] in _OWN:
        said = detail["msg"].removeprefix("Value error, ")
    else:
        wanted = _wanted(_schema_of(model), detail["loc"])
        said = f"must be {wanted}" if wanted else detail["msg"]
    return f"{variable or repr(location)}: {said} (got {_shown(detail['input'])})"


def _shown(value: Any) -> str:
    """Return the start of a value as a config file has it."""
    try:
        text = json.dumps(value, default=str, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = str(type(value).__name__)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


@lru_cache(maxsize=8)
def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _wanted(schema: dict[str, Any], path: Sequence[str | int]) -> str:
    """Return what is allowed at a path into the values that a JSON schema describes; empty if unknown."""
    part: Any = _resolved(schema, schema)
    for step in path:
        if isinstance(step, int):
            part = part.get("items")
        else:
            part = part.get("properties", {}).get(step, part.get("additionalProperties"))
        if not isinstance(part, dict):
            return ""
        part = _resolved(part, schema)
    allowed = part.get("enum", [part["const"]] if "const" in part else [])
    if allowed:
        return " or ".join(json.dumps(each) for each in allowed)
    kind = part.get("type")
    if kind in _NUMBERS:
        return f"{_NUMBERS[kind]}{_range(part)}"
    if kind == "array" and part.get("minItems") == part.get("maxItems", 0):
        return f"a list of {part['minItems']}, […]"
    empty = " that is not empty" if part.get("minProperties") or part.get("minItems") else ""
    return f"{_OTHERS[kind]}{empty}" if kind in _OTHERS else ""


def _resolved(part: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return a part of a schema without references, and without the null that stands for "not given"."""
    options = [each for each in part.get("anyOf", ()) if each.get("type") != "null"]
    if len(options) == 1:
        return _resolved(options[0], schema)
    if "$ref" in part:
        return _resolved(schema["$defs"][part["$ref"].rpartition("/")[2]], schema)
    return part


def _range(part: Mapping[str, Any]) -> str:
    """Return the limits of a number."""
    low = f"at least {part['minimum']}" if "minimum" in part else ""
    low = f"above {part['exclusiveMinimum']}" if "exclusiveMinimum" in part else low
    high = f"at most {part['maximum']}" if "maximum" in part else ""
    if "minimum" in part and high:
        return f" from {part['minimum']} to {part['maximum']}"
    return f", {' and '.join(filter(None, (low, high)))}" if low or high else ""


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
