"""What a call sends, when again, and when it gives up: the steps alone, with a clock of the test's."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest

from hub import errors
from hub.client import conversation
from hub.client.conversation import Ask, Called, Outcome, Pause
from hub.client.options import Options, Server

OK = httpx2.Response(200, json={"msg": "", "results": [1], "status": "0"})
FULL = httpx2.Response(
    503,
    json={"msg": "full", "results": "", "status": "101"},
    headers={"Retry-After": "2", "X-Hub-Error": "QueueFullError"},
)
NO_CONNECTION = httpx2.ConnectError("refused")
LOST = httpx2.RemoteProtocolError("ended")


def listed(idempotent: bool | None, **methods: bool) -> httpx2.Response:
    others = {name: {"idempotent": may} for name, may in methods.items()}
    entry = {"name": "m", "idempotent": idempotent, "methods": others}
    return httpx2.Response(200, json={"modules": [entry]})


@pytest.fixture
def talk(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[object, list[str], float]]:
    """Carries out a call with these outcomes; gives its end, what was asked and the seconds of pauses."""
    now = [0.0]
    monkeypatch.setattr(conversation.time, "monotonic", lambda: now[0])

    def run(
        *outcomes: Outcome, has_answered: bool = True, method: str | None = None, **options: object
    ) -> tuple[object, list[str], float]:
        now[0] = 0.0
        server = Server("http://server", has_answered=has_answered)
        steps = conversation.predict(server, Options(**options), Called("m", method), b"{}")  # type: ignore[arg-type]
        given, asked = list(outcomes), []
        try:
            step = next(steps)
            while True:
                if isinstance(step, Pause):
                    now[0] += step.seconds
                    step = steps.send(None)
                else:
                    assert isinstance(step, Ask)
                    asked.append(f"{step.method} {step.path}")
                    step = steps.send(given.pop(0))
        except StopIteration as end:
            assert not given
            return end.value.results, asked, now[0]
        except errors.HubError as error:
            assert not given
            return error, asked, now[0]

    return run


POST, LIST = "POST /predict/m", "GET /api/modules"


def test_a_full_queue_is_tried_again_a_little_after_its_retry_after(talk: Callable[..., tuple]) -> None:
    results, asked, waited = talk(FULL, FULL, OK)

    assert (results, asked) == ([1], [POST] * 3)
    assert 4.0 <= waited <= 5.0


def test_a_pause_that_ends_after_the_deadline_is_not_begun(talk: Callable[..., tuple]) -> None:
    error, asked, waited = talk(FULL, timeout=1.9)

    assert (type(error), asked, waited) == (errors.QueueFullError, [POST], 0.0)


def test_no_connection_is_tried_again_only_where_the_server_has_answered_before(
    talk: Callable[..., tuple],
) -> None:
    assert talk(NO_CONNECTION, NO_CONNECTION, OK)[:2] == ([1], [POST] * 3)

    error, asked, waited = talk(NO_CONNECTION, has_answered=False)
    assert (type(error), asked, waited) == (errors.UnreachableError, [POST], 0.0)


@pytest.mark.parametrize(
    ("outcomes", "options", "asked"),
    [
        ((LOST, OK), {"resend": True}, [POST, POST]),
        ((LOST, listed(True), OK), {}, [POST, LIST, POST]),
        ((LOST, NO_CONNECTION, listed(None), listed(True), OK), {}, [POST, LIST, LIST, LIST, POST]),
    ],
    ids=["the caller allows it", "the module allows it", "the module is loading"],
)
def test_a_lost_connection_is_followed_by_another_attempt_where_the_module_may_run_twice(
    talk: Callable[..., tuple], outcomes: tuple[Outcome, ...], options: dict[str, bool], asked: list[str]
) -> None:
    assert talk(*outcomes, **options)[:2] == ([1], asked)


@pytest.mark.parametrize(
    ("outcomes", "options", "asked"),
    [
        ((LOST,), {"resend": False}, [POST]),
        ((LOST, listed(False)), {}, [POST, LIST]),
        ((LOST, httpx2.Response(404, text="no such page")), {}, [POST, LIST]),
    ],
    ids=["the caller forbids it", "the module forbids it", "nobody knows"],
)
def test_a_lost_connection_is_an_error_where_the_module_may_not_run_twice(
    talk: Callable[..., tuple], outcomes: tuple[Outcome, ...], options: dict[str, bool], asked: list[str]
) -> None:
    error, found, _ = talk(*outcomes, **options)

    assert (type(error), found) == (errors.ConnectionLostError, asked)


@pytest.mark.parametrize(
    ("method", "may_run_twice"), [("safe", True), ("once", False), ("first", False), (None, False)]
)
def test_whether_a_method_may_run_twice_is_its_own_affair(
    talk: Callable[..., tuple], method: str | None, may_run_twice: bool
) -> None:
    post = f"{POST}/{method}" if method else POST
    outcomes = (LOST, listed(False, safe=True, once=False), *([OK] if may_run_twice else []))
    end, asked, _ = talk(*outcomes, method=method)

    assert asked == [post, LIST, *([post] if may_run_twice else [])]
    assert end == [1] if may_run_twice else isinstance(end, errors.ConnectionLostError)


def test_no_answer_in_time_is_final_and_keeps_the_request_s_id(talk: Callable[..., tuple]) -> None:
    error, asked, _ = talk(httpx2.ReadTimeout("late"))

    assert (type(error), asked) == (errors.DeadlineError, [POST])
    assert len(error.request_id) == 16


def test_a_stream_is_tried_again_until_it_has_begun_and_handed_over_unread() -> None:
    begun = httpx2.Response(
        200,
        headers={"Content-Type": "application/x-ndjson"},
        stream=httpx2.ByteStream(b'1\n{"status":"0"}\n'),
    )
    steps = conversation.stream(Server("http://server"), Options(), Called("m"), b"{}")
    first = next(steps)
    pause = steps.send(FULL)
    second = steps.send(None)

    assert isinstance(first, Ask) and isinstance(second, Ask) and isinstance(pause, Pause)
    assert first.streams and second.streams
    with pytest.raises(StopIteration) as end:
        steps.send(begun)
    assert end.value.value is begun
    assert not begun.is_stream_consumed


def test_a_stream_whose_whole_was_read_is_a_list(talk: Callable[..., tuple]) -> None:
    whole = httpx2.Response(
        200, headers={"Content-Type": "application/x-ndjson"}, content=b'1\n2\n{"status":"0"}\n'
    )

    assert talk(whole)[0] == [1, 2]


def test_a_stream_that_broke_off_is_asked_for_again_where_nothing_of_it_was_given(
    talk: Callable[..., tuple],
) -> None:
    cut = httpx2.Response(200, headers={"Content-Type": "application/x-ndjson"}, content=b"1\n")
    results, asked, _ = talk(cut, listed(idempotent=True), OK)

    assert (results, asked) == ([1], [POST, LIST, POST])
