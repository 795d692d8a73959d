"""A module with several serving methods, by every door: /predict, /v2, gRPC, hub.Client."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

import hub
from hub.errors import BindingError, UnknownModuleError
from tests.serving.running import MODULES, Server, free_port, wait_until

GRPC_PORT = free_port()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Words, and the same under the name that 1.x's routes for images have."""
    modules = {"words": {}, "image": {"init_args": {"directory": str(MODULES / "words")}}}
    with Server(tmp_path_factory.mktemp("home"), modules, grpc_port=GRPC_PORT) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[hub.Client]:
    with hub.Client(server.url) as found:
        yield found


@pytest.mark.parametrize(
    ("path", "body", "results"),
    [
        ("words", {"texts": ["a b"]}, [2]),
        ("words/count", {"texts": ["a b"]}, [2]),
        ("words/split", {"texts": ["a b"]}, [["a", "b"]]),
        ("words/repeat", {"text": "a", "times": 3}, "a a a"),
        ("words/note", {"text": "a"}, "noted: a"),
        ("image/split", {"texts": ["a b"]}, [["a", "b"]]),
    ],
)
def test_each_serving_method_answers_at_its_route(
    server: Server, path: str, body: dict[str, Any], results: Any
) -> None:
    reply = server.post(path, body)

    assert (reply.status_code, reply.json()["results"]) == (200, results), reply.text


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("words/splitt", "Did you mean split? It has: count, split, repeat, note"),
        ("words/x", "no serving method x. It has: count, split, repeat, note"),
        ("image/splitt", "Did you mean split?"),
        ("text/words", "POST /predict/words"),
        ("nothing/split", "Module nothing is not available"),
    ],
)
def test_an_unknown_method_is_a_404_that_names_those_that_there_are(
    server: Server, path: str, said: str
) -> None:
    reply = server.post(path, {})

    assert reply.status_code == 404
    assert said in reply.json()["msg"]


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("words/repeat", {"texts": ["a"]}, "accepted: `text`, `times`"),
        ("words/repeat", {"text": "a", "times": "x"}, "`times` must be"),
        ("words/note", {"text": 7}, "`text` must be"),
    ],
)
def test_each_method_has_its_own_arguments(
    server: Server, path: str, body: dict[str, Any], said: str
) -> None:
    reply = server.post(path, body)

    assert reply.status_code == 400
    assert said in reply.json()["msg"]


def test_a_form_fills_the_arguments_of_the_method(server: Server) -> None:
    files = {"text": (None, "a"), "times": (None, "3")}
    reply = server.post("words/repeat", json=None, files=files)

    assert reply.json()["results"] == "a a a"


def test_openapi_shows_each_route_with_its_own_arguments(server: Server) -> None:
    document = server.get("/openapi.json").json()
    OpenAPIV31SpecValidator(document).validate()
    shown = {}
    for path, operations in document["paths"].items():
        if path.startswith("/predict/words"):
            schema = operations["post"]["requestBody"]["content"]["application/json"]["schema"]
            shown[path] = sorted(schema["properties"])

    assert shown == {
        "/predict/words": ["texts"],
        "/predict/words/split": ["mark", "texts"],
        "/predict/words/repeat": ["text", "times"],
        "/predict/words/note": ["text"],
    }
    assert "/v2/models/words.split/infer" in document["paths"]


@pytest.mark.parametrize(
    ("model", "code", "data"),
    [
        ("words.repeat", 200, ["a a"]),
        ("words.note", 200, ["noted: a"]),
        ("words.nothing", 404, None),
        ("word.repeat", 404, None),
    ],
)
def test_a_method_is_a_model_of_v2(server: Server, model: str, code: int, data: Any) -> None:
    tensor = {"name": "text", "datatype": "BYTES", "shape": [1], "data": ["a"]}
    url = f"{server.url}/v2/models/{model}"
    reply = server.session.post(f"{url}/infer", json={"inputs": [tensor]}, timeout=30)
    described = server.session.get(url, timeout=30)

    assert (reply.status_code, described.status_code) == (code, code), reply.text
    if data is not None:
        assert reply.json()["outputs"][0]["data"] == data
        assert (reply.json()["model_name"], described.json()["name"]) == (model, model)


def test_the_list_of_models_and_their_statistics_have_the_methods(server: Server) -> None:
    index = server.session.post(f"{server.url}/v2/repository/index", timeout=30).json()
    statistics = server.get("/v2/models/stats").json()["model_stats"]

    for names in ({each["name"] for each in index}, {each["name"] for each in statistics}):
        assert {"words", "words.split", "words.repeat", "words.note"} <= names
        assert "words.count" not in names


def test_a_method_is_a_model_of_grpc(server: Server) -> None:
    grpc = pytest.importorskip("tritonclient.grpc")
    np = pytest.importorskip("numpy")
    wait_until(lambda: "Started GRPCInferenceService" in server.log())
    tensor = grpc.InferInput("text", [1], "BYTES")
    tensor.set_data_from_numpy(np.array([b"a"], dtype=object))

    with grpc.InferenceServerClient(f"127.0.0.1:{GRPC_PORT}") as client:
        assert client.infer("words.repeat", [tensor]).as_numpy("results").tolist() == [b"a a"]
        assert client.is_model_ready("words.note")


def test_clients_call_a_method_by_its_name(server: Server, client: hub.Client) -> None:
    async def ask() -> list[Any]:
        async with hub.AsyncClient(server.url) as asynchronous:
            many = asynchronous.predict_many("words", ["a b"], method="split", argument="texts")
            return [
                await asynchronous.predict("words", method="repeat", text="a"),
                (await asynchronous.call("words", {"text": "a"}, method="note")).results,
                [each.results async for each in many],
            ]

    expected = ["a a", "noted: a", [[["a", "b"]]]]
    many = client.predict_many("words", ["a b"], method="split", argument="texts")
    assert [
        client.predict("words", method="repeat", text="a"),
        client.call("words", {"text": "a"}, method="note").results,
        [each.results for each in many],
    ] == expected
    assert asyncio.run(ask()) == expected


@pytest.mark.parametrize(
    ("method", "error"),
    [("nothing", UnknownModuleError), ("a/b?c", UnknownModuleError), ("note", BindingError)],
)
def test_a_client_raises_what_the_server_says_of_a_method(
    client: hub.Client, method: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        client.predict("words", method=method, texts=["a"])


def test_the_list_of_modules_says_which_methods_may_run_twice_and_which_stream(client: hub.Client) -> None:
    (words,) = [each for each in client.modules() if each["name"] == "words"]

    told = {name: (method["idempotent"], method["streams"]) for name, method in words["methods"].items()}
    assert told == {"split": (True, False), "repeat": (True, False), "note": (False, False)}
