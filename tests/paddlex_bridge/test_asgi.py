"""An application is called in this process: requests, replies, start and end, by the ASGI protocol."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.paddlex_bridge.parts import MODULE, asgi, pipeline


class Route:
    """As Starlette's: what ``routes`` of an application lists."""

    def __init__(self, path: str, *methods: str) -> None:
        self.path = path
        self.methods = set(methods)


class Application:
    """Answers at /echo with the path and the body; /raise, /late and /silent do what they say."""

    def __init__(self) -> None:
        self.routes = [Route("/health", "GET"), Route("/echo", "POST"), Route("/raise", "POST")]
        self.routes += [Route("/chat/alias", "POST"), object()]
        self.events: list[str] = []
        self.refuses = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self.live(scope, receive, send)
            return
        body = (await receive())["body"]
        if scope["path"] == "/silent":
            return
        if scope["path"] == "/raise":
            raise ValueError("before an answer")
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        assert headers["content-length"] == str(len(body))
        answer = {"path": scope["path"], "body": json.loads(body), "started": scope["state"]["started"]}
        await send({"type": "http.response.start", "status": 201, "headers": []})
        for half in (json.dumps(answer)[:5], json.dumps(answer)[5:]):
            await send({"type": "http.response.body", "body": half.encode(), "more_body": True})
        await send({"type": "http.response.body"})
        assert (await receive())["type"] == "http.disconnect"
        if scope["path"] == "/late":
            raise ValueError("after the answer")

    async def live(self, scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "lifespan.startup"
        if self.refuses:
            await send({"type": "lifespan.startup.failed", "message": self.refuses})
            return
        scope["state"]["started"] = True
        self.events.append("started")
        await send({"type": "lifespan.startup.complete"})
        assert (await receive())["type"] == "lifespan.shutdown"
        self.events.append("ended")
        await send({"type": "lifespan.shutdown.complete"})


def test_a_request_is_answered_with_status_and_whole_body() -> None:
    running = asgi.InProcess(Application())

    status, body = running.post("/echo", b'{"a": "\xc3\xbc"}')

    assert status == 201
    assert json.loads(body) == {"path": "/echo", "body": {"a": "ü"}, "started": True}


def test_it_is_started_before_and_ended_once() -> None:
    application = Application()
    running = asgi.InProcess(application)
    assert application.events == ["started"]

    running.close()
    running.close()

    assert application.events == ["started", "ended"]


def test_one_that_cannot_start_says_why() -> None:
    application = Application()
    application.refuses = "no room"

    with pytest.raises(RuntimeError, match="no room"):
        asgi.InProcess(application)


def test_one_that_knows_no_lifespan_is_called_all_the_same() -> None:
    async def plain(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    assert asgi.InProcess(plain).post("/", b"{}") == (204, b"")


def test_what_is_raised_after_an_answer_does_not_undo_it() -> None:
    assert asgi.InProcess(Application()).post("/late", b"{}")[0] == 201


@pytest.mark.parametrize(("path", "said"), [("/raise", "before an answer"), ("/silent", "did not answer")])
def test_a_request_without_an_answer_raises(path: str, said: str) -> None:
    with pytest.raises((ValueError, RuntimeError), match=said):
        asgi.InProcess(Application()).post(path, b"{}")


def test_threads_may_call_at_once() -> None:
    meeting = threading.Barrier(4)

    async def meets(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            import asyncio

            await asyncio.get_running_loop().run_in_executor(None, meeting.wait, 10)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": scope["path"].encode()})

    running = asgi.InProcess(meets)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda number: running.post(f"/{number}", b""), range(4)))

    assert answers == [(200, f"/{number}".encode()) for number in range(4)]


def test_a_process_ends_although_its_application_has_a_thread_of_its_own() -> None:
    """As PaddleX's has: the interpreter waits for it, and only the application's end ends it."""
    script = """
import sys, threading
sys.path.insert(0, sys.argv[1])
from paddlex_pipeline.asgi import InProcess

async def application(scope, receive, send):
    over = threading.Event()
    threading.Thread(target=over.wait).start()
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    over.set()
    await send({"type": "lifespan.shutdown.complete"})

InProcess(application)
print("done")
"""
    begun = time.monotonic()
    words = [sys.executable, "-c", script, str(MODULE.parent)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=True)

    assert done.stdout == "done\n"
    assert not done.stderr
    assert time.monotonic() - begun < 10


def test_its_routes_are_those_that_take_post() -> None:
    assert pipeline.routes(Application()) == ("echo", "raise")
