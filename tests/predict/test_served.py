"""A module on a server is found by its name, or as the only one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from hub.errors import UnknownModuleError, UsageError
from hub.predict.served import find

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("name", [None, "ocr_pipeline"])
def test_at_an_endpoints_address_the_servers_is_asked_for(name: str | None) -> None:
    client: Any = SimpleNamespace(timeout=1.0, modules=list, call=None)  # it lists no modules
    with pytest.raises(UsageError, match="give the server's address alone, http://HOST:PORT"):
        find(client, name)


LISTED = [
    {
        "name": "pager",
        "state": "READY",
        "method": "read",
        "parameters": [{"name": "images", "is_image": True}, {"name": "pages"}],
        "methods": {"say": {"parameters": [{"name": "texts"}]}},
    },
    {"name": "desk", "state": "READY", "method": "copy", "parameters": [], "methods": {}},
]


def client() -> Any:
    return SimpleNamespace(timeout=1.0, modules=lambda: LISTED, call=None)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("foe/fail", "Module foe is not available. The server has pager, desk"),
        ("pagr/say", "Module pagr is not available. Did you mean pager? The server has pager, desk"),
        ("pager/sya", "Module pager has no serving method sya. Did you mean say? It has: read, say"),
        ("desk/fail", "Module desk has no serving method fail. It has: copy"),
    ],
)
def test_what_is_not_there_is_the_module_or_its_method(name: str, said: str) -> None:
    with pytest.raises(UnknownModuleError) as caught:
        find(client(), name)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("name", "taken"),
    [("pager", ["images", "pages"]), ("pager/read", ["images", "pages"]), ("pager/say", ["texts"])],
)
def test_a_method_has_its_own_arguments(name: str, taken: list[str]) -> None:
    found = find(client(), name)
    assert (found.name, list(found.taken)) == (name, taken)
