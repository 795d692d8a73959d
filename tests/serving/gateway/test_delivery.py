"""What is sent to a runner, and what becomes of a request whose runner dies."""

from __future__ import annotations

import json
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.errors import (
    BindingError,
    DeadlineError,
    InvalidInputError,
    ModuleRaisedError,
    PoisonError,
    QueueFullError,
    RequestError,
    RunnerLostError,
    UnavailableError,
    UnknownModuleError,
)
from hub.serving.gateway.body import Body
from hub.serving.gateway.caller import Caller, CallerLeft
from hub.serving.gateway.delivery import (
    MAX_ATTEMPTS,
    Delivery,
    ModuleReply,
    refuse_unless_served,
)
from hub.serving.gateway.quarantine import Quarantine
from hub.serving.gateway.request_context import RequestContext
from hub.serving.gateway.runner_client import RunnerClient
from hub.serving.messages import state, wire
from hub.serving.messages.death import CRASHED, HUNG, KILLED, OUT_OF_MEMORY, UNKNOWN, Death
from hub.serving.messages.manifest import Manifest
from hub.serving.messages.state import FAILED, LOADING, READY, ModuleLimits, ModuleState, ServerState
from hub.serving.messages.wire import CallHeader, ErrorHeader, Frame, ReplyHeader

pytestmark = pytest.mark.unit

BODY = Body(b'{"texts": ["a"]}')


def module(socket: str = "", timeout: float = 60.0, **manifest: Any) -> ModuleState:
    limits = ModuleLimits(timeout, 16)
    return ModuleState(
        "mine", "1", READY, socket=socket, manifest=Manifest(**manifest), limits=limits, deaths=died(CRASHED)
    )


def died(*causes: str, pid: int = 7) -> tuple[Death, ...]:
    """Deaths that the supervisor finds as soon as they happen, whenever that is."""
    return tuple(Death(pid, cause, time.monotonic() + 100) for cause in causes)


def context(seconds_ago: float = 0.0, **more: Any) -> RequestContext:
    return RequestContext("r-1", time.monotonic() - seconds_ago, **more)


def delivery(body: Body = BODY, asked: RequestContext | None = None, **manifest: Any) -> Delivery:
    return Delivery(module(**manifest), body, asked or context())


def header(made: Delivery) -> CallHeader:
    return CallHeader.from_json(made.frame().header)


# -- the frame -------------------------------------------------------------------------------------


def test_a_frame_holds_the_arguments_first() -> None:
    frame = delivery().frame()

    assert (frame.kind, list(frame.blobs)) == (wire.CALL, [BODY.arguments])


def test_images_and_files_are_blobs_and_the_header_says_which() -> None:
    body = Body(
        b"{}", {"images": [b"one", b"two"], "mask": b"three"}, endpoint="ocr", files={"file": b"four"}
    )
    made = delivery(body)

    assert list(made.frame().blobs) == [b"{}", b"one", b"two", b"three", b"four"]
    assert header(made).images == {"images": [1, 2], "mask": 3}
    assert (header(made).endpoint, header(made).files) == ("ocr", {"file": 4})


def test_an_empty_list_of_images_stays_an_empty_list() -> None:
    assert header(delivery(Body(b"{}", {"images": []}))).images == {"images": []}


def test_the_header_has_the_requests_id_its_deadline_and_whether_it_is_strict() -> None:
    asked = context(strict=True)
    sent = header(delivery(asked=asked))

    assert (sent.request_id, sent.strict) == ("r-1", True)
    assert sent.deadline == pytest.approx(asked.arrived + 60.0)
    assert sent.sent == pytest.approx(time.monotonic(), abs=5)


def test_a_first_attempt_may_share_its_runner_and_a_later_one_is_alone() -> None:
    made = delivery()
    first = header(made)
    made.runner_died(Quarantine())
    second = header(made)

    assert (first.alone, first.announce) == (False, False)
    assert (second.alone, second.announce) == (True, True)


