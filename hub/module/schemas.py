"""JSON Schema, as far as annotations need it. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Schema = dict[str, Any]


def any_of(schemas: Sequence[Schema]) -> Schema:
    """Return one schema for several; ``{}`` if one of them allows anything."""
    flat: list[Schema] = []
    for schema in schemas:
        flat += [part for part in schema.get("anyOf", [schema]) if part not in flat]
    if {} in flat:
        return {}
    return flat[0] if len(flat) == 1 else {"anyOf": flat}


def without_references(schema: Mapping[str, Any]) -> Schema:
    """Return a schema with its ``$defs`` put in where ``$ref`` names them; a recursive one is left open."""
    definitions = schema.get("$defs", {})

    def resolved(value: Any, open_names: tuple[str, ...]) -> Any:
        if isinstance(value, Mapping):
            reference = value.get("$ref")
            if isinstance(reference, str):
                name = reference.rpartition("/")[2]
                return {} if name in open_names else resolved(definitions.get(name, {}), (*open_names, name))
            return {key: resolved(each, open_names) for key, each in value.items() if key != "$defs"}
        return [resolved(each, open_names) for each in value] if isinstance(value, list) else value

    found: Schema = resolved(schema, ())
    return found
