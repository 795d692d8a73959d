"""doc/offline.md, done as written: a machine that prepares, and one whose pip and hub reach nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs.blocks import read
from tests.docs.terminal import Terminal
from tests.serving.running import ROOT, free_port

#: An index that nobody serves, and no configuration of the tester's own.
NO_NETWORK = {
    "PIP_CONFIG_FILE": "/dev/null",
    "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
    "PIP_FIND_LINKS": "",
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "no_proxy": "127.0.0.1",
}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_what_was_prepared_is_installed_and_served_without_a_network(
    tmp_path: Path, checkout: Path, clean: dict[str, str], terminals: Callable[..., Terminal]
) -> None:
    port = str(free_port())
    prepare, install = (block.text.replace("8866", port) for block in read(ROOT / "doc" / "offline.md"))
    terminals(checkout, clean).run(prepare)
    there = tmp_path / "there"
    there.mkdir()
    (tmp_path / "user" / "carry").rename(there / "carry")
    said = terminals(there, {**clean, **NO_NETWORK, "HOME": str(there)}).run(install)
    assert "Successfully installed ocr_system-1.0.0" in said
    assert f"HubServing is ready at http://127.0.0.1:{port}" in said
    assert f"The server on port {port} has been stopped." in said
