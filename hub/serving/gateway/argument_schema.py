"""From a module's manifest to JSON Schema: what its arguments are, and an example of a call.

A manifest holds annotations as text, because the gateway never imports a module. They are read with ``ast``
and never evaluated; one that says nothing to JSON (``np.ndarray``, say) becomes a schema that allows all.
Those that are checked come as a schema besides.
"""

from __future__ import annotations

import ast
import base64
import copy
import re
import textwrap
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from hub.module.arguments import names_server_files
from hub.module.schemas import Schema, any_of
from hub.serving.config.server_config import ServingConfig
from hub.serving.gateway.body import CUSTOMARY_IMAGE_ARGUMENTS
from hub.serving.messages.manifest import Manifest, Parameter
from hub.serving.messages.state import ModuleState

IMAGE: Schema = {
    "type": "string",
    "contentEncoding": "base64",
    "contentMediaType": "image/*",
    "description": "An image file (JPEG, PNG, BMP, TIFF, WebP, …) in base64.",
}
_LISTS = frozenset(("list", "List", "Sequence", "Iterable", "tuple", "Tuple", "set", "Set"))
_OBJECTS = frozenset(("dict", "Dict", "Mapping"))
#: Types of one text, number or truth value.
SINGLE = frozenset(("string", "integer", "number", "boolean"))
#: A name alone, as an annotation.
_NAMES: dict[str, Schema] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    **{name: {"type": "array", "items": {}} for name in _LISTS},
    **{name: {"type": "object"} for name in _OBJECTS},
}
#: The indented lines below Args: in a docstring.
_ARGS = re.compile(r"^([ \t]*)Args:[ \t]*\n((?:\1[ \t]+\S.*(?:\n|\Z)|[ \t]*\n)*)", re.MULTILINE)
#: ``name: what it is``, or PaddleHub's ``name (type): what it is``.
_ARGUMENT = re.compile(r"(\w+)(?: *\([^)]*\))?: +(\S.*)", re.DOTALL)


class FormType(NamedTuple):
    """The JSON types of one value that an argument takes, and whether it takes a list of them."""

    kinds: frozenset[str]
    takes_list: bool


def offered(module: ModuleState, config: ServingConfig) -> Manifest:
    """Return a module's manifest without the arguments that callers may not send."""
    manifest = module.manifest
    return manifest if config.allow_server_paths else manifest.without(names_server_files)


def properties(manifest: Manifest) -> dict[str, Schema]:
    """Return argument name → schema with type, default and description, in the method's order."""
    described = argument_descriptions(manifest.doc)
    found: dict[str, Schema] = {}
    for parameter in manifest.parameters:
        name = parameter.name
        schema = _parameter_schema(parameter, manifest)
        if name in described:
            schema["description"] = described[name]
        if parameter.has_default:
            schema["default"] = parameter.default
        found[name] = schema
    return found


def of_annotation(text: str) -> Schema:
    """Return the schema that a Python annotation stands for; ``{}``, anything, where it says nothing."""
    text = text.strip()
    if text[:1] in ("'", '"'):  # what inspect makes of a postponed annotation
        text = text[1:-1]
    try:
        return _of_node(ast.parse(text, mode="eval").body)
    except (SyntaxError, ValueError, RecursionError):
        return {}


def returned(manifest: Manifest) -> Schema:
    """Return the schema of what the method returns; ``{}``, anything, where it does not say."""
    return of_annotation(manifest.returns) if manifest.returns_schema is None else manifest.returns_schema


def of_parameter(parameter: Parameter) -> Schema:
    """Return the schema that a parameter is checked by, or that its annotation as text stands for."""
    return of_annotation(parameter.annotation) if parameter.schema is None else dict(parameter.schema)


def kinds(parameter: Parameter) -> set[str]:
    """Return the JSON types that a parameter takes besides null; "" stands for what has no type."""
    schema = of_parameter(parameter)
    parts = schema.get("anyOf", [schema])
    found = {str(type_) for part in parts for type_ in _types(part)}
    return found - {"null"}


def form_type(parameter: Parameter) -> FormType | None:
    """Return what a field of a form is read as; None for an argument that is not checked."""
    if not parameter.schema:
        return None
    parts = parameter.schema.get("anyOf", [parameter.schema])
    lists = [part for part in parts if part.get("type") == "array"]
    single = [part for part in parts if part not in lists] + [part.get("items", {}) for part in lists]
    kinds = {each for part in single for each in _types(part)} - {"null"}
    return FormType(frozenset(kinds), takes_list=bool(lists))


def _types(part: Schema) -> list[str]:
    if "enum" in part:
        return [_NAMES[type(value).__name__]["type"] for value in part["enum"]]
    return [part.get("type", "")]


