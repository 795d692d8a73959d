"""The supervisor's end of the control socket: whatever comes is answered by a sentence, and nothing waits."""

from __future__ import annotations

import json
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.errors import ServerError
from hub.serving.messages import message
from hub.serving.messages.control import ControlAnswer, ControlRequest
from hub.serving.supervisor.control_server import ControlSocket, Pending
from hub.serving.supervisor.guard import FIRST_PAUSE
from hub.version import __version__

pytestmark = pytest.mark.unit


class Supervisor:
    """Answers what a test has it answer, and remembers what it was asked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.control = ControlSocket(path)
        self.asked: list[ControlRequest] = []
        self.answer: ControlAnswer | None = ControlAnswer(True, "done")
        self.error: Exception | None = None

    def do(self, request: ControlRequest) -> Pending:
        self.asked.append(request)
        if self.error is not None:
            raise self.error
        return lambda: self.answer

    def tick(self) -> None:
        for _ in range(3):
            self.control.tick(self.do)

    def connect(self) -> socket.socket:
        caller = socket.socket(socket.AF_UNIX)
        caller.settimeout(5)
        caller.connect(str(self.path))
        return caller

    def exchange(self, sent: bytes, *, ends: bool = False) -> Any:
        """Send bytes and return the answer, None where there is none yet, "" where it hung up."""
        with self.connect() as caller:
            for start in range(0, len(sent), 1 << 15):
                caller.sendall(sent[start : start + (1 << 15)])
                self.tick()
            if ends:
                caller.shutdown(socket.SHUT_WR)
            self.tick()
            caller.setblocking(False)
            try:
                line = caller.recv(1 << 16)
            except BlockingIOError:
                return None
            return json.loads(line) if line else ""


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    with tempfile.TemporaryDirectory(prefix="hub-") as folder:
        made = Supervisor(Path(folder) / "control.sock")
        yield made
        made.control.close()


def line(**fields: Any) -> bytes:
    """Return the line by which this version asks for something."""
    return json.dumps(message.stamp(ControlRequest(**fields))).encode() + b"\n"


def test_a_request_is_done_and_its_answer_sent(supervisor: Supervisor) -> None:
    assert supervisor.exchange(line(do="scale", module="a", runners=2)) == {"ok": True, "message": "done"}
    assert supervisor.asked == [ControlRequest("scale", "a", runners=2)]


def test_half_a_line_is_waited_for(supervisor: Supervisor) -> None:
    whole = line(do="reload")
    with supervisor.connect() as caller:
        caller.sendall(whole[:10])
        supervisor.tick()
        before = list(supervisor.asked)
        caller.sendall(whole[10:])
        supervisor.tick()
        answer = json.loads(caller.recv(1 << 16))

    assert before == []
    assert answer["ok"]


def test_half_a_line_and_no_more_is_refused(supervisor: Supervisor) -> None:
    assert supervisor.exchange(line(do="reload")[:10], ends=True) == {
        "ok": False, "message": "the request ends before its line does",
    }  # fmt: skip
    assert supervisor.asked == []


def test_too_long_a_line_is_refused_with_the_limit(supervisor: Supervisor) -> None:
    answer = supervisor.exchange(b'{"do": "' + b"x" * 70_000)

    assert answer == {"ok": False, "message": "a request has at most 65536 bytes"}


def test_an_unknown_command_is_refused_with_the_known_ones(supervisor: Supervisor) -> None:
    answer = supervisor.exchange(line(do="explode", module="a"))

    assert answer["message"] == "unknown request 'explode'; known: reload, load, unload, scale"


@pytest.mark.parametrize("do", ["load", "unload", "scale"])
def test_a_command_without_its_module_is_refused(supervisor: Supervisor, do: str) -> None:
    assert supervisor.exchange(line(do=do))["message"] == f"{do} needs a module"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"reload\n", "the request is not JSON"),
        (b"\xff\xfe\n", "the request is not JSON"),
        (b"[1, 2]\n", "a message must be a JSON object, not list"),
    ],
)
def test_what_is_not_a_request_is_refused(supervisor: Supervisor, sent: bytes, said: str) -> None:
    answer = supervisor.exchange(sent)

    assert (answer["ok"], said in answer["message"]) == (False, True)


def test_a_field_of_another_type_is_named(supervisor: Supervisor) -> None:
    fields = {**message.stamp(ControlRequest("scale", "a")), "runners": "two"}
    answer = supervisor.exchange(json.dumps(fields).encode() + b"\n")

    assert "ControlRequest.runners must be int, not 'two'" in answer["message"]


@pytest.mark.parametrize(("version", "named"), [("9.8.7", "HubServing 9.8.7"), (None, "an older HubServing")])
def test_a_request_of_another_version_is_refused_and_told_who_has_which(
    supervisor: Supervisor, version: str | None, named: str
) -> None:
    stamp = {} if version is None else {"version_of_hubserving": version}
    answer = supervisor.exchange(json.dumps({"do": "reload", **stamp}).encode() + b"\n")

    assert answer["message"] == (
        f"the server runs HubServing {__version__}, and {named} asks it; "
        "end it with hub serving stop, then start it again"
    )
    assert supervisor.asked == []


@pytest.mark.parametrize(
    "error", [ServerError("a is served already"), OSError(28, "No space left on device", "/run")]
)
def test_a_command_that_cannot_be_begun_is_answered_with_its_reason(
    supervisor: Supervisor, error: Exception
) -> None:
    supervisor.error = error

    assert supervisor.exchange(line(do="load", module="a")) == {"ok": False, "message": str(error)}


def test_nothing_is_answered_before_it_is_done(supervisor: Supervisor) -> None:
    supervisor.answer = None

    assert supervisor.exchange(line(do="reload")) is None


def test_a_caller_that_does_not_read_does_not_keep_another_waiting(supervisor: Supervisor) -> None:
    supervisor.answer = None
    with supervisor.connect() as silent, supervisor.connect() as waiting:
        waiting.sendall(line(do="reload"))
        started = time.monotonic()
        supervisor.tick()
        supervisor.answer = ControlAnswer(True, "done")
        supervisor.tick()
        answer = json.loads(waiting.recv(1 << 16))
        silent.sendall(b"x")

    assert answer["ok"]
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("leave", [lambda s: s.close(), lambda s: s.shutdown(socket.SHUT_RDWR)])
def test_a_caller_that_leaves_is_forgotten(
    supervisor: Supervisor, leave: Callable[[socket.socket], None]
) -> None:
    caller = supervisor.connect()
    supervisor.tick()
    with_caller = len(supervisor.control.descriptors())
    leave(caller)
    supervisor.tick()
    caller.close()

    assert (with_caller, len(supervisor.control.descriptors())) == (2, 1)


def test_a_caller_that_leaves_before_its_answer_harms_nobody(supervisor: Supervisor) -> None:
    supervisor.answer = None
    caller = supervisor.connect()
    caller.sendall(line(do="reload"))
    supervisor.tick()
    caller.close()
    supervisor.answer = ControlAnswer(True, "done")

    assert supervisor.exchange(line(do="reload"))["ok"]


def test_only_the_user_may_connect(supervisor: Supervisor) -> None:
    assert supervisor.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "error", [ValueError("embedded null byte"), KeyError("x"), RecursionError("too deep")]
)
def test_a_mistake_in_what_is_asked_does_not_end_the_server(supervisor: Supervisor, error: Exception) -> None:
    supervisor.error = error
    answer = supervisor.exchange(line(do="reload", module="a"))
    supervisor.error = None

    assert (answer["ok"], str(error) in answer["message"]) == (False, True)
    assert supervisor.exchange(line(do="reload", module="a"))["ok"]


def test_a_mistake_in_finding_the_answer_is_told_and_does_not_end_the_server(supervisor: Supervisor) -> None:
    def break_down(request: ControlRequest) -> Pending:
        def settled() -> ControlAnswer | None:
            raise KeyError("gone")

        return settled

    with supervisor.connect() as caller:
        caller.sendall(line(do="reload"))
        for _ in range(3):
            supervisor.control.tick(break_down)
        answer = json.loads(caller.recv(1 << 16))

    assert answer == {"ok": False, "message": "'gone'"}
    assert supervisor.exchange(line(do="reload"))["ok"]


def test_a_caller_that_cannot_be_accepted_does_not_wake_the_supervisor_without_end(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refusing:
        def accept(self) -> None:
            raise OSError(24, "Too many open files")

        def fileno(self) -> int:
            return 99

        def close(self) -> None: ...

    listener = supervisor.control._listener
    monkeypatch.setattr(supervisor.control, "_listener", Refusing())
    supervisor.tick()
    paused = supervisor.control.descriptors()
    monkeypatch.setattr(supervisor.control, "_listener", listener)
    time.sleep(2 * FIRST_PAUSE)

    assert paused == []
    assert supervisor.exchange(line(do="reload"))["ok"]
