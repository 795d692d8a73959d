"""What a pipeline's module declares of its endpoints, and what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import InvalidModuleError
from hub.serving.runner import endpoints

pytestmark = pytest.mark.unit

ACCEPTED = ["endpoint", "body"]


def module(**attributes: Any) -> object:
    return type("Receipts", (), attributes)()


def test_endpoints_and_their_fields_are_read() -> None:
    assert endpoints.declared(module(endpoints={"receipts": ("file",), "v1.5": []}), ACCEPTED) == {
        "receipts": ["file"], "v1.5": [],
    }  # fmt: skip


@pytest.mark.parametrize("attributes", [{}, {"endpoints": {}}, {"endpoints": None}, {"endpoints": "http"}])
def test_a_module_without_endpoints_has_none(attributes: dict[str, Any]) -> None:
    assert endpoints.declared(module(**attributes), ["texts"]) == {}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"v2": ()}, "'v2' cannot be a route"),
        ({"predict": ()}, "none of the server's own"),
        ({"a/b": ()}, "'a/b' cannot be a route"),
        ({"": ()}, "'' cannot be a route"),
        ({7: ()}, "7 cannot be a route"),
        ({"receipts": "file"}, "must be names of fields, not 'file'"),
        ({"receipts": (7,)}, "must be names of fields"),
        (["receipts"], "must map names to fields"),
    ],
)
def test_a_wrong_declaration_is_named(given: Any, said: str) -> None:
    with pytest.raises(InvalidModuleError, match=said):
        endpoints.declared(module(endpoints=given), ACCEPTED)


def test_a_method_that_cannot_answer_is_told_what_it_must_take() -> None:
    with pytest.raises(InvalidModuleError, match=r"must take `endpoint` and `body`; it takes texts"):
        endpoints.declared(module(endpoints={"receipts": ()}), ["texts"])


@pytest.mark.parametrize(("once", "known"), [((), []), (("book",), ["book"]), ({"book"}, ["book"])])
def test_endpoints_that_must_not_run_twice_are_read(once: Any, known: list[str]) -> None:
    assert endpoints.not_idempotent(module(once=once), ["book", "look"]) == known


@pytest.mark.parametrize("once", ["book", ("other",)])
def test_once_must_name_endpoints(once: Any) -> None:
    with pytest.raises(InvalidModuleError, match=r"once must be names of its endpoints \(book\)"):
        endpoints.not_idempotent(module(once=once), ["book"])


def test_once_and_schemas_of_a_module_without_endpoints_are_its_own_business() -> None:
    anything = module(once="upon a time", endpoint_schemas=7)

    assert (endpoints.not_idempotent(anything, []), endpoints.schemas(anything, [])) == ([], {})


@pytest.mark.parametrize("given", [7, {"other": {}}])
def test_schemas_must_be_of_endpoints(given: Any) -> None:
    with pytest.raises(InvalidModuleError, match="endpoint_schemas must map names"):
        endpoints.schemas(module(endpoint_schemas=given), ["receipts"])


def test_files_take_the_place_of_their_fields() -> None:
    assert endpoints.arguments("ocr", {"a": 1, "file": "text"}, {"file": b"bytes"}) == {
        "endpoint": "ocr", "body": {"a": 1, "file": b"bytes"},
    }  # fmt: skip
