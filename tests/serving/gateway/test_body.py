"""A JSON body, checked and taken apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.errors import BindingError
from hub.serving.gateway import body
from tests.serving.gateway.limits import LIMITS


@pytest.mark.parametrize("name", sorted(body.SERVER_PATH_ARGUMENTS))
def test_names_of_server_files_are_refused_unless_allowed_or_empty(name: str) -> None:
    with pytest.raises(BindingError, match=f"`{name}`"):
        body.refuse_server_paths({name: ["/etc/passwd"]}, LIMITS)
    body.refuse_server_paths({name: []}, LIMITS)
    body.refuse_server_paths({name: ["/etc/passwd"]}, replace(LIMITS, allow_server_paths=True))
