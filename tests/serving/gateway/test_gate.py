"""How much of a body is worth receiving, by its head."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from hub import errors
from hub.serving.gateway import page_pictures, targets
from hub.serving.gateway.gate import SMALL_BODY, Gate
from hub.serving.gateway.wsgi import Head
from tests.serving.gateway import apps
from tests.serving.gateway.apps import Door

pytestmark = pytest.mark.unit

LARGE = 1_000_000
MODULE_ROUTES = (
    "/predict/echo",
    "/predict/echo/echo",
    "/ocr",
    "/v2/models/echo/infer",
    "/v2/models/echo.echo/infer",
    "/v2/models/ocr/versions/1/infer",
)


def head(path: str, length: int | None = LARGE, method: str = "POST", **headers: str) -> Head:
    fields = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return Head(method, path, (1, 1), fields, length, True)


@pytest.mark.parametrize("path", MODULE_ROUTES)
def test_a_body_for_a_module_may_be_as_large_as_the_setting_says(door: Door, path: str) -> None:
    gate = Gate(door.gateway)

    assert gate.admit(head(path)) == gate.admit(head(path, None)) == 64_000_000
    with pytest.raises(errors.PayloadTooLargeError, match="max_body_mb"):
        gate.admit(head(path, 64_000_001))


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/predict/nothing", errors.UnknownModuleError),
        ("/predict/echo/nothing", errors.UnknownModuleError),
        ("/predict/slow/predict", errors.UnavailableError),
        ("/predict/slow", errors.UnavailableError),
        ("/predict/broken", errors.UnavailableError),
        ("/v2/models/broken/infer", errors.UnavailableError),
    ],
)
@pytest.mark.parametrize("length", [LARGE, None])
def test_a_large_body_for_a_module_that_does_not_answer_is_not_received(
    door: Door, path: str, error: type[Exception], length: int | None
) -> None:
    with pytest.raises(error):
        Gate(door.gateway).admit(head(path, length))


@pytest.mark.parametrize("path", MODULE_ROUTES)
def test_a_large_body_without_a_key_is_not_received(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    (tmp_path / "keys").write_text("alice:0123456789abcdef\n")
    gate = Gate(apps.make(tmp_path, api_key_file=str(tmp_path / "keys")).gateway)

    assert gate.admit(head(path, Authorization="Bearer 0123456789abcdef")) == 64_000_000
    with pytest.raises(errors.UnauthorizedError):
        gate.admit(head(path))


def test_a_large_body_of_a_strange_page_is_not_received(door: Door) -> None:
    with pytest.raises(errors.ForbiddenError):
        Gate(door.gateway).admit(head("/predict/echo", Host="127.0.0.1:8866", Origin="https://evil.example"))


def test_a_large_body_for_a_full_module_is_not_received(door: Door) -> None:
    module = door.gateway.states.current().modules["echo"]
    capacity = targets.capacity(module)
    with contextlib.ExitStack() as held:
        for _ in range(capacity):
            held.enter_context(door.gateway.admission.admit("echo", capacity, 0))
        with pytest.raises(errors.QueueFullError):
            Gate(door.gateway).admit(head("/predict/echo"))

    assert Gate(door.gateway).admit(head("/predict/echo")) == 64_000_000


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/v2/repository/index", "POST"),
        ("/v2/repository/models/echo/load", "POST"),
        ("/health/live", "POST"),
        ("/", "POST"),
        ("/nothing", "POST"),
        ("/predict/echo", "GET"),
        ("/predict/echo/", "POST"),
        ("/predict/echo/more/still", "POST"),
        ("/ocr/", "POST"),
    ],
)
def test_no_other_route_needs_a_large_body(door: Door, path: str, method: str) -> None:
    gate = Gate(door.gateway)

    assert gate.admit(head(path, SMALL_BODY, method)) == SMALL_BODY
    assert gate.admit(head(path, None, method)) == SMALL_BODY
    with pytest.raises(errors.PayloadTooLargeError, match="65536"):
        gate.admit(head(path, SMALL_BODY + 1, method))


def test_a_file_for_a_picture_of_its_page_may_be_as_large_as_one_for_a_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    gateway = apps.make(tmp_path).gateway
    gate, name, capacity = Gate(gateway), page_pictures.NAME, page_pictures.AT_ONCE

    assert gate.admit(head("/api/page?page=1")) == gate.admit(head("/api/page", None)) == 64_000_000
    with pytest.raises(errors.PayloadTooLargeError, match="max_body_mb"):
        gate.admit(head("/api/page", 64_000_001))
    with contextlib.ExitStack() as held:
        for _ in range(capacity):
            held.enter_context(gateway.admission.admit(name, capacity, 0))
        with pytest.raises(errors.QueueFullError):
            gate.admit(head("/api/page"))
    with pytest.raises(errors.PayloadTooLargeError, match="65536"):
        Gate(apps.make(tmp_path, ui=False).gateway).admit(head("/api/page"))


def test_a_small_body_is_received_whatever_becomes_of_it(door: Door) -> None:
    assert Gate(door.gateway).admit(head("/predict/nothing", 10)) == 10
