"""The real tritonclient, over HTTP and gRPC, against one running server."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.serving.pictures import png
from tests.serving.running import Server, free_port, wait_until

http = pytest.importorskip("tritonclient.http")
grpc = pytest.importorskip("tritonclient.grpc")
from tritonclient.utils import InferenceServerException  # noqa: E402

pytestmark = pytest.mark.slow

GRPC_PORT = free_port()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    modules = {"probe": {}, "greet": {"max_batch_size": 8, "max_queue_delay_ms": 300}, "look": {}}
    with Server(tmp_path_factory.mktemp("home"), modules, grpc_port=GRPC_PORT, max_body_mb=2) as server:
        wait_for_grpc(server)
        yield server


def wait_for_grpc(server: Server) -> None:
    """The banner comes when every port is open."""
    wait_until(lambda: "Started GRPCInferenceService" in server.log())


@pytest.fixture(params=[pytest.param(http, id="http"), pytest.param(grpc, id="grpc")])
def door(request: pytest.FixtureRequest, running: Server) -> tuple[ModuleType, Any]:
    """tritonclient's module and a client of it."""
    port = running.port if request.param is http else GRPC_PORT
    return request.param, request.param.InferenceServerClient(f"127.0.0.1:{port}")


def texts(kind: ModuleType, name: str, *values: bytes, shape: list[int] | None = None) -> Any:
    tensor = kind.InferInput(name, shape or [len(values)], "BYTES")
    tensor.set_data_from_numpy(np.array(values, dtype=object).reshape(shape or [len(values)]))
    return tensor


def as_dict(answer: Any) -> dict[str, Any]:
    if isinstance(answer, dict):
        return answer
    from google.protobuf.json_format import MessageToDict

    return dict(MessageToDict(answer, preserving_proto_field_name=True))


def test_health_and_readiness(door: tuple[ModuleType, Any]) -> None:
    _, client = door

    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("greet") and client.is_model_ready("greet", "1.0.0")


def test_metadata_and_configuration(door: tuple[ModuleType, Any]) -> None:
    _, client = door

    metadata, config = as_dict(client.get_model_metadata("greet")), as_dict(client.get_model_config("greet"))

    assert as_dict(client.get_server_metadata())["name"] == "hubserving"
    assert (metadata["versions"], metadata["inputs"][0]["datatype"]) == (["1.0.0"], "BYTES")
    config = config.get("config", config)
    assert [each["name"] for each in config["input"]] == ["input", "names", "sleep"]
    assert config["instance_group"][0]["kind"] == "KIND_CPU"


def test_bytes_by_argument(door: tuple[ModuleType, Any]) -> None:
    kind, client = door

    result = client.infer("greet", [texts(kind, "names", "甲".encode(), b"b")], request_id="42")

    assert [item.decode() for item in result.as_numpy("results")] == [
        "hello 甲, one of 2",
        "hello b, one of 2",
    ]
    assert as_dict(result.get_response())["id"] == "42"


def test_numbers_in_and_out(door: tuple[ModuleType, Any]) -> None:
    kind, client = door
    array = np.array([[0.5, 1.5], [2.5, 3.5]], np.float32)
    tensor = kind.InferInput("numbers", [2, 2], "FP32")
    tensor.set_data_from_numpy(array)
    wanted = [kind.InferRequestedOutput("others"), kind.InferRequestedOutput("pid")]

    result = client.infer("probe", [tensor], outputs=wanted)

    assert json.loads(result.as_numpy("others")[0]) == {"numbers": array.tolist()}
    assert result.as_numpy("pid").dtype == np.int64


def test_an_image_file_in_a_binary_tensor(door: tuple[ModuleType, Any]) -> None:
    kind, client = door

    result = client.infer("look", [texts(kind, "images", png(7, 5))], parameters={"label": "x"})

    assert json.loads(result.as_numpy("seen")[0])["shape"] == [5, 7, 3]
    assert result.as_numpy("label")[0] == b"x"


def test_statistics_are_those_that_tritons_clients_ask_for(door: tuple[ModuleType, Any]) -> None:
    kind, client = door

    def found(*words: str) -> dict[str, dict[str, Any]]:
        stats = as_dict(client.get_inference_statistics(*words))["model_stats"]
        return {model["name"]: model for model in stats}

    def successes() -> int:
        return int(found("greet", "1.0.0")["greet"]["inference_stats"]["success"].get("count", 0))

    before = successes()
    client.infer("greet", [texts(kind, "names", b"a")])

    assert successes() - before == 1
    assert set(found()) == {"probe", "greet", "look"}
    with pytest.raises(InferenceServerException, match="not available"):
        client.get_inference_statistics("nobody")


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_compressed_request_is_read(running: Server, coding: str) -> None:
    client = http.InferenceServerClient(f"127.0.0.1:{running.port}")
    result = client.infer("greet", [texts(http, "names", b"a")], request_compression_algorithm=coding)

    assert result.as_numpy("results")[0] == b"hello a, one of 1"


