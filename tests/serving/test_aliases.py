"""One installed module, served several times under names of one's own."""

from __future__ import annotations

from pathlib import Path

from tests.serving.running import MODULES, Server, hub


def test_an_installed_module_is_served_under_two_names_with_their_own_settings(home: Path) -> None:
    hub("install", str(MODULES / "greet"), home=home)
    entries = {
        name: {"init_args": {"directory": None, "name": "greet", "version": "1.0.0", "word": name}}
        for name in ("hello", "hallo")
    }
    with Server(home, entries) as server:
        said = [server.post(name, {"names": ["you"]}).json()["results"] for name in entries]

    assert said == [["hello you, one of 1"], ["hallo you, one of 1"]]


def test_a_name_that_is_not_installed_is_an_error_that_names_it(home: Path) -> None:
    server = Server(home, {"hello": {"init_args": {"directory": None, "name": "greeter"}}}, wait=False)

    assert server.process.wait(20) == 1
    assert "greeter" in server.log()
