"""The JSON of an inference request over HTTP, and the binary tensors behind it, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hub.errors import InvalidInputError
from hub.serving.gateway.body import parse_counted
from hub.serving.gateway.json_structure import JSONBudget
from hub.serving.gateway.protocols.oip import tensors
from hub.serving.gateway.protocols.oip.models import InferRequest
from hub.serving.gateway.protocols.oip.tensors import Tensor

#: Parameters of tensors by which Triton's clients ask for what is not offered, and what to do instead.
NOT_OFFERED: Final = {
    "shared_memory_region": "shared memory is not offered; send tensors in the request",
    "classification": "the classification extension is not offered; ask for the output without it",
}


def read(head: bytes, binary: memoryview, structure: JSONBudget) -> InferRequest:
    """Read a request.

    Args:
        head: its JSON.
        binary: what follows, the binary tensors.
        structure: counts the values before they are parsed.

    Raises:
        NotJSONError, InvalidInputError.
    """
    fields = parse_counted(structure.counted(head))
    inputs = _inputs(_objects(fields, "inputs"), binary, structure)
    names: list[str] = []
    binary_outputs: dict[str, bool] = {}
    for output in _objects(fields, "outputs") if fields.get("outputs") is not None else []:
        name = output.get("name")
        if not isinstance(name, str):
            raise InvalidInputError(f"each of `outputs` needs a name, a text, not {name!r}")
        parameters = _parameters(output, f"output {name!r}")
        names.append(name)
        if "binary_data" in parameters:
            binary_outputs[name] = bool(parameters["binary_data"])
    parameters = _parameters(fields, "the request")
    return InferRequest(inputs, tuple(names), parameters, str(fields.get("id") or ""), binary_outputs)


def refuse_not_offered(parameters: Mapping[str, Any], where: str) -> None:
    """Raise InvalidInputError for a tensor's parameter that asks for what is not offered."""
    for name, instead in NOT_OFFERED.items():
        if name in parameters:
            raise InvalidInputError(f"{where}: {instead}")


def _objects(fields: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    value = fields.get(key)
    if value is None:
        raise InvalidInputError(f"the request has no list `{key}`")
    wrong = [each for each in value if not isinstance(each, dict)] if isinstance(value, list) else [value]
    if wrong:
        what = "one of them is" if isinstance(value, list) else "it is"
        raise InvalidInputError(
            f'`{key}` must be a list of objects, like [{{"name": "…"}}]; {what} {_shown(wrong[0])}'
        )
    return list(value)


def _parameters(fields: Mapping[str, Any], where: str) -> dict[str, Any]:
    given = fields.get("parameters") or {}
    if not isinstance(given, dict):
        raise InvalidInputError(f"{where}: parameters must be a JSON object, not {_shown(given)}")
    refuse_not_offered(given, where)
    return given


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _inputs(inputs: list[dict[str, Any]], binary: memoryview, structure: JSONBudget) -> tuple[Tensor, ...]:
    found, position = [], 0
    for fields in inputs:
        name, datatype, shape = tensors.check(fields.get("name"), fields.get("datatype"), fields.get("shape"))
        size = _parameters(fields, f"input {name!r}").get("binary_data_size")
        if size is None:
            if "data" not in fields:
                raise InvalidInputError(f"input {name!r} has neither data nor binary_data_size")
            found.append(tensors.from_values(name, datatype, shape, fields["data"]))
            continue
        if type(size) is not int or not 0 <= size <= len(binary) - position:
            raise InvalidInputError(
                f"input {name!r}: binary_data_size {size!r}, but {len(binary) - position} bytes are left"
            )
        structure.spend(tensors.json_values(datatype, shape, tensors.most_elements(datatype, size)))
        found.append(tensors.from_raw(name, datatype, shape, binary[position : position + size]))
        position += size
    if position != len(binary):
        raise InvalidInputError(f"{len(binary) - position} bytes follow the last binary tensor")
    return tuple(found)