@pytest.mark.parametrize(
    ("manifest", "endpoint", "announces"),
    [
        ({"idempotent": True}, "", False),
        ({"idempotent": None}, "", False),
        ({"idempotent": False}, "", True),
        ({"once": ("book",)}, "book", True),
        ({"once": ("book",)}, "look", False),
    ],
)
def test_a_runner_says_when_it_starts_what_must_not_run_twice(
    manifest: dict[str, Any], endpoint: str, announces: bool
) -> None:
    assert header(delivery(Body(b"{}", endpoint=endpoint), **manifest)).announce is announces


# -- the reply -------------------------------------------------------------------------------------


def test_a_reply_has_results_header_and_the_number_of_attempts() -> None:
    made = delivery()
    made.runner_died(Quarantine())
    sent = ReplyHeader(batch=3, notes=("a remark", "another"))
    reply = made.reply(Frame(wire.OK, sent.to_json(), [b"[1]"]))

    assert (reply.results, reply.header, reply.attempts) == (b"[1]", sent, 2)
    assert reply.remarks == "a remark; another"


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("binding", BindingError),
        ("input", InvalidInputError),
        ("raised", ModuleRaisedError),
        ("expired", DeadlineError),
    ],
)
def test_an_error_that_a_runner_reports_is_raised_as_its_class(kind: str, error: type[RequestError]) -> None:
    with pytest.raises(error, match="that is why") as raised:
        delivery().reply(Frame(kind, ErrorHeader("that is why").to_json()))

    assert type(raised.value) is error


@pytest.mark.parametrize(
    ("text", "exception", "said"),
    [
        ("no such luck", "RuntimeError", "mine raised RuntimeError: no such luck"),
        ("KeyError: 'x'", "KeyError", "mine raised KeyError: 'x'"),
        ("ValueError", "ValueError", "mine raised ValueError"),
        ("the result cannot be sent", "", "the result cannot be sent"),
    ],
)
def test_what_a_module_raised_is_told_with_module_and_class(text: str, exception: str, said: str) -> None:
    with pytest.raises(ModuleRaisedError) as error:
        delivery().reply(Frame("raised", ErrorHeader(text, 1, exception).to_json()))

    assert str(error.value) == said


def test_what_a_pipeline_raised_comes_first_for_paddlexs_clients() -> None:
    with pytest.raises(ModuleRaisedError, match=r"^broken \(mine raised RuntimeError\)$"):
        delivery(Body(b"{}", endpoint="ocr")).reply(
            Frame("raised", ErrorHeader("broken", 1, "RuntimeError").to_json())
        )


# -- deaths ----------------------------------------------------------------------------------------


def test_a_request_is_sent_again_up_to_a_limit_and_then_given_up() -> None:
    made = delivery()
    for _ in range(MAX_ATTEMPTS - 1):
        made.runner_died(Quarantine())
    with pytest.raises(RunnerLostError, match=f"died under this request {MAX_ATTEMPTS} times"):
        made.runner_died(Quarantine())

    assert made.number == MAX_ATTEMPTS


def test_a_request_that_may_run_once_is_sent_again_only_if_it_had_not_started() -> None:
    made = delivery(idempotent=False)
    made.runner_died(Quarantine())
    made.has_started = True
    with pytest.raises(RunnerLostError, match="may have taken effect"):
        made.runner_died(Quarantine())

    assert made.number == 2


def test_an_endpoint_that_may_run_once_is_not_sent_again_after_it_started() -> None:
    made = delivery(Body(b"{}", endpoint="book"), once=("book",))
    made.has_started = True
    with pytest.raises(RunnerLostError, match="may have taken effect"):
        made.runner_died(Quarantine())


