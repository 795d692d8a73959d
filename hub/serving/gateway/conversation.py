"""A small request for a model, in the event loop from its body to its response.

No thread of the pool takes part, so that none waits for the interpreter; the loop waits for the runner as for
callers. A thread goes on with what takes longer: a stream, a large reply, a request whose runner died.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from hub.serving.gateway import delivery, front, model_paths, runner_client
from hub.serving.gateway.context import Gateway
from hub.serving.gateway.delivery import Call
from hub.serving.gateway.exchange import Response
from hub.serving.gateway.json_structure import SMALL_BODY
from hub.serving.gateway.model_paths import ModelPath
from hub.serving.gateway.runner_client import RunnerClient, Steps, Wait
from hub.serving.gateway.wsgi import WSGI, Head
from hub.serving.messages import wire
from hub.serving.process import logs


def path_of(head: Head, size: int, gateway: Gateway) -> ModelPath | None:
    """Return what a request calls, if the loop can answer it."""
    is_local = isinstance(gateway.dispatcher, RunnerClient)
    if size > SMALL_BODY or not is_local or head.get("Content-Encoding"):
        return None
    try:
        return model_paths.find(head.method, head.path, gateway.states.current)
    except (OSError, ValueError):  # the app says why
        return None


class Conversation:
    """Runs the handler of a request; everything but ``_in_thread`` runs in the loop's thread."""

    def __init__(
        self,
        gateway: Gateway,
        loop: asyncio.AbstractEventLoop,
        submit: Callable[[Callable[[], None]], None],
        answer: Callable[[WSGI], None],
        answer_from_thread: Callable[[WSGI], None],
    ) -> None:
        """Have ``submit`` start what takes longer; the response goes to one of the last two, as an app."""
        assert isinstance(gateway.dispatcher, RunnerClient)
        self._gateway = gateway
        self._client = gateway.dispatcher
        self._loop = loop
        self._submit = submit
        self._answer = answer
        self._answer_from_thread = answer_from_thread
        self._context = contextvars.copy_context()  # its id stands in its own log lines alone
        self._steps: Steps
        self._wait: Wait
        self._timer: asyncio.TimerHandle

    def begin(self, variables: dict[str, Any], path: ModelPath) -> None:
        """Take up a request."""
        self._context.run(self._begin, variables, path)

    def _begin(self, variables: dict[str, Any], path: ModelPath) -> None:
        self._exchange = front.begin(self._gateway, variables)
        self._handler = front.handler(self._exchange, path)
        self._go_on(partial(next, self._handler))

    def _go_on(self, step: Callable[[], Call | None]) -> None:
        """Run the handler until it calls the module, or has ended."""
        try:
            call = step()
        except StopIteration as end:
            response: Response = end.value
            app = front.response_app(self._exchange, response)  # which writes the access log
            if logs.takes_lines():
                self._answer(app)
            else:
                self._submit(partial(self._answer_from_thread, app))
            return
        if call is None:
            self._leave(partial(next, self._handler))
            return
        self._steps = self._client.steps(call.module, call.body, call.context)
        self._advance()

    def _advance(self) -> None:
        """Send the call, or receive what there is."""
        try:
            step = next(self._steps)
        except StopIteration as end:
            self._go_on(partial(self._handler.send, delivery.with_items(end.value, ())))
        except Exception as problem:
            self._go_on(partial(self._handler.throw, problem))
        else:
            if isinstance(step, Wait):
                self._await(step)
            else:
                self._leave_waiting(step)

    def _await(self, wait: Wait) -> None:
        self._wait = wait
        self._loop.add_reader(wait.connection.fileno(), self._context.run, self._stop_waiting, False)
        seconds = max(0.0, wait.deadline - time.monotonic())
        self._timer = self._loop.call_later(seconds, self._context.run, self._stop_waiting, True)

    def _stop_waiting(self, is_late: bool) -> None:
        """Go on: the runner has said something, has gone, or is too late."""
        connection = self._wait.connection
        self._loop.remove_reader(connection.fileno())
        self._timer.cancel()
        if is_late or wire.has_whole_frame(connection):
            self._advance()
        else:
            self._leave_waiting(self._wait)

    def _leave_waiting(self, step: bytes | Wait) -> None:
        items = runner_client.waited(self._steps, step)
        self._leave(lambda: delivery.answered(self._handler, partial(delivery.joined, items))())

    def _leave(self, go_on: Callable[[], Call | None]) -> None:
        # A copy of the context: two threads cannot be in one, and this one has not left it yet.
        self._submit(partial(contextvars.copy_context().run, self._in_thread, go_on))

    def _in_thread(self, go_on: Callable[[], Call | None]) -> None:
        response = delivery.run(self._handler, self._client, go_on)
        self._answer_from_thread(front.response_app(self._exchange, response))
