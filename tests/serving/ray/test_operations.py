"""Changing a server with engine ray while it serves: the same commands, the same effects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.serving.ray.running import START_SECONDS, Load, RayServer
from tests.serving.running import MODULES, hub, wait_until, write_module

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def mine(_ray: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayServer]:
    """The module mine, installed, and one that does not load."""
    home = tmp_path_factory.mktemp("home")
    hub("install", str(write_module(home / "source" / "mine", "1.0.0")), home=home, timeout=120)
    failing = write_module(home / "failing" / "failing", "1.0.0", "raise RuntimeError('no models here')")
    modules: dict[str, dict[str, Any]] = {
        "mine": {"init_args": {"directory": None}},
        "failing": {"init_args": {"directory": str(failing)}},
    }
    with RayServer(home, modules) as server:
        yield server


def control(server: RayServer, *words: str, check: bool = True) -> Any:
    return hub("serving", *words, "-p", str(server.port), home=server.home, timeout=400, check=check)


def test_a_module_that_does_not_load_has_failed_with_its_reason(mine: RayServer) -> None:
    reply = mine.post("failing", {})

    assert reply.status_code == 503
    assert "RuntimeError: no models here" in reply.json()["msg"]
    assert "Retry-After" in reply.headers
    assert mine.get("/health/ready").status_code == 503


def test_a_new_version_takes_over_without_a_failed_request(mine: RayServer) -> None:
    hub("install", str(write_module(mine.home / "source" / "mine", "2.0.0")), home=mine.home, timeout=120)
    with Load(f"{mine.url}/predict/mine", {}) as load:
        wait_until(lambda: load.codes[200] > 5, START_SECONDS)
        said = control(mine, "reload", "mine").stdout
        wait_until(lambda: mine.post("mine", {}).json()["results"] == "2.0.0", START_SECONDS)
        before = load.codes[200]
        wait_until(lambda: load.codes[200] > before + 20, START_SECONDS)

    assert "mine 2.0.0 serves (generation" in said
    assert set(load.codes) == {200}, (load.codes, load.messages)


def test_a_version_that_does_not_load_leaves_the_old_one_serving(mine: RayServer) -> None:
    version = mine.module("mine").version
    broken = write_module(mine.home / "source" / "mine", "3.0.0", "raise ValueError('broken weights')")
    hub("install", str(broken), home=mine.home, timeout=120)
    with Load(f"{mine.url}/predict/mine", {}) as load:
        ended = control(mine, "reload", "mine", check=False)
    hub("uninstall", "mine==3.0.0", home=mine.home)

    assert ended.returncode == 1
    assert "ValueError: broken weights" in ended.stderr
    assert mine.post("mine", {}).json()["results"] == version
    assert set(load.codes) == {200}, (load.codes, load.messages)


def test_scale_changes_the_number_of_replicas(mine: RayServer) -> None:
    with Load(f"{mine.url}/predict/mine", {}) as load:
        control(mine, "scale", "mine", "3")
        assert len(mine.runner_pids("mine")) == 3
        control(mine, "scale", "mine", "1")
        wait_until(lambda: len(mine.runner_pids("mine")) == 1, START_SECONDS)

    assert set(load.codes) == {200}, (load.codes, load.messages)
    assert mine.module("mine").restarts == 0


def test_modules_come_and_go(mine: RayServer) -> None:
    hub("install", str(MODULES / "greet"), home=mine.home, timeout=120)
    control(mine, "load", "greet")
    assert mine.post("greet", {"names": ["you"]}).json()["results"] == ["hello you, one of 1"]
    control(mine, "unload", "greet")

    assert mine.post("greet", {"names": ["you"]}).status_code == 404
    assert "greet" not in control(mine, "status").stdout


def test_loading_what_is_not_there_is_refused(mine: RayServer) -> None:
    ended = control(mine, "load", "nothing", check=False)

    assert (ended.returncode, "nothing is not installed" in ended.stderr) == (1, True)
