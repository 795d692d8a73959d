"""What a runner says on its status pipe, and what the supervisor makes of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest

from hub.serving.messages.runner_status import RunnerStatus
from hub.serving.supervisor.runner_process import RunnerProcess

pytestmark = pytest.mark.unit


class Runner(RunnerProcess):
    """The supervisor's end of a status pipe, without a process."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.answer = None
        self.is_ready = False
        self.is_killed = False
        self._buffer = b""

    def kill(self) -> None:
        self.is_killed = True


@pytest.fixture
def pipe() -> Iterator[tuple[Runner, int]]:
    read_end, write_end = os.pipe2(os.O_NONBLOCK)
    yield Runner(read_end), write_end
    os.close(read_end)
    os.close(write_end)


def test_half_a_line_is_waited_for(pipe: tuple[Runner, int]) -> None:
    runner, write_end = pipe
    whole = json.dumps(RunnerStatus(ready=False, reason="no weights").to_json()).encode() + b"\n"
    os.write(write_end, whole[:10])
    runner.read_status()
    before = runner.answer
    os.write(write_end, whole[10:])
    runner.read_status()

    assert before is None
    assert runner.answer == RunnerStatus(ready=False, reason="no weights")


@pytest.mark.parametrize(
    "line", [b"no JSON\n", b'{"ready": 1}\n', b'{"ready": true, "manifest": {"batch": 3}}\n']
)
def test_a_message_that_is_none_ends_this_runner_for_good_and_nothing_else(
    pipe: tuple[Runner, int], line: bytes
) -> None:
    runner, write_end = pipe
    os.write(write_end, line)
    runner.read_status()

    assert runner.is_killed
    assert not runner.is_ready
    assert runner.answer is not None
    assert (runner.answer.ready, runner.answer.final) == (False, True)
    assert runner.answer.reason.startswith("it cannot be served: ")
