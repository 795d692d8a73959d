"""doc/contract.md: its modules are those of the tests, and its table is what a server replies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.serving.running import ROOT, Server

TEXT = (ROOT / "doc" / "contract.md").read_text("utf-8")
MODULES = ("say_paddlehub", "say_annotated", "say_pydantic")
FOLDERS = ROOT / "tests" / "modules"
ROWS = [line.strip("| ").split(" | ") for line in TEXT.splitlines() if line.startswith("| `{")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    served = {name: {"init_args": {"directory": str(FOLDERS / name)}} for name in MODULES}
    with Server(tmp_path_factory.mktemp("home"), served) as running:
        yield running


def test_the_documents_modules_are_those_of_the_tests() -> None:
    sources = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert sources == [(FOLDERS / name / "module.py").read_text("utf-8") for name in MODULES]


def test_the_table_has_a_good_request_and_twelve_bad_ones() -> None:
    answers = [row[2].split()[0] for row in ROWS]
    assert answers[0] == "200" and answers.count("400") == 12


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_row_is_what_a_server_replies(row: list[str], server: Server) -> None:
    request = json.loads(row[0].strip("`"))
    for name, expected in zip(MODULES, row[1:], strict=True):
        reply = server.post(name, _for_module(name, request))
        code, said = expected.split(" ", 1)
        body = reply.json()
        assert reply.status_code == int(code), body
        assert (body["msg"] or f"`{json.dumps(body['results'])}`") == said


def test_openapi_has_the_bounds_and_the_models(server: Server) -> None:
    paths = server.session.get(f"{server.url}/openapi.json", timeout=30).json()["paths"]
    annotated, model = (paths[f"/predict/{name}"]["post"] for name in MODULES[1:])
    sent = annotated["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert sent["times"] == {"type": "integer", "minimum": 1, "maximum": 9, "default": 1}
    returned = model["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["results"]
    assert set(returned["items"]["properties"]) == {"text", "length"}


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"texts": "007"}, ["007"]),
        ({"texts": '["a", "b"]', "times": "2"}, ["aa", "bb"]),
        ({"texts": "true", "style": "loud"}, ["TRUE"]),
        ({"texts": "a", "times": "null"}, "`times` must be int from 1 up to 9, not null"),
        ({"texts": '"quoted"', "margins": "[1, 0]"}, [' "quoted"']),
    ],
)
def test_a_forms_text_is_read_as_its_arguments_type(
    form: dict[str, str], said: list[str] | str, server: Server
) -> None:
    parts = {name: (None, value) for name, value in form.items()}
    reply = server.session.post(f"{server.url}/predict/say_annotated", files=parts, timeout=30)
    assert said in (reply.json()["results"], reply.json()["msg"])


def _for_module(name: str, request: dict[str, Any]) -> dict[str, Any]:
    """Return the request with its options as the module takes them."""
    options = {key: request[key] for key in ("times", "style", "margins") if key in request}
    if name != "say_pydantic" or not options:
        return request
    return {**{key: value for key, value in request.items() if key not in options}, "options": options}