def test_two_deaths_under_a_request_that_ran_alone_are_blamed_on_it() -> None:
    quarantine = Quarantine()
    made = delivery()
    made.has_started = True
    made.runner_died(quarantine)  # it ran with others
    made.runner_died(quarantine)
    with pytest.raises(PoisonError):
        made.runner_died(quarantine)
    with pytest.raises(PoisonError):
        quarantine.check(made.module, BODY)


def test_deaths_before_it_started_are_not_its_fault() -> None:
    quarantine = Quarantine()
    made = delivery()
    for _ in range(MAX_ATTEMPTS - 1):
        made.runner_died(quarantine)

    quarantine.check(made.module, BODY)


@pytest.mark.parametrize("cause", [CRASHED, HUNG, OUT_OF_MEMORY])
def test_deaths_that_may_be_its_doing_are_blamed_on_a_request_that_ran_alone(cause: str) -> None:
    made = delivery()
    made.runner_died(Quarantine(), cause)
    made.has_started = True
    made.runner_died(Quarantine(), cause)
    with pytest.raises(PoisonError):
        made.runner_died(Quarantine(), cause)


def test_runners_that_were_killed_from_outside_count_neither_as_strikes_nor_as_attempts() -> None:
    quarantine = Quarantine()
    made = delivery()
    made.has_started = True
    for _ in range(10 * MAX_ATTEMPTS):
        made.runner_died(quarantine, KILLED)

    quarantine.check(made.module, BODY)
    assert made.number == 10 * MAX_ATTEMPTS + 1


def test_deaths_whose_cause_is_not_known_count_as_attempts_and_are_blamed_on_nobody() -> None:
    quarantine = Quarantine()
    made = delivery()
    made.has_started = True
    for _ in range(MAX_ATTEMPTS - 1):
        made.runner_died(quarantine, UNKNOWN)
    with pytest.raises(RunnerLostError):
        made.runner_died(quarantine, UNKNOWN)

    quarantine.check(made.module, BODY)


def test_what_may_run_once_is_not_sent_again_even_where_its_runner_was_killed_from_outside() -> None:
    made = delivery(idempotent=False)
    made.has_started = True
    with pytest.raises(RunnerLostError, match="may have taken effect"):
        made.runner_died(Quarantine(), KILLED)


def test_a_request_whose_time_is_up_is_not_sent_again() -> None:
    made = delivery(asked=context(seconds_ago=61.0))
    with pytest.raises(DeadlineError, match="mine did not answer within"):
        made.runner_died(Quarantine())


# -- deadlines -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("asked_for", "seconds"), [(None, 60.0), (5.0, 5.0), (500.0, 60.0)])
def test_a_caller_can_only_shorten_the_modules_time(asked_for: float | None, seconds: float) -> None:
    asked = context(timeout=asked_for)

    assert delivery(asked=asked).deadline == pytest.approx(asked.arrived + seconds)


def test_a_pause_that_ends_after_the_deadline_is_not_begun() -> None:
    made = delivery(asked=context(seconds_ago=59.0))
    started = time.monotonic()
    with pytest.raises(DeadlineError):
        made.pause(30.0)

    assert time.monotonic() - started < 1


# -- who may be asked ------------------------------------------------------------------------------


def test_only_a_ready_module_is_asked() -> None:
    ready = module()

    assert refuse_unless_served("mine", ready) is ready
    with pytest.raises(UnknownModuleError, match="Module mine is not available"):
        refuse_unless_served("mine", None)
    with pytest.raises(UnavailableError, match="loading") as loading:
        refuse_unless_served("mine", ModuleState("mine", "1", LOADING))
    with pytest.raises(UnavailableError, match="has failed: no weights") as failed:
        refuse_unless_served("mine", ModuleState("mine", "1", FAILED, "no weights"))

    assert (loading.value.retry_after, failed.value.retry_after) == (2, 30)


# -- over a socket ---------------------------------------------------------------------------------

#: What a runner does with a connection.
Act = Callable[[socket.socket], None]


