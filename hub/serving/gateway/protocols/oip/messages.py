"""The messages of the Open Inference Protocol's gRPC service, built from the tables below.

Field names and numbers are the protocol's, so any client's generated code understands them. They are written
down here instead of in generated files, which would tie the server to one version of protobuf. Fields that
nothing here reads or writes are left out; protobuf carries them past us.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE: Final = "inference"
SERVICE: Final = "inference.GRPCInferenceService"

_STRING_MAP = "map InferParameter"
#: Message → fields; a field is its type, prefixed "*" where repeated, and its number.
_MESSAGES: Final[Mapping[str, Mapping[str, tuple[str, int]]]] = {
    "ServerLiveRequest": {},
    "ServerLiveResponse": {"live": ("bool", 1)},
    "ServerReadyRequest": {},
    "ServerReadyResponse": {"ready": ("bool", 1)},
    "ModelReadyRequest": {"name": ("string", 1), "version": ("string", 2)},
    "ModelReadyResponse": {"ready": ("bool", 1)},
    "ServerMetadataRequest": {},
    "ServerMetadataResponse": {"name": ("string", 1), "version": ("string", 2), "extensions": ("*string", 3)},
    "ModelMetadataRequest": {"name": ("string", 1), "version": ("string", 2)},
    "TensorMetadata": {"name": ("string", 1), "datatype": ("string", 2), "shape": ("*int64", 3)},
    "ModelMetadataResponse": {
        "name": ("string", 1),
        "versions": ("*string", 2),
        "platform": ("string", 3),
        "inputs": ("*TensorMetadata", 4),
        "outputs": ("*TensorMetadata", 5),
    },
    "InferParameter": {
        "bool_param": ("bool", 1),
        "int64_param": ("int64", 2),
        "string_param": ("string", 3),
        "double_param": ("double", 4),
        "uint64_param": ("uint64", 5),
    },
    "InferTensorContents": {
        "bool_contents": ("*bool", 1),
        "int_contents": ("*int32", 2),
        "int64_contents": ("*int64", 3),
        "uint_contents": ("*uint32", 4),
        "uint64_contents": ("*uint64", 5),
        "fp32_contents": ("*float", 6),
        "fp64_contents": ("*double", 7),
        "bytes_contents": ("*bytes", 8),
    },
    "InferTensor": {
        "name": ("string", 1),
        "datatype": ("string", 2),
        "shape": ("*int64", 3),
        "parameters": (_STRING_MAP, 4),
        "contents": ("InferTensorContents", 5),
    },
    "InferRequestedOutput": {"name": ("string", 1), "parameters": (_STRING_MAP, 2)},
    "ModelInferRequest": {
        "model_name": ("string", 1),
        "model_version": ("string", 2),
        "id": ("string", 3),
        "parameters": (_STRING_MAP, 4),
        "inputs": ("*InferTensor", 5),
        "outputs": ("*InferRequestedOutput", 6),
        "raw_input_contents": ("*bytes", 7),
    },
    "ModelInferResponse": {
        "model_name": ("string", 1),
        "model_version": ("string", 2),
        "id": ("string", 3),
        "parameters": (_STRING_MAP, 4),
        "outputs": ("*InferTensor", 5),
        "raw_output_contents": ("*bytes", 6),
    },
    "ModelStreamInferResponse": {"error_message": ("string", 1), "infer_response": ("ModelInferResponse", 2)},
    "RepositoryIndexRequest": {"repository_name": ("string", 1), "ready": ("bool", 2)},
    "ModelIndex": {
        "name": ("string", 1),
        "version": ("string", 2),
        "state": ("string", 3),
        "reason": ("string", 4),
    },
    "RepositoryIndexResponse": {"models": ("*ModelIndex", 1)},
    "RepositoryParameter": {
        "bool_param": ("bool", 1),
        "int64_param": ("int64", 2),
        "string_param": ("string", 3),
        "bytes_param": ("bytes", 4),
    },
    "RepositoryModelLoadRequest": {
        "repository_name": ("string", 1),
        "model_name": ("string", 2),
        "parameters": ("map RepositoryParameter", 3),
    },
    "RepositoryModelLoadResponse": {},
    "RepositoryModelUnloadRequest": {
        "repository_name": ("string", 1),
        "model_name": ("string", 2),
        "parameters": ("map RepositoryParameter", 3),
    },
    "RepositoryModelUnloadResponse": {},
    # The configuration's enumerations travel as numbers.
    "ModelInput": {
        "name": ("string", 1),
        "data_type": ("int32", 2),
        "dims": ("*int64", 4),
        "optional": ("bool", 8),
    },
    "ModelOutput": {"name": ("string", 1), "data_type": ("int32", 2), "dims": ("*int64", 3)},
    "ModelInstanceGroup": {
        "name": ("string", 1),
        "count": ("int32", 2),
        "gpus": ("*int32", 3),
        "kind": ("int32", 4),
    },
    "ModelDynamicBatching": {
        "preferred_batch_size": ("*int32", 1),
        "max_queue_delay_microseconds": ("uint64", 2),
    },
    "ModelConfig": {
        "name": ("string", 1),
        "platform": ("string", 2),
        "max_batch_size": ("int32", 4),
        "input": ("*ModelInput", 5),
        "output": ("*ModelOutput", 6),
        "instance_group": ("*ModelInstanceGroup", 7),
        "dynamic_batching": ("ModelDynamicBatching", 11),
        "backend": ("string", 17),
    },
    "ModelConfigRequest": {"name": ("string", 1), "version": ("string", 2)},
    "ModelConfigResponse": {"config": ("ModelConfig", 1)},
}
#: Messages whose fields exclude each other.
_ONE_OF: Final = {"InferParameter": "parameter_choice", "RepositoryParameter": "parameter_choice"}

_Field = descriptor_pb2.FieldDescriptorProto


def _build() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name="hub/open_inference.proto", package=PACKAGE, syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        if name in _ONE_OF:
            message.oneof_decl.add(name=_ONE_OF[name])
        for field_name, (kind, number) in fields.items():
            if kind.startswith("map "):
                kind = "*" + _add_map_entry(message, field_name, kind.removeprefix("map "))
            field = _add_field(message, field_name, kind, number)
            if name in _ONE_OF:
                field.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()  # one of our own: a client in the same process has the names too
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}"))
        for name in _MESSAGES
    }


def _add_map_entry(message: Any, field_name: str, value: str) -> str:
    """Declare a map as protobuf does, a repeated message of key and value, and return its type's name."""
    entry_name = "".join(part.capitalize() for part in field_name.split("_")) + "Entry"
    entry = message.nested_type.add(name=entry_name)
    entry.options.map_entry = True
    _add_field(entry, "key", "string", 1)
    _add_field(entry, "value", value, 2)
    return f"{message.name}.{entry_name}"


def _add_field(message: Any, name: str, kind: str, number: int) -> Any:
    field = message.field.add(name=name, number=number)
    field.label = _Field.LABEL_REPEATED if kind.startswith("*") else _Field.LABEL_OPTIONAL
    kind = kind.removeprefix("*")
    if kind[0].isupper():
        field.type, field.type_name = _Field.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
    else:
        field.type = _Field.Type.Value(f"TYPE_{kind.upper()}")
    return field


#: Name → message class.
MESSAGES: Final[Mapping[str, Any]] = _build()