def is_image(name: str, manifest: Manifest) -> bool:
    """Tell whether an argument is an image or a list of them, as the module says or as is customary."""
    return name in (manifest.images or CUSTOMARY_IMAGE_ARGUMENTS)


def takes_files(manifest: Manifest) -> bool:
    """Tell whether a form with files, or a raw image, can be sent to the module."""
    return any(is_image(parameter.name, manifest) for parameter in manifest.parameters)


def example(manifest: Manifest) -> dict[str, Any] | None:
    """Return arguments that show a call: the author's, or made from the required and the batch arguments.

    None where nothing sensible can be made: no example is better than one that fails.
    """
    if manifest.example is not None:
        return manifest.example
    if not manifest.parameters:
        return None if manifest.takes_any else {}
    made: dict[str, Any] = {}
    schemas = properties(manifest)
    for parameter in manifest.parameters:
        name = parameter.name
        if parameter.required or name == manifest.batch or name in manifest.images:
            value = _example_value(schemas[name])
            if value is not None:
                made[name] = value
            elif parameter.required:
                return None
    return made


def argument_descriptions(doc: str) -> dict[str, str]:
    """Return argument name → text, from the ``Args:`` section of a Google-style docstring."""
    found: dict[str, str] = {}
    for section in _ARGS.finditer(doc):
        for entry in re.split(r"\n(?=\S)", textwrap.dedent(section[2])):
            if argument := _ARGUMENT.match(entry):
                found[argument[1]] = " ".join(argument[2].split()).replace("``", "`")
    return found


def summary(doc: str) -> str:
    """Return the first paragraph of a docstring, on one line."""
    return " ".join(doc.strip().split("\n\n", 1)[0].split())


@cache
def example_image() -> str:
    """Return a small picture of a word in base64, for examples."""
    path = Path(__file__).with_name("static") / "example.png"
    return base64.b64encode(path.read_bytes()).decode()


def _parameter_schema(parameter: Parameter, manifest: Manifest) -> Schema:
    name = parameter.name
    annotated = of_parameter(parameter)
    if is_image(name, manifest):
        return _image_schema(name, annotated, name in manifest.images)
    if annotated:
        return annotated
    if name == manifest.batch:
        return {"type": "array", "items": {}}
    # A default tells the type, where it is no None; an integer may stand for any number.
    inferred = {bool: "boolean", int: "number", float: "number", str: "string"}
    kind = inferred.get(type(parameter.default))
    return {"type": kind} if kind else {}


def _image_schema(name: str, annotated: Schema, is_declared: bool) -> Schema:
    many: Schema = {"type": "array", "items": dict(IMAGE)}
    kinds = {part.get("type") for part in annotated.get("anyOf", [annotated])}
    if "array" in kinds or (name.endswith("s") and not annotated):
        return many
    if annotated or is_declared or name == "image":
        return dict(IMAGE)
    return many


def _of_node(node: ast.expr) -> Schema:
    match node:
        case ast.Constant(value=None):
            return {"type": "null"}
        case ast.Constant(value=str(text)):
            return of_annotation(text)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return copy.deepcopy(_NAMES.get(name, {}))
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return any_of([_of_node(left), _of_node(right)])
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=inside):
            return _of_subscript(name, inside.elts if isinstance(inside, ast.Tuple) else [inside])
    return {}


def _of_subscript(name: str, inside: list[ast.expr]) -> Schema:
    match name, inside:
        case "Literal", _:
            return {"enum": [node.value for node in inside if isinstance(node, ast.Constant)]}
        case "Optional", [one, *_]:
            return any_of([_of_node(one), {"type": "null"}])
        case "Union", _:
            return any_of([_of_node(node) for node in inside])
        case "Annotated", [one, *_]:
            return _of_node(one)
        case "tuple" | "Tuple", _ if not (len(inside) == 2 and ast.unparse(inside[1]) == "..."):
            return copy.deepcopy(_NAMES[name])  # its items may differ
        case _, [*_, last] if name in _OBJECTS and (values := _of_node(last)):
            return {"type": "object", "additionalProperties": values}
        case _, [one, *_] if name in _LISTS:
            return {"type": "array", "items": _of_node(one)}
    return copy.deepcopy(_NAMES.get(name, {})) if name in _OBJECTS else {}


def _example_value(schema: Schema) -> Any:
    """Return a value that the schema allows, None where it tells no type."""
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        values = (_example_value(part) for part in schema["anyOf"])
        return next((value for value in values if value is not None), None)
    if schema.get("contentEncoding"):
        return example_image()
    if schema.get("type") == "array":
        item = _example_value(schema["items"])
        return ["text" if item is None else item]
    simple = {"string": "text", "integer": 1, "number": 1.0, "boolean": True, "object": {}}
    return schema.get("default") or simple.get(str(schema.get("type")))
