"""The server and its models as the Open Inference Protocol describes them, as JSON objects.

The gRPC service fills its messages from the same objects, so their keys are the protocol's field names.
"""

from __future__ import annotations

from typing import Any

from hub.serving.gateway import argument_schema
from hub.serving.gateway.protocols.oip.models import INPUT, OUTPUT, check_version, streamed_at
from hub.serving.gateway.protocols.oip.tensors import BYTES
from hub.serving.gateway.targets import ModuleTarget, Target
from hub.serving.messages.manifest import Parameter
from hub.serving.messages.state import ModuleState
from hub.version import __version__

SERVER_NAME = "hubserving"
PLATFORM = "hubserving_python"
EXTENSIONS = ("binary_tensor_data", "model_configuration", "model_repository", "statistics")
#: Datatypes that have another name in a configuration.
_DATATYPES = {"TYPE_STRING": BYTES}
#: JSON types and Triton's.
_NUMBERS = {"boolean": "TYPE_BOOL", "integer": "TYPE_INT64", "number": "TYPE_FP64"}


def server() -> dict[str, Any]:
    """Describe the server."""
    return {"name": SERVER_NAME, "version": __version__, "extensions": list(EXTENSIONS)}


def is_ready(target: Target, version: str) -> bool:
    """Tell whether the model can answer; raises UnknownModuleError for one that is not served at all."""
    check_version(target.name, target.version, version)
    return target.is_ready


def metadata(target: Target, version: str) -> dict[str, Any]:
    """Return names and types: the JSON tensors, which every model takes and gives, and its arguments."""
    found = _described(target, version)
    inputs = [
        {
            "name": tensor["name"],
            "datatype": _DATATYPES.get(tensor["data_type"], tensor["data_type"].removeprefix("TYPE_")),
            "shape": tensor["dims"],
        }
        for tensor in _inputs(target)
    ]
    return {
        "name": target.name,
        "versions": [found],
        "platform": PLATFORM,
        "inputs": inputs,
        "outputs": [{"name": OUTPUT, "datatype": BYTES, "shape": [1]}],
    }


def _described(target: Target, version: str) -> str:
    """Return the version; raises RequestError for a module that is not ready, or has another version."""
    if isinstance(target, ModuleTarget):
        target.module()
    check_version(target.name, target.version, version)
    return target.version


def config(target: Target, version: str) -> dict[str, Any]:
    """Return the model's configuration in Triton's words; a module's arguments are its optional inputs."""
    _described(target, version)
    groups: list[dict[str, Any]] = []
    told: dict[str, str] = {}
    batching: dict[str, Any] = {}
    if isinstance(target, ModuleTarget):
        module = target.module()
        groups = _groups(module)
        if module.manifest.models:
            told["models"] = ", ".join(module.manifest.models)
        if module.manifest.streams:
            told["stream"] = f"it {streamed_at(target, module)}"
        size = module.manifest.max_batch_size
        batching = {"dynamic_batching": {"preferred_batch_size": [size]}} if size > 1 else {}
    return {
        "name": target.name,
        "platform": PLATFORM,
        "backend": "hubserving",
        "max_batch_size": 0,  # there is no batch dimension: a tensor's shape is the argument's own
        "input": _inputs(target),
        "output": [{"name": OUTPUT, "data_type": "TYPE_STRING", "dims": [1]}],
        "instance_group": groups,
        **({"parameters": {key: {"string_value": text} for key, text in told.items()}} if told else {}),
        **batching,
    }


def _inputs(target: Target) -> list[dict[str, Any]]:
    """Return the tensor that holds a JSON body, and one for each argument of a module.

    All are optional, because either will do. Metadata and configuration must name the same:
    ``perf_analyzer`` refuses a model whose configuration has an input that its metadata lacks.
    """
    parameters = target.module().manifest.parameters if isinstance(target, ModuleTarget) else ()
    arguments = [_argument(parameter) for parameter in parameters]
    if any(parameter.name == INPUT for parameter in parameters):
        return arguments  # such a tensor is the argument's value
    return [{"name": INPUT, "data_type": "TYPE_STRING", "dims": [1], "optional": True}, *arguments]


def _argument(parameter: Parameter) -> dict[str, Any]:
    """Describe a parameter of the serving method; its type is a guess from its default or annotation."""
    kinds = {bool: "TYPE_BOOL", int: "TYPE_INT64", float: "TYPE_FP64"}
    data_type = kinds.get(type(parameter.default)) or _NUMBERS.get(_kind(parameter)) or "TYPE_STRING"
    return {"name": parameter.name, "data_type": data_type, "dims": [-1], "optional": True}


def _kind(parameter: Parameter) -> str:
    """Return the one JSON type that an annotation allows besides null; "" where there is more than one."""
    kinds = argument_schema.kinds(parameter)
    return kinds.pop() if len(kinds) == 1 else ""


def _groups(module: ModuleState) -> list[dict[str, Any]]:
    """Return one group for each device."""
    devices = [runner.device for runner in module.runners if runner.ready]
    groups = []
    for device in sorted(set(devices)):
        number = device.partition(":")[2]
        group: dict[str, Any] = {"name": device, "count": devices.count(device)}
        group["kind"] = "KIND_GPU" if number else "KIND_CPU"
        group["gpus"] = [int(number)] if number.isdecimal() else []
        groups.append(group)
    return groups
