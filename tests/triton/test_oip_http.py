"""The Open Inference Protocol over HTTP, by plain requests: what comes in, what goes out."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest
import requests

from tests.serving.pictures import png
from tests.serving.running import Server

HEADER = "Inference-Header-Content-Length"


def infer(server: Server, model: str, *inputs: dict[str, Any], **request: Any) -> requests.Response:
    body = {"inputs": list(inputs), **request}
    return requests.post(f"{server.url}/v2/models/{model}/infer", json=body, timeout=20)


def text(name: str, *values: str, shape: list[int] | None = None) -> dict[str, Any]:
    return {"name": name, "datatype": "BYTES", "shape": shape or [len(values)], "data": list(values)}


def infer_binary(
    server: Server, model: str, head: dict[str, Any], *blobs: bytes, **headers: str
) -> requests.Response:
    encoded = json.dumps(head).encode()
    return requests.post(
        f"{server.url}/v2/models/{model}/infer",
        data=encoded + b"".join(blobs),
        headers={HEADER: str(len(encoded)), "Content-Type": "application/octet-stream", **headers},
        timeout=20,
    )


# -- health and metadata -------------------------------------------------------------------------


def test_the_server_says_what_it_is(server: Server) -> None:
    reply = server.get("/v2").json()

    assert reply["name"] == "hubserving"
    assert "binary_tensor_data" in reply["extensions"]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/v2/health/live", id="live"),
        pytest.param("/v2/health/ready", id="ready"),
        pytest.param("/v2/models/greet/ready", id="model"),
        pytest.param("/v2/models/greet/versions/1.0.0/ready", id="version"),
    ],
)
def test_a_warm_server_is_live_and_ready(server: Server, path: str) -> None:
    assert server.get(path).status_code == 200


def test_a_model_tells_its_tensors_and_version(server: Server) -> None:
    assert server.get("/v2/models/greet").json() == {
        "name": "greet",
        "versions": ["1.0.0"],
        "platform": "hubserving_python",
        "inputs": [
            {"name": "input", "datatype": "BYTES", "shape": [1]},
            {"name": "names", "datatype": "BYTES", "shape": [-1]},
            {"name": "sleep", "datatype": "FP64", "shape": [-1]},
        ],
        "outputs": [{"name": "output", "datatype": "BYTES", "shape": [1]}],
    }


def test_the_configuration_names_the_arguments_as_optional_inputs(server: Server) -> None:
    inputs = server.get("/v2/models/greet/config").json()["input"]

    assert [(each["name"], each["data_type"], each["optional"]) for each in inputs] == [
        ("input", "TYPE_STRING", True),
        ("names", "TYPE_STRING", True),  # its value may be in the JSON of the tensor `input`
        ("sleep", "TYPE_FP64", True),
    ]


@pytest.mark.parametrize("model", ["greet", "probe", "look"])
def test_metadata_and_configuration_name_the_same_inputs(server: Server, model: str) -> None:
    metadata, config = (
        server.get(f"/v2/models/{model}").json(),
        server.get(f"/v2/models/{model}/config").json(),
    )

    assert [each["name"] for each in metadata["inputs"]] == [each["name"] for each in config["input"]]
    assert [each["shape"] for each in metadata["inputs"]] == [each["dims"] for each in config["input"]]


@pytest.mark.parametrize("path", ["", "/ready", "/config", "/stats"])
def test_a_version_may_be_asked_for_by_its_number(server: Server, path: str) -> None:
    assert server.get(f"/v2/models/greet/versions/1{path}").status_code == 200
    assert server.get(f"/v2/models/greet/versions/10{path}").status_code == 404


def test_the_index_lists_what_is_served(server: Server) -> None:
    index = requests.post(f"{server.url}/v2/repository/index", timeout=5).json()

    assert {entry["name"]: entry["state"] for entry in index} == dict.fromkeys(
        ("probe", "greet", "look"), "READY"
    )


# -- infer: the JSON body in one tensor ------------------------------------------------------------


def test_the_tensor_input_holds_the_json_body_of_predict(server: Server) -> None:
    body = {"names": ["你好"]}

    reply = infer(server, "greet", text("input", json.dumps(body)), id="7").json()

    (output,) = reply["outputs"]
    assert (reply["id"], reply["model_name"], reply["model_version"]) == ("7", "greet", "1.0.0")
    assert (output["name"], output["datatype"]) == ("output", "BYTES")
    assert json.loads(output["data"][0]) == server.post("greet", body).json()


def test_the_output_has_the_inputs_shape_as_paddlex_clients_expect(server: Server) -> None:
    reply = infer(server, "greet", text("input", '{"names": ["a"]}', shape=[1, 1])).json()

    assert reply["outputs"][0]["shape"] == [1, 1]


def test_parameters_beside_the_json_body_are_refused_not_ignored(server: Server) -> None:
    reply = infer(server, "greet", text("input", '{"names": ["a"]}'), parameters={"sleep": 1})

    assert reply.status_code == 400
    assert "sleep" in reply.json()["error"]


# -- infer: one tensor per argument ----------------------------------------------------------------


def test_one_tensor_per_argument_gives_one_tensor_of_results(server: Server) -> None:
    sleep = {"name": "sleep", "datatype": "FP32", "shape": [1], "data": [0.01]}

    reply = infer(server, "greet", text("names", "a", "b", shape=[2, 1]), sleep).json()

    assert reply["outputs"] == [
        {
            "name": "results",
            "datatype": "BYTES",
            "shape": [2],
            "data": ["hello a, one of 2", "hello b, one of 2"],
        }
    ]


def test_an_object_becomes_one_tensor_per_key(server: Server) -> None:
    numbers = {"name": "numbers", "datatype": "INT32", "shape": [2, 2], "data": [[1, 2], [3, 4]]}

    reply = infer(server, "probe", text("text", "hi"), numbers).json()

    outputs = {output["name"]: output for output in reply["outputs"]}
    assert outputs["text"]["data"] == ["hi"]
    assert (outputs["pid"]["datatype"], outputs["pid"]["shape"]) == ("INT64", [1])
    assert json.loads(outputs["others"]["data"][0]) == {"numbers": [[1, 2], [3, 4]]}


def test_parameters_of_the_request_are_arguments_too(server: Server) -> None:
    outputs = infer(server, "probe", parameters={"text": "by parameter", "n": 3}).json()["outputs"]

    assert outputs[0]["data"] == ["by parameter"]
    assert json.loads(outputs[3]["data"][0]) == {"n": 3}


def test_only_the_outputs_that_are_asked_for_come_back(server: Server) -> None:
    reply = infer(server, "probe", text("text", "hi"), outputs=[{"name": "pid"}, {"name": "output"}]).json()

    assert [output["name"] for output in reply["outputs"]] == ["pid", "output"]
    assert json.loads(reply["outputs"][1]["data"][0])["status"] == "0"


@pytest.mark.parametrize(
    ("datatype", "array", "expected"),
    [
        pytest.param("FP16", np.array([0.5, 2], np.float16), [0.5, 2.0], id="FP16"),
        pytest.param("FP64", np.array([[1.5], [2.5]]), [[1.5], [2.5]], id="FP64 of two dimensions"),
        pytest.param("UINT8", np.array([1, 255], np.uint8), [1, 255], id="UINT8"),
        pytest.param("INT64", np.array([-(2**60)]), [-(2**60)], id="INT64"),
        pytest.param("BOOL", np.array([True, False]), [True, False], id="BOOL"),
        pytest.param("BF16", np.array([0x3FC0], np.uint16), [1.5], id="BF16"),
    ],
)
def test_binary_numbers_arrive_with_their_values_and_shape(
    server: Server, datatype: str, array: Any, expected: list[Any]
) -> None:
    raw = array.tobytes()
    tensor = {
        "name": "numbers",
        "datatype": datatype,
        "shape": array.shape,
        "parameters": {"binary_data_size": len(raw)},
    }

    reply = infer_binary(server, "probe", {"inputs": [tensor], "outputs": [{"name": "others"}]}, raw)

    assert json.loads(reply.json()["outputs"][0]["data"][0]) == {"numbers": expected}


def test_images_travel_as_binary_files(server: Server) -> None:
    picture = png(7, 5)
    raw = struct.pack("<I", len(picture)) + picture
    tensor = {
        "name": "images",
        "datatype": "BYTES",
        "shape": [1],
        "parameters": {"binary_data_size": len(raw)},
    }

    reply = infer_binary(server, "look", {"inputs": [tensor]}, raw).json()

    seen = json.loads(reply["outputs"][0]["data"][0])
    assert seen["shape"] == [5, 7, 3]


def test_binary_outputs_come_behind_the_json(server: Server) -> None:
    head = {
        "inputs": [text("names", "a", "b")],
        "parameters": {"binary_data_output": True},
    }

    reply = infer_binary(server, "greet", head)

    end = int(reply.headers[HEADER])
    (output,) = json.loads(reply.content[:end])["outputs"]
    expected = b"".join(
        struct.pack("<I", 17) + text.encode() for text in ("hello a, one of 2", "hello b, one of 2")
    )
    assert output["parameters"]["binary_data_size"] == len(expected)
    assert reply.content[end:] == expected


# -- errors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "inputs", "code", "said"),
    [
        pytest.param("nothing", [], 404, "nothing is not available", id="unknown model"),
        pytest.param("greet", None, 400, "inputs", id="no inputs"),
        pytest.param("greet", [text("nmaes", "a")], 400, "`names`", id="unknown argument"),
        pytest.param("greet", [text("names", "a", shape=[2])], 400, "2 values", id="shape"),
        pytest.param("greet", [{**text("names", "a"), "datatype": "TEXT"}], 400, "'TEXT'", id="type"),
        pytest.param("greet", [text("names", "a"), text("names", "b")], 400, "twice", id="twice"),
        pytest.param("greet", [text("input", "{")], 400, "not JSON", id="JSON in the tensor"),
        pytest.param("greet", [text("input", "{}", "{}")], 400, "of one element", id="two JSON bodies"),
        pytest.param(
            "greet", [text("input", "{}"), text("names", "a")], 400, "send it alone", id="a body and more"
        ),
        pytest.param("greet", [text("names", "bad")], 500, "bad is no name", id="the module raises"),
        pytest.param("probe", [text("paths", "/etc/passwd")], 400, "paths", id="a server's path"),
        pytest.param("look", [text("images", "")], 400, "images[0] is empty", id="empty image"),
    ],
)
def test_an_error_is_one_line_with_its_http_code(
    server: Server, model: str, inputs: Any, code: int, said: str
) -> None:
    reply = requests.post(f"{server.url}/v2/models/{model}/infer", json={"inputs": inputs}, timeout=20)

    assert (reply.status_code, list(reply.json())) == (code, ["error"])
    assert said in reply.json()["error"]


@pytest.mark.parametrize(
    ("size", "blob", "said"),
    [
        pytest.param(9, b"\1\0\0\0a", "5 bytes are left", id="longer than the body"),
        pytest.param(5, b"\2\0\0\0a", "an element of 2 bytes", id="an element that is cut off"),
        pytest.param(5, b"\1\0\0\0abc", "2 bytes follow", id="bytes behind the last tensor"),
    ],
)
def test_binary_data_that_does_not_fit_is_refused(server: Server, size: int, blob: bytes, said: str) -> None:
    tensor = {
        "name": "names",
        "datatype": "BYTES",
        "shape": [1],
        "parameters": {"binary_data_size": size},
    }

    reply = infer_binary(server, "greet", {"inputs": [tensor]}, blob)

    assert reply.status_code == 400
    assert said in reply.json()["error"]


def test_too_large_a_body_is_413_unread(server: Server) -> None:
    reply = infer(server, "greet", text("names", "x" * 1_100_000))

    assert reply.status_code == 413
    assert "max_body_mb" in reply.json()["error"]


def test_another_version_than_the_served_one_is_404(server: Server) -> None:
    reply = server.get("/v2/models/greet/versions/3/ready")

    assert reply.status_code == 404
    assert "1.0.0" in reply.json()["error"]


def test_the_timeout_parameter_is_in_microseconds(server: Server) -> None:
    reply = infer(server, "greet", text("names", "a"), parameters={"sleep": 5, "timeout": 200_000})

    assert reply.status_code == 504


def test_requests_count_in_the_same_metrics_as_predict(server: Server) -> None:
    infer(server, "look", text("nothing", "a"))

    assert 'hub_requests_total{code="400",module="look"}' in server.get("/metrics").text
