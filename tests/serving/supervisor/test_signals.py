"""What a signal asks for, and what becomes of a reload that nobody waits for."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator

import pytest

from hub.errors import ConfigError
from hub.serving.messages.control import ControlAnswer, ControlRequest
from hub.serving.supervisor.control_server import Pending
from hub.serving.supervisor.signals import Asked, Reloads, Signals

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("number", "asked"),
    [
        (signal.SIGTERM, Asked.STOP),
        (signal.SIGINT, Asked.STOP),
        (signal.SIGQUIT, Asked.END),
        (signal.SIGUSR1, Asked.REOPEN_LOGS),
    ],
)
def test_a_signal_wakes_the_loop_and_says_what_it_asks_for(number: signal.Signals, asked: Asked) -> None:
    before = signal.getsignal(number)
    signals = Signals()
    with signals.collected() as wakeup:
        os.kill(os.getpid(), number)
        woken = os.read(wakeup, 10)

    assert woken
    assert signals.take() == [asked]
    assert signals.take() == []
    assert signal.getsignal(number) is before


class Systemd:
    """Receives what a service tells it."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address)
        self._socket.setblocking(False)

    def heard(self) -> list[str]:
        """Return the first word of each message since the last call."""
        found = []
        while True:
            try:
                found.append(self._socket.recv(1000).decode().split("=")[0])
            except BlockingIOError:
                return found

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def systemd(monkeypatch: pytest.MonkeyPatch) -> Iterator[Systemd]:
    address = f"hub-test-signals-{os.getpid()}"
    monkeypatch.setenv("NOTIFY_SOCKET", f"@{address}")
    receiver = Systemd(address)
    yield receiver
    receiver.close()


def test_a_reload_is_told_to_systemd_until_it_is_done(
    systemd: Systemd, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    answers: list[ControlAnswer | None] = [None, ControlAnswer(ok=True, message="a serves")]
    reloads = Reloads(lambda _: lambda: answers.pop(0))
    heard = []
    for step in (reloads.tick, reloads.ask, reloads.tick, reloads.tick, reloads.tick):
        step()
        heard.append(systemd.heard())

    assert heard == [[], [], ["RELOADING"], ["READY"], []]
    assert "reload: a serves" in caplog.text


@pytest.mark.parametrize("kind", [ConfigError, KeyError])
def test_a_reload_that_cannot_begin_is_logged_and_over(
    systemd: Systemd, caplog: pytest.LogCaptureFixture, kind: type[Exception]
) -> None:
    def refuse(_: ControlRequest) -> Pending:
        raise kind("the file is not JSON")

    reloads = Reloads(refuse)
    reloads.ask()
    reloads.tick()

    assert systemd.heard() == ["RELOADING", "READY"]
    assert "the file is not JSON" in caplog.text


def test_reloads_that_are_asked_for_meanwhile_are_one_afterwards() -> None:
    begun: list[ControlRequest] = []
    done: list[ControlAnswer | None] = [None]

    def begin(request: ControlRequest) -> Callable[[], ControlAnswer | None]:
        begun.append(request)
        return lambda: done[0]

    reloads = Reloads(begin)
    for step in (reloads.ask, reloads.tick, reloads.ask, reloads.ask, reloads.tick):
        step()
    before = len(begun)
    done[0] = ControlAnswer(ok=True, message="")
    for _ in range(4):
        reloads.tick()

    assert (before, len(begun)) == (1, 2)
