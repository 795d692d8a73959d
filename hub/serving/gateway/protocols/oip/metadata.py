"""What the Open Inference Protocol asks about the server and its models, as JSON objects.

The gRPC door fills its messages from the same objects, so their keys are the protocol's field names.
"""

from __future__ import annotations

from typing import Any

import hub
from hub.errors import RequestError
from hub.serving.gateway.context import Gateway
from hub.serving.gateway.dispatcher import refuse_unless_served
from hub.serving.gateway.protocols.oip.models import ENDPOINT_VERSION, INPUT, OUTPUT, check_version
from hub.serving.gateway.protocols.oip.tensors import BYTES
from hub.serving.messages.state import ModuleState

SERVER_NAME = "hubserving"
PLATFORM = "hubserving_python"
EXTENSIONS = ("binary_tensor_data", "model_configuration", "model_repository")
_JSON_TENSOR = {"datatype": BYTES, "shape": [1]}


def server() -> dict[str, Any]:
    return {"name": SERVER_NAME, "version": hub.__version__, "extensions": list(EXTENSIONS)}


def is_ready(this: Gateway, name: str, version: str) -> bool:
    """Whether the model can answer; raises UnknownModuleError for one that is not served at all."""
    endpoint = this.endpoints.get(name)
    if endpoint is not None:
        check_version(name, ENDPOINT_VERSION, version)
        return endpoint.is_ready(this)
    module = this.states.current().modules.get(name)
    if module is not None:
        check_version(name, module.version, version)
    try:
        refuse_unless_served(name, module)
    except RequestError:
        if module is None:
            raise
        return False
    return True


def metadata(this: Gateway, name: str, version: str) -> dict[str, Any]:
    """Names and types: the JSON tensors, which every model takes and gives."""
    found = ENDPOINT_VERSION if name in this.endpoints else _served(this, name).version
    check_version(name, found, version)
    return {
        "name": name,
        "versions": [found],
        "platform": PLATFORM,
        "inputs": [{"name": INPUT, **_JSON_TENSOR}],
        "outputs": [{"name": OUTPUT, **_JSON_TENSOR}],
    }


def config(this: Gateway, name: str, version: str) -> dict[str, Any]:
    """The model's configuration in Triton's words; a module's arguments are its optional inputs."""
    tensors: dict[str, list[dict[str, Any]]] = {
        "input": [{"name": INPUT, "data_type": "TYPE_STRING", "dims": [1], "optional": True}],
        "output": [{"name": OUTPUT, "data_type": "TYPE_STRING", "dims": [1]}],
    }
    base: dict[str, Any] = {"name": name, "platform": PLATFORM, "backend": "hubserving"}
    if name in this.endpoints:
        check_version(name, ENDPOINT_VERSION, version)
        return {**base, "max_batch_size": 0, **tensors, "instance_group": []}
    module = _served(this, name)
    check_version(name, module.version, version)
    tensors["input"] += [_argument(parameter) for parameter in module.manifest.get("parameters", ())]
    size = int(module.manifest.get("max_batch_size", 1))
    batching = {"dynamic_batching": {"preferred_batch_size": [size]}} if size > 1 else {}
    # 0 means that there is no batch dimension: a tensor's shape is the argument's own.
    return {**base, "max_batch_size": 0, **tensors, "instance_group": _groups(module), **batching}


def _served(this: Gateway, name: str) -> ModuleState:
    return refuse_unless_served(name, this.states.current().modules.get(name))


def _argument(parameter: dict[str, Any]) -> dict[str, Any]:
    """A parameter of the serving method; its type is a guess from its default."""
    kinds = {bool: "TYPE_BOOL", int: "TYPE_INT64", float: "TYPE_FP64"}
    data_type = kinds.get(type(parameter.get("default")), "TYPE_STRING")
    return {
        "name": parameter["name"],
        "data_type": data_type,
        "dims": [-1],
        "optional": not parameter["required"],
    }


def _groups(module: ModuleState) -> list[dict[str, Any]]:
    """One group for each device."""
    devices = [runner.device for runner in module.runners if runner.ready]
    groups = []
    for device in sorted(set(devices)):
        number = device.partition(":")[2]
        group: dict[str, Any] = {"name": device, "count": devices.count(device)}
        group["kind"] = "KIND_GPU" if number else "KIND_CPU"
        group["gpus"] = [int(number)] if number.isdecimal() else []
        groups.append(group)
    return groups
