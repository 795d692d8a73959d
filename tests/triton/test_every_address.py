"""gRPC on every address of the machine, in a network of its own, which nothing outside reaches."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.deploy import containers
from tests.serving.running import ROOT

pytest.importorskip("tritonclient.grpc")
KEY = "a-key-of-one-user-0123"
APART = ("unshare", "--user", "--map-root-user", "--net")


def answers(folder: Path, host: str, *key: str) -> dict[str, dict[str, list[str]]]:
    """By address and key sent: the codes of HTTP and gRPC."""
    containers.needed()
    done = subprocess.run(
        [*APART, sys.executable, "-m", "tests.triton.on_every_address", str(folder), host, *key],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    found: Any = json.loads(done.stdout)
    return dict(found)


@pytest.mark.parametrize("host", ["0.0.0.0", pytest.param("::", marks=pytest.mark.slow)])
def test_with_a_key_grpc_asks_for_it_at_every_address_as_http_does(tmp_path: Path, host: str) -> None:
    refused = ["401", "StatusCode.UNAUTHENTICATED"]
    at_each = {"no key": refused, "wrong": refused, KEY: ["200", "200"]}
    found = answers(tmp_path, host, KEY)

    assert (len(found), list(found.values())) == (2, [at_each] * 2)


@pytest.mark.slow
def test_without_a_key_grpc_answers_everybody_as_http_does(tmp_path: Path) -> None:
    found = answers(tmp_path, "0.0.0.0")

    assert [codes for each in found.values() for codes in each.values()] == [["200", "200"]] * 6