class Runner:
    """A module's socket, behind which a test's own acts answer one connection each."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "mine.sock"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(4)
        self.calls: list[CallHeader] = []
        self._thread: threading.Thread | None = None

    def act(self, *acts: Act) -> None:
        """Answer the next connections, each by one act."""
        self._thread = threading.Thread(target=self._serve, args=(acts,), daemon=True)
        self._thread.start()

    def _serve(self, acts: tuple[Act, ...]) -> None:
        for act in acts:
            connection, _ = self.listener.accept()
            with connection:
                self.calls.append(CallHeader.from_json(wire.receive(connection, soon()).header))
                act(connection)

    def close(self) -> None:
        self.listener.close()
        if self._thread is not None:
            self._thread.join(5)


def soon() -> float:
    return time.monotonic() + 5


def answer(connection: socket.socket) -> None:
    wire.send(connection, Frame(wire.OK, ReplyHeader().to_json(), [b'"done"']), soon())


def start(connection: socket.socket) -> None:
    wire.send(connection, Frame(wire.STARTED), soon())


def die(connection: socket.socket) -> None:
    """Close without a word."""


def start_and_die(connection: socket.socket) -> None:
    start(connection)


@pytest.fixture
def runner() -> Iterator[Runner]:
    with tempfile.TemporaryDirectory(prefix="hub-") as folder:
        made = Runner(Path(folder))
        yield made
        made.close()


def client(runner: Runner, served: ModuleState) -> RunnerClient:
    path = runner.path.parent / "state.json"
    state.write(path, ServerState({"mine": served}))
    return RunnerClient(state.StateReader(path))


def call(runner: Runner, asked: RequestContext | None = None, **manifest: Any) -> ModuleReply:
    served = module(str(runner.path), **manifest)
    return client(runner, served).call(served, BODY, asked or context())


def test_a_request_that_its_runner_dropped_is_sent_to_the_next(runner: Runner) -> None:
    runner.act(die, die, answer)
    reply = call(runner)

    assert (json.loads(reply.results), reply.attempts) == ("done", 3)
    assert [each.alone for each in runner.calls] == [False, True, True]


def test_a_request_that_kills_its_runners_is_refused_the_next_time_without_trying(runner: Runner) -> None:
    runner.act(die, start_and_die, start_and_die)
    served = module(str(runner.path))
    asking = client(runner, served)
    for _ in range(2):
        with pytest.raises(PoisonError):
            asking.call(served, BODY, context())

    assert len(runner.calls) == 3


def test_a_started_request_of_a_module_that_forbids_two_is_lost(runner: Runner) -> None:
    runner.act(start_and_die)
    with pytest.raises(RunnerLostError, match="may have taken effect"):
        call(runner, idempotent=False)


def test_an_answer_that_does_not_come_in_time_is_a_deadline_error(runner: Runner) -> None:
    runner.act(lambda connection: time.sleep(0.5))
    with pytest.raises(DeadlineError):
        call(runner, context(timeout=0.1))


def test_a_request_whose_caller_hangs_up_is_dropped(runner: Runner) -> None:
    caller = Caller()
    runner.act(lambda connection: caller.leave() or time.sleep(0.2))
    with pytest.raises(CallerLeft):
        call(runner, context(caller=caller))


def test_a_full_queue_refuses_the_first_attempt_at_once(runner: Runner) -> None:
    runner.listener.listen(0)
    waiting = []
    with pytest.raises(QueueFullError, match="16 requests waiting, its max_queue_size"):
        for _ in range(10):
            waiting.append(socket.socket(socket.AF_UNIX))
            waiting[-1].setblocking(False)
            try:
                waiting[-1].connect(str(runner.path))
            except BlockingIOError:
                call(runner)
    for each in waiting:
        each.close()


def test_a_module_whose_socket_is_gone_takes_no_requests(runner: Runner) -> None:
    runner.path.unlink()
    with pytest.raises(UnavailableError, match="takes no requests at the moment"):
        call(runner)
