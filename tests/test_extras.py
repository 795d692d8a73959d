"""The commands that install an extra work without an index that has ``hubserving``."""

from __future__ import annotations

from importlib import metadata

import pytest

from hub import extras

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("extra", "package"), [("grpc", "grpcio>="), ("onnxruntime", "onnxruntime>="), ("ray", "ray[serve]")]
)
def test_an_extra_is_installed_by_the_names_of_its_packages(extra: str, package: str) -> None:
    command = extras.command(extra)

    assert command.startswith(f"pip install '{package}")
    assert "hubserving" not in command
    assert "extra ==" not in command


def test_without_metadata_the_checkout_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", missing)

    assert extras.command("grpc") == "pip install -e '.[grpc]' (in the checkout)"
