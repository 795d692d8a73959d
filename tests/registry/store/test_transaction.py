"""Killed at any moment, or two at once: a module is there whole or not at all."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.errors import ModuleNotInstalledError
from hub.registry.local import LocalRegistry
from hub.registry.store.layout import Layout
from hub.registry.store.transaction import sweep

MakeModule = Callable[..., Path]
PROGRAM = Path(__file__).with_name("change_and_die.py")


def start(step: int, what: str, argument: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, str(PROGRAM), str(step), what, str(argument)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> int:
    _, errors = process.communicate(timeout=60)
    assert process.returncode in (0, -signal.SIGKILL), errors
    return process.returncode


def edition(registry: LocalRegistry, name: str = "sample") -> str | None:
    """The letter that every file of the installed module is made of, or None; fails on a mixture."""
    try:
        module, descriptor = registry.acquire(name)
    except ModuleNotInstalledError:
        return None
    try:
        data = (module.directory / "data.txt").read_text(encoding="utf-8")
        assert data == data[0] * 1000
        assert f"return ['{data[0]}' for" in (module.directory / "module.py").read_text(encoding="utf-8")
        files = {"__init__.py", "data.txt", "module.py"}
        assert {file.name for file in module.directory.iterdir()} == files
        return data[0]
    finally:
        os.close(descriptor)


def steps(what: str, argument: str | Path) -> Iterator[int]:
    """Run the change again and again, killed one step later each time, until it gets through."""
    for step in range(1, 500):
        status = finish(start(step, what, argument))
        yield step
        if status == 0:
            return
    pytest.fail("it never got to its end")


def test_an_install_killed_before_any_change_of_the_disk_leaves_the_old_or_the_new_module(
    registry: LocalRegistry, make_module: MakeModule
) -> None:
    old, new = make_module(answer="o"), make_module(answer="n")
    registry.install(old)
    seen = []
    for _ in steps("install", new):
        seen.append(edition(registry))
        if seen[-1] == "n":
            registry.install(old)
    assert seen[0] == "o"
    assert seen[-1] == "n"
    assert set(seen) == {"o", "n"}
    assert len(seen) > 15


@pytest.mark.slow
def test_a_first_install_killed_before_any_change_of_the_disk_leaves_it_absent_or_whole(
    registry: LocalRegistry, make_module: MakeModule
) -> None:
    source = make_module(answer="n")
    seen = []
    for _ in steps("install", source):
        seen.append(edition(registry))
        if seen[-1] is not None:
            registry.uninstall("sample")
    assert (seen[0], seen[-1]) == (None, "n")


@pytest.mark.slow
def test_an_uninstall_killed_before_any_change_of_the_disk_leaves_it_whole_or_absent(
    registry: LocalRegistry, make_module: MakeModule
) -> None:
    source = make_module(answer="o")
    registry.install(source)
    seen = []
    for _ in steps("uninstall", "sample"):
        seen.append(edition(registry))
        if seen[-1] is None:
            registry.install(source)
    assert (seen[0], seen[-1]) == ("o", None)
    assert len(seen) > 5


def test_what_kills_leave_behind_is_gone_after_the_next_change(
    registry: LocalRegistry, make_module: MakeModule
) -> None:
    source = make_module(answer="n")
    for step in (3, 6, 9, 12, 15):
        assert finish(start(step, "install", source)) == -signal.SIGKILL
    assert any(registry.layout.content.iterdir())
    registry.install(make_module("other"))
    assert [folder.name for folder in registry.layout.content.iterdir()] == ["other"]


def test_installs_and_uninstalls_killed_at_random_never_leave_half_a_module(
    registry: LocalRegistry, make_module: MakeModule
) -> None:
    sources = [make_module(answer=letter) for letter in "ab"]
    registry.install(sources[0])
    before, kills, deadline = "a", 0, time.monotonic() + 5
    while time.monotonic() < deadline:
        what, argument, after = random.choice(
            [("install", sources[0], "a"), ("install", sources[1], "b"), ("uninstall", "sample", None)]
        )
        if what == "uninstall" and before is None:
            continue
        process = start(0, what, str(argument))
        time.sleep(random.uniform(0.03, 0.25))
        process.kill()
        status = finish(process)
        kills += status != 0
        now = edition(registry)
        assert now == after if status == 0 else now in (before, after)
        before = now
    assert kills > 5


def test_many_installs_at_once_all_succeed_and_readers_see_whole_modules_only(
    registry: LocalRegistry, make_module: MakeModule
) -> None:
    sources = [make_module(answer=letter) for letter in "abcdef"]
    seen, deadline = set(), time.monotonic() + 2
    while time.monotonic() < deadline:
        running = [start(0, "install", source) for source in sources]
        while any(process.poll() is None for process in running):
            seen.add(edition(registry))
        assert [finish(process) for process in running] == [0] * len(running)
        assert len(registry.list()) == 1
    sweep(registry.layout, "sample")  # the reader may have held one when the last install swept
    assert len(list((registry.layout.content / "sample").iterdir())) == 1
    assert len(seen - {None}) > 2


def test_installs_and_uninstalls_at_once_end_in_one_of_the_two(
    registry: LocalRegistry, make_module: MakeModule
) -> None:
    source = make_module(answer="a")
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        registry.install(source)
        running = [start(0, "install", source), start(0, "uninstall", "sample")]
        for process in running:
            process.communicate(timeout=60)
        assert edition(registry) in ("a", None)


def test_different_modules_are_installed_at_once_without_waiting_for_each_other(
    registry: LocalRegistry, make_module: MakeModule
) -> None:
    slow = make_module("slow", imports="import time; time.sleep(2)")
    quick = make_module("quick")
    process = start(0, "install", slow)
    time.sleep(0.7)
    registry.install(quick)
    assert registry.find("quick")
    assert process.poll() is None
    assert finish(process) == 0
    assert registry.find("slow")


def test_ctrl_c_while_a_module_is_tried_rolls_back(registry: LocalRegistry, make_module: MakeModule) -> None:
    process = start(0, "install", make_module(imports="import time; time.sleep(30)"))
    deadline = time.monotonic() + 10
    while not list(registry.layout.content.glob("sample/*/record.json")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert "KeyboardInterrupt" in errors
    assert not (registry.layout.content / "sample").exists()


def test_a_sweep_never_takes_what_is_installed_or_held(
    registry: LocalRegistry, make_module: MakeModule
) -> None:
    registry.install(make_module(answer="a"))
    held, descriptor = registry.acquire("sample")
    registry.install(make_module(answer="b"))
    registry.install(make_module(answer="c"))
    sweep(Layout(), "sample")
    kept = set((registry.layout.content / "sample").iterdir())
    assert kept == {held.content, registry.find("sample").content}
    os.close(descriptor)
