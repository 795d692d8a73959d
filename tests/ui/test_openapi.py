"""The OpenAPI document: valid, complete, and true where it gives an example."""

from __future__ import annotations

from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from hub import errors
from hub.serving.config import server_config
from hub.serving.gateway import argument_schema, openapi
from hub.serving.messages.manifest import Manifest, Parameter
from hub.serving.messages.state import ModuleState, ServerState
from tests.serving.running import Server

BOTH_STYLES = ["1.x", "2.x"]


def settings(**values: Any) -> server_config.ServingConfig:
    return server_config.build({"modules_info": {"m": {}}, **values}, source="test")


def manifest_of(fields: dict[str, Any]) -> Manifest:
    return Manifest.from_json({"method": "run", **fields})


def described(fields: dict[str, Any], **values: Any) -> dict[str, Any]:
    state = ServerState({"m": ModuleState("m", "1.0", "READY", manifest=manifest_of(fields))})
    return openapi.document(state, settings(**values))


def parameter(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "required": "default" not in more, "has_default": "default" in more, **more}


def test_the_document_of_a_server_is_valid(server: Server) -> None:
    document = server.get("/openapi.json").json()

    OpenAPIV31SpecValidator(document).validate()
    assert {"/predict/boxes", "/predict/tagger", "/predict/shapes", "/predict/broken"} < set(
        document["paths"]
    )


@pytest.mark.parametrize("style", BOTH_STYLES)
def test_it_is_valid_with_keys_and_in_either_style(style: str, tmp_path: Any) -> None:
    document = described(
        {"parameters": [parameter("a")]}, status_style=style, api_key_file=str(tmp_path / "keys")
    )

    OpenAPIV31SpecValidator(document).validate()
    assert document["security"] == [{"bearer": []}, {"header": []}]
    assert document["paths"]["/health/live"]["get"]["security"] == []


def test_its_examples_run(server: Server) -> None:
    paths = server.get("/openapi.json").json()["paths"]
    ran = []
    for path, operations in paths.items():
        example = (
            operations.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json", {})
        )
        if "example" in example:
            reply = server.session.post(server.url + path, json=example["example"], timeout=30)
            assert (path, reply.status_code) == (path, 200), reply.text
            ran.append(path)

    modules = ["boxes", "tagger", "shapes", "papers"]
    assert ran == [
        *(f"/predict/{name}" for name in [*modules, "papers/measure", "papers/shout"]),
        *(f"/v2/models/{name}/infer" for name in [*modules, "papers.measure", "papers.shout"]),
    ]


def every_error(cls: type[errors.RequestError]) -> list[type[errors.RequestError]]:
    return [cls, *(found for child in cls.__subclasses__() for found in every_error(child))]


def test_every_error_that_can_be_answered_is_declared() -> None:
    codes = {cls.http_status for cls in every_error(errors.RequestError)}

    assert codes <= {int(code) for code in described({})["components"]["responses"]}


def test_arguments_on_the_server_are_described_only_where_they_are_allowed() -> None:
    manifest = {"parameters": [parameter("images", annotation="list[Any]"), parameter("paths", default=None)]}

    def names(document: dict[str, Any]) -> list[str]:
        body = document["paths"]["/predict/m"]["post"]["requestBody"]["content"]["application/json"]
        return list(body["schema"]["properties"])

    assert names(described(manifest)) == ["images"]
    assert names(described(manifest, allow_server_paths=True)) == ["images", "paths"]


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        ("str", {"type": "string"}),
        ("'list[str]'", {"type": "array", "items": {"type": "string"}}),
        ("Sequence[float]", {"type": "array", "items": {"type": "number"}}),
        ("typing.Optional[int]", {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        ("int | str | None", {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]}),
        ("Literal['a', 'b']", {"enum": ["a", "b"]}),
        ("dict[str, bool]", {"type": "object", "additionalProperties": {"type": "boolean"}}),
        ("tuple[int, ...]", {"type": "array", "items": {"type": "integer"}}),
        ("tuple[int, str]", {"type": "array", "items": {}}),
        ("Union[str, Any]", {}),
        ("np.ndarray", {}),
        ("list", {"type": "array", "items": {}}),
        ("this is no type", {}),
        ("", {}),
        ("__import__('os').system('true')", {}),
    ],
)  # fmt: skip
def test_annotations_are_read_without_being_run(annotation: str, schema: dict[str, Any]) -> None:
    assert argument_schema.of_annotation(annotation) == schema


def test_an_argument_that_is_checked_is_told_by_what_checks_it() -> None:
    schema = {"type": "integer", "minimum": 1, "description": "How often."}
    told = {"name": "x", "required": False, "annotation": "int", "schema": schema}

    assert argument_schema.properties(manifest_of({"parameters": [told]})) == {"x": schema}


@pytest.mark.parametrize(
    ("annotation", "kinds"),
    [
        ("'int'", {"integer"}),
        ("Optional[Literal['a']]", {"string"}),
        ("list[int]", {"array"}),
        ("int | list[int]", {"integer", "array"}),
        ("", {""}),
    ],
)
def test_the_types_of_an_argument_are_told_without_null(annotation: str, kinds: set[str]) -> None:
    assert argument_schema.kinds(Parameter("x", required=False, annotation=annotation)) == kinds


def test_descriptions_come_from_either_style_of_docstring() -> None:
    doc = """Say.

    Args:
        texts (list[str]): the
            texts.
        top_k: how many.

    Returns:
        list: no argument
    """

    assert argument_schema.argument_descriptions(doc) == {"texts": "the texts.", "top_k": "how many."}


@pytest.mark.parametrize(
    ("manifest", "example"),
    [
        pytest.param({}, None, id="not loaded"),
        pytest.param({"parameters": [parameter("x")]}, None, id="nothing known"),
        pytest.param({"parameters": [parameter("x", annotation="int")]}, {"x": 1}, id="annotated"),
        pytest.param({"parameters": [parameter("names")], "batch": "names"}, {"names": ["text"]}, id="batch"),
        pytest.param(
            {"parameters": [parameter("x", default=None)], "takes_any": False}, {}, id="nothing needed"
        ),
        pytest.param({"parameters": [parameter("x")], "example": {"x": [1]}}, {"x": [1]}, id="the author's"),
    ],
)
def test_an_example_is_made_only_where_it_can_be_right(manifest: dict[str, Any], example: Any) -> None:
    assert argument_schema.example(manifest_of(manifest)) == example