def test_what_is_not_offered_is_named(door: tuple[ModuleType, Any]) -> None:
    kind, client = door
    tensor = texts(kind, "names", b"a")
    tensor.set_shared_memory("region", 5)
    for said, call in (
        ("shared memory is not offered", lambda: client.get_system_shared_memory_status()),
        ("shared memory is not offered", lambda: client.register_system_shared_memory("a", "/a", 8)),
        ("shared memory is not offered", lambda: client.unregister_cuda_shared_memory()),
        ("trace settings are not offered", lambda: client.get_trace_settings()),
        ("log settings are not offered", lambda: client.get_log_settings()),
        ("input 'names': shared memory", lambda: client.infer("greet", [tensor])),
    ):
        with pytest.raises(InferenceServerException, match=said):
            call()


def test_paddlexs_shape_of_request(door: tuple[ModuleType, Any], running: Server) -> None:
    kind, client = door
    body = {"names": ["a"]}

    tensor = texts(kind, "input", json.dumps(body).encode(), shape=[1, 1])
    result = client.infer("greet", [tensor], outputs=[kind.InferRequestedOutput("output")])

    assert json.loads(result.as_numpy("output")[0][0]) == running.post("greet", body).json()


def test_numbers_as_json_over_http(running: Server) -> None:
    client = http.InferenceServerClient(f"127.0.0.1:{running.port}")
    tensor = http.InferInput("numbers", [2], "INT32")
    tensor.set_data_from_numpy(np.array([1, 2], np.int32), binary_data=False)

    result = client.infer("probe", [tensor], outputs=[http.InferRequestedOutput("others", binary_data=False)])

    assert json.loads(result.as_numpy("others")[0]) == {"numbers": [1, 2]}


@pytest.mark.parametrize(
    ("model", "name", "said", "grpc_status"),
    [
        pytest.param("nothing", "x", "not available", "StatusCode.NOT_FOUND", id="unknown model"),
        pytest.param("greet", "nmaes", "`names`", "StatusCode.INVALID_ARGUMENT", id="unknown argument"),
    ],
)
def test_errors_are_exceptions_with_the_servers_message(
    door: tuple[ModuleType, Any], model: str, name: str, said: str, grpc_status: str
) -> None:
    kind, client = door

    with pytest.raises(InferenceServerException, match=said) as error:
        client.infer(model, [texts(kind, name, b"a")])

    if kind is grpc:
        assert error.value.status() == grpc_status


def test_the_repository_is_listed_and_not_changed_without_leave(door: tuple[ModuleType, Any]) -> None:
    _, client = door

    index = client.get_model_repository_index()
    listed = index if isinstance(index, list) else as_dict(index)["models"]
    assert {model["name"] for model in listed} == {"probe", "greet", "look"}
    with pytest.raises(InferenceServerException, match="allow_model_control"):
        client.unload_model("greet")


def test_batching_joins_requests_from_all_doors(running: Server) -> None:
    """One runner thread is kept busy; what comes meanwhile by three doors runs as one call."""
    http_client = http.InferenceServerClient(f"127.0.0.1:{running.port}")
    grpc_client = grpc.InferenceServerClient(f"127.0.0.1:{GRPC_PORT}")
    said: list[str] = []

    def by_predict() -> None:
        said.append(running.post("greet", {"names": ["p"], "sleep": 0.0}).json()["results"][0])

    def by_http() -> None:
        result = http_client.infer("greet", [texts(http, "names", b"h")], parameters={"sleep": 0.0})
        said.append(result.as_numpy("results")[0].decode())

    def by_grpc() -> None:
        body = json.dumps({"names": ["g"], "sleep": 0.0}).encode()
        output = grpc_client.infer("greet", [texts(grpc, "input", body)]).as_numpy("output")[0]
        said.append(json.loads(output)["results"][0])

    busy = threading.Thread(target=lambda: running.post("greet", {"names": ["busy"], "sleep": 1.0}))
    busy.start()
    time.sleep(0.3)
    doors = [by_predict, by_grpc]  # geventhttpclient belongs to the thread that made it
    threads = [threading.Thread(target=door) for door in doors]
    for thread in threads:
        thread.start()
    by_http()
    for thread in (busy, *threads):
        thread.join()

    assert sorted(said) == ["hello g, one of 3", "hello h, one of 3", "hello p, one of 3"]


