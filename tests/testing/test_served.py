"""hub.testing: a module is called in a test as a runner calls it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.errors import (
    BindingError,
    ConfigError,
    DeadlineError,
    InvalidInputError,
    ModuleNotInstalledError,
    ModuleRaisedError,
    PoisonError,
    StartupError,
)
from hub.testing import ServedModule, served
from tests.serving import pictures
from tests.serving.running import MODULES, hub, write_module

PNG = pictures.encode(pictures.plain(31, 21, colour=(255, 254, 63)))
SEEN = {"shape": [21, 31, 3], "type": "uint8", "corner": [63, 254, 255]}


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A registry of the tests' own."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUB_HOME", str(folder))
        yield folder


@pytest.fixture(scope="module")
def look() -> Iterator[ServedModule]:
    with served(MODULES / "look") as module:
        yield module


@pytest.fixture(scope="module")
def probe() -> Iterator[ServedModule]:
    with served(
        str(MODULES / "probe"), greeting="good day", settings={"predict_args": {"text": "set"}}
    ) as module:
        yield module


def test_the_results_are_those_of_the_modules_method() -> None:
    with served(MODULES / "greet", word="hi") as greet:
        assert greet(names=["a", "b"]) == ["hi a, one of 2", "hi b, one of 2"]


def test_a_module_says_its_name_and_version(look: ServedModule) -> None:
    assert (look.name, look.version) == ("look", "1.0.0")


def test_init_args_and_settings_reach_the_module(probe: ServedModule) -> None:
    results = probe()

    assert (results["greeting"], results["text"]) == ("good day", "set")


def test_the_module_runs_in_a_process_of_its_own(probe: ServedModule) -> None:
    assert probe()["pid"] != os.getpid()


@pytest.mark.parametrize("how", ["bytes", "path", "text", "array"])
def test_images_are_given_in_any_form_and_arrive_decoded(
    look: ServedModule, tmp_path: Path, how: str
) -> None:
    path = tmp_path / "image.png"
    path.write_bytes(PNG)
    array = np.full((21, 31, 3), (63, 254, 255), np.uint8)
    image: Any = {"bytes": PNG, "path": path, "text": str(path), "array": array}[how]

    assert look(images=[image], label="a")["seen"] == [SEEN]


def test_bytes_that_are_no_image_arrive_as_none_with_a_remark(look: ServedModule) -> None:
    reply = look.reply(images=[b"rubbish", PNG])

    assert reply.results["seen"] == [None, SEEN]
    assert reply.message.startswith("images[0] is not a readable image: it is text")


def test_an_unknown_argument_is_refused_as_by_a_server(look: ServedModule) -> None:
    with pytest.raises(BindingError, match="unknown argument `picture`; accepted: `images`, `mask`, `label`"):
        look(picture=PNG)


@pytest.mark.parametrize(
    ("action", "error", "said"),
    [
        ("refuse", InvalidInputError, "no"),
        ("raise", ModuleRaisedError, "no"),
        ("exit", ModuleRaisedError, "SystemExit: 3"),
        ("unsendable", ModuleRaisedError, "cannot be sent as JSON: a value of type object"),
    ],
)
def test_what_the_module_raises_is_raised_as_a_caller_sees_it(
    probe: ServedModule, action: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        probe(action=action, text="no")


def test_a_crash_ends_the_runner_and_not_the_test(probe: ServedModule) -> None:
    with pytest.raises(PoisonError):
        probe(action="crash")

    assert probe(text="still here")["text"] == "still here"


def test_a_request_takes_no_longer_than_the_settings_allow() -> None:
    with served(MODULES / "probe", settings={"timeout": 0.2}) as probe, pytest.raises(DeadlineError):
        probe(sleep=5.0)


def test_requests_at_once_are_joined_as_the_settings_say() -> None:
    settings = {"max_batch_size": 3, "max_queue_delay_ms": 10_000}  # three are enough: none waits so long
    with served(MODULES / "greet", settings=settings) as greet:
        results: list[Any] = []
        first = threading.Thread(target=greet, kwargs={"names": ["first"], "sleep": 4.0})
        first.start()
        time.sleep(1.0)  # by now it runs, so that the next ones wait for each other
        callers = [
            threading.Thread(target=lambda name=name: results.extend(greet(names=[name]))) for name in "abc"
        ]
        for caller in callers:
            caller.start()
        for caller in (first, *callers):
            caller.join(20)

    assert sorted(results) == [f"hello {name}, one of 3" for name in "abc"]


def test_an_installed_module_is_called_by_its_name(home: Path, tmp_path: Path) -> None:
    hub("install", str(write_module(tmp_path / "mine", "1.0.0")), home=home)
    hub("install", str(write_module(tmp_path / "mine", "1.1.0")), home=home)
    with served("mine") as newest, served("mine==1.0.0") as older:
        assert (newest(), older()) == ("1.1.0", "1.0.0")


def test_a_relative_folder_is_found_from_where_the_test_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(MODULES)
    with served("greet/") as from_text, served(Path("greet")) as from_path:
        assert from_text(names=["a"]) == from_path(names=["a"])


def test_a_module_that_does_not_load_is_an_error_with_its_reason() -> None:
    with pytest.raises(StartupError, match="the weights are missing"), served(MODULES / "broken"):
        pass


def test_a_module_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ModuleNotInstalledError, match="nobody"), served("nobody"):
        pass


def test_a_wrong_setting_is_named() -> None:
    with pytest.raises(ConfigError, match="did you mean 'max_batch_size'"):  # noqa: SIM117
        with served(MODULES / "greet", settings={"batch_size": 4}):
            pass


def test_nothing_is_left_when_the_context_ends() -> None:
    with served(MODULES / "probe") as probe:
        pid = probe()["pid"]

    assert not Path(f"/proc/{pid}").exists()
