"""Elements of gRPC's tensors are counted before they are taken out of the message."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import InvalidInputError
from hub.serving.gateway.json_structure import JSONBudget

pytest.importorskip("grpc")
from hub.serving.gateway.protocols.oip.grpc_service import _read_request
from hub.serving.gateway.protocols.oip.messages import MESSAGES

pytestmark = pytest.mark.unit
LIMIT = 100


def message(datatype: str, count: int, raw: bytes | None = None, **contents: Any) -> Any:
    tensor = {"name": "a", "datatype": datatype, "shape": [count], "contents": contents}
    raws = [] if raw is None else [raw]
    return MESSAGES["ModelInferRequest"](model_name="m", inputs=[tensor], raw_input_contents=raws)


@pytest.mark.parametrize(
    ("asked", "is_taken"),
    [
        pytest.param(message("BYTES", 100, bytes_contents=[b"x"] * 100), True, id="as many as allowed"),
        pytest.param(message("BYTES", 101, bytes_contents=[b"x"] * 101), False, id="texts"),
        pytest.param(message("BYTES", 101, raw=bytes(4 * 101)), False, id="raw texts"),
        pytest.param(message("INT32", 400, int_contents=[1] * 400), True, id="four numbers are a value"),
        pytest.param(message("INT32", 401, int_contents=[1] * 401), False, id="numbers"),
        pytest.param(message("INT8", 401, raw=bytes(401)), False, id="raw numbers"),
    ],
)
def test_too_many_elements_are_refused(asked: Any, is_taken: bool) -> None:
    with JSONBudget(LIMIT) as structure:
        if is_taken:
            assert len(_read_request(asked, structure).inputs) == 1
        else:
            with pytest.raises(InvalidInputError, match="max_json_values"):
                _read_request(asked, structure)


@pytest.mark.parametrize(
    "asked", [message("BYTES", 1, bytes_contents=[b"x"] * 10**5), message("INT8", 1, raw=b"x" * 9)]
)
def test_more_elements_than_the_shape_says_are_refused(asked: Any) -> None:
    with JSONBudget(LIMIT) as structure, pytest.raises(InvalidInputError, match="shape"):
        _read_request(asked, structure)