# -- what only gRPC has ----------------------------------------------------------------------------


def grpc_client() -> Any:
    return grpc.InferenceServerClient(f"127.0.0.1:{GRPC_PORT}")


def test_the_calls_deadline_is_kept(running: Server) -> None:
    began = time.monotonic()
    with pytest.raises(InferenceServerException) as error:
        grpc_client().infer(
            "greet", [texts(grpc, "names", b"a")], parameters={"sleep": 3}, client_timeout=0.3
        )

    assert error.value.status() == "StatusCode.DEADLINE_EXCEEDED"
    assert time.monotonic() - began < 2


def test_too_large_a_message_is_refused(running: Server) -> None:
    with pytest.raises(InferenceServerException) as error:
        grpc_client().infer("greet", [texts(grpc, "names", b"x" * 4_000_000)])

    assert error.value.status() == "StatusCode.RESOURCE_EXHAUSTED"


def test_a_stream_answers_each_request_and_survives_an_error(running: Server) -> None:
    answers: list[tuple[Any, Any]] = []
    client = grpc_client()
    client.start_stream(callback=lambda result, error: answers.append((result, error)))
    client.async_stream_infer("greet", [texts(grpc, "names", b"a")])
    client.async_stream_infer("nothing", [texts(grpc, "names", b"a")])
    client.async_stream_infer("greet", [texts(grpc, "names", b"b")])
    client.stop_stream()

    (first, _), (_, error), (last, _) = answers
    assert first.as_numpy("results")[0] == b"hello a, one of 1"
    assert "not available" in str(error)
    assert last.as_numpy("results")[0] == b"hello b, one of 1"


def test_grpc_requests_are_counted_with_the_others(running: Server) -> None:
    grpc_client().infer("look", [texts(grpc, "images", png())])

    assert 'hub_requests_total{code="200",module="look"}' in running.get("/metrics").text


def test_a_key_is_asked_for_over_grpc_too(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("ops:0123456789abcdef\n")
    port = free_port()
    settings = {"grpc_port": port, "api_key_file": str(keys), "allow_model_control": True}
    with Server(tmp_path / "home", {"greet": {}, "probe": {}}, **settings) as server:
        wait_for_grpc(server)
        client = grpc.InferenceServerClient(f"127.0.0.1:{port}")
        bearer = {"authorization": "Bearer 0123456789abcdef"}

        assert client.is_server_ready()
        with pytest.raises(InferenceServerException) as error:
            client.infer("greet", [texts(grpc, "names", b"a")])
        assert error.value.status() == "StatusCode.UNAUTHENTICATED"
        result = client.infer("greet", [texts(grpc, "names", b"a")], headers=bearer)
        assert result.as_numpy("results")[0] == b"hello a, one of 1"
        client.unload_model("probe", headers=bearer)
        with pytest.raises(InferenceServerException, match="not available"):
            client.is_model_ready("probe", headers=bearer)


def test_a_second_server_on_the_grpc_port_is_refused(running: Server, tmp_path: Path) -> None:
    second = Server(tmp_path / "home", {"greet": {}}, grpc_port=GRPC_PORT, wait=False)

    assert second.process.wait(20) == 1
    assert f"Port {GRPC_PORT} is occupied" in second.log()


def test_the_messages_have_the_protocols_names_and_numbers() -> None:
    """Each field that is written down here is the same in the client's generated code."""
    from tritonclient.grpc import model_config_pb2, service_pb2

    from hub.serving.gateway.protocols.oip.messages import MESSAGES

    renamed = {
        "InferTensor": service_pb2.ModelInferRequest.InferInputTensor,
        "InferRequestedOutput": service_pb2.ModelInferRequest.InferRequestedOutputTensor,
        "TensorMetadata": service_pb2.ModelMetadataResponse.TensorMetadata,
        "ModelIndex": service_pb2.RepositoryIndexResponse.ModelIndex,
        "RepositoryParameter": service_pb2.ModelRepositoryParameter,
    }
    for name, message in MESSAGES.items():
        theirs = renamed.get(name) or getattr(service_pb2, name, None) or getattr(model_config_pb2, name)
        numbers = {field.name: field.number for field in theirs.DESCRIPTOR.fields}
        ours = {field.name: field.number for field in message.DESCRIPTOR.fields}
        assert ours.items() <= numbers.items(), name
