"""A module on a server is found by its name, or as the only one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from hub.errors import UsageError
from hub.predict.served import find

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("name", [None, "ocr_pipeline"])
def test_at_an_endpoints_address_the_servers_is_asked_for(name: str | None) -> None:
    client: Any = SimpleNamespace(timeout=1.0, modules=list, call=None)  # it lists no modules
    with pytest.raises(UsageError, match="give the server's address alone, http://HOST:PORT"):
        find(client, name)
