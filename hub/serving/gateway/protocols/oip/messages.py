"""The messages of the Open Inference Protocol over gRPC, read from ``open_inference.proto`` beside this file.

Generated files would tie the server to one version of protobuf, so the few constructs that the file uses are
read here: messages, ``repeated``, ``map<string, …>`` and ``oneof``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE: Final = "inference"
SERVICE: Final = "inference.GRPCInferenceService"

_PROTO: Final = Path(__file__).with_name("open_inference.proto")
_MESSAGE: Final = re.compile(r"^message (\w+) \{(?:\}|(.*?)^\})", re.MULTILINE | re.DOTALL)
_ONE_OF: Final = re.compile(r"oneof (\w+) \{")
_FIELD: Final = re.compile(r"(?:(repeated) |(map)<string, )?(\w+)>? (\w+) = (\d+);")

_Field = descriptor_pb2.FieldDescriptorProto


def _build() -> dict[str, Any]:
    """Return name → message class."""
    file = descriptor_pb2.FileDescriptorProto(
        name="hub/open_inference.proto", package=PACKAGE, syntax="proto3"
    )
    for name, body in _MESSAGE.findall(_PROTO.read_text()):
        message = file.message_type.add(name=name)
        one_of = _ONE_OF.search(body)
        if one_of:
            message.oneof_decl.add(name=one_of[1])
        for repeated, is_map, kind, field_name, number in _FIELD.findall(body):
            if is_map:
                kind = _add_map_entry(message, field_name, kind)
            field = _add_field(message, field_name, kind, int(number), repeated=bool(repeated or is_map))
            if one_of:
                field.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()  # one of our own: a client in the same process has the names too
    pool.Add(file)
    return {
        message.name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{message.name}"))
        for message in file.message_type
    }


def _add_map_entry(message: Any, field_name: str, value: str) -> str:
    """Declare a map as protobuf does, a repeated message of key and value, and return its type's name."""
    entry_name = "".join(part.capitalize() for part in field_name.split("_")) + "Entry"
    entry = message.nested_type.add(name=entry_name)
    entry.options.map_entry = True
    _add_field(entry, "key", "string", 1)
    _add_field(entry, "value", value, 2)
    return f"{message.name}.{entry_name}"


def _add_field(message: Any, name: str, kind: str, number: int, *, repeated: bool = False) -> Any:
    field = message.field.add(name=name, number=number)
    field.label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
    if kind[0].isupper():
        field.type, field.type_name = _Field.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
    else:
        field.type = _Field.Type.Value(f"TYPE_{kind.upper()}")
    return field


#: Name → message class.
MESSAGES: Final[Mapping[str, Any]] = _build()
