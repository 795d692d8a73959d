"""The delivery of a request to a module: what is sent, what comes back, and what happens when a runner dies.

Two dispatchers carry it: ``RunnerClient`` to runners on this machine, ``hub/serving/ray`` to replicas on a
Ray cluster. Neither loses what a dying runner dropped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from hub import errors
from hub.serving.gateway.body import Body
from hub.serving.gateway.quarantine import Quarantine
from hub.serving.gateway.request_context import RequestContext
from hub.serving.messages import death, wire
from hub.serving.messages.state import FAILED, READY, ModuleState
from hub.serving.messages.wire import CallHeader, ErrorHeader, ReplyHeader
from hub.suggestion import did_you_mean

#: So many runners may die under a request; those that were killed from outside do not count.
MAX_ATTEMPTS: Final = 5
#: Deaths under a request that ran alone, after which it counts as their cause.
POISON_STRIKES: Final = 2
#: No module's name is longer.
_NAME_CHARACTERS: Final = 100


@dataclass(frozen=True)
class ModuleReply:
    """A module's answer: ``results`` is JSON; at an endpoint the whole reply. ``attempts`` were needed."""

    results: bytes
    header: ReplyHeader = field(default_factory=ReplyHeader)
    attempts: int = 1

    @property
    def remarks(self) -> str:
        """The envelope's ``msg``."""
        return "; ".join(self.header.notes)


#: The items of a stream as JSON, then its reply.
Items = Generator[bytes, None, ModuleReply]


@dataclass(frozen=True, slots=True)
class Call:
    """A request for a module."""

    module: ModuleState
    body: Body
    context: RequestContext


T = TypeVar("T")
#: Answers a request. It yields its call of a module, for which it is sent the reply or thrown the error, and
#: None where it is about to wait or to compute for long, which is for a thread; it returns what is answered.
Handler = Generator[Call | None, Any, T]


class Dispatcher(Protocol):
    """The way to a module, wherever it runs."""

    def call(self, module: ModuleState, body: Body, context: RequestContext) -> ModuleReply:
        """Have the module answer, a stream with a list of its items; raises RequestError, or CallerLeft."""
        ...

    def stream(self, module: ModuleState, body: Body, context: RequestContext) -> Items:
        """Yield the items of a stream as they come; closing it cancels it.

        Raises:
            RequestError, CallerLeft.
        """
        ...


def run(handler: Handler[T], dispatcher: Dispatcher, go_on: Callable[[], Call | None] | None = None) -> T:
    """Run a handler to its end in this thread; raises what it raises.

    ``go_on`` takes it up where it stopped, if it has begun.
    """
    step = go_on or partial(next, handler)
    try:
        while True:
            call = step()
            if call is None:
                step = partial(next, handler)
            else:
                step = answered(handler, partial(dispatcher.call, call.module, call.body, call.context))
    except StopIteration as end:
        result: T = end.value
        return result


def answered(handler: Handler[T], reply: Callable[[], ModuleReply]) -> Callable[[], Call | None]:
    """Return how a handler goes on with a reply, or with the error that there is instead."""
    try:
        return partial(handler.send, reply())
    except Exception as problem:
        return partial(handler.throw, problem)


def joined(items: Items) -> ModuleReply:
    """Return a reply with all items of a stream as its results; that of another method as it is."""
    found = []
    while True:
        try:
            found.append(next(items))
        except StopIteration as end:
            reply: ModuleReply = end.value
            break
    return with_items(reply, found)


def with_items(reply: ModuleReply, items: Sequence[bytes]) -> ModuleReply:
    """Return a stream's reply with its items as results; that of another method as it is."""
    if not reply.results or items:
        return replace(reply, results=b"[%b]" % b",".join(items))
    return reply


def refuse_unless_served(name: str, module: ModuleState | None, known: Iterable[str] = ()) -> ModuleState:
    """Return the module if it can take requests; ``known`` are the names of those that there are.

    Raises:
        UnknownModuleError: 404.  UnavailableError: 503, loading or FAILED, with the reason.
    """
    if module is None:
        meant = did_you_mean(name[:_NAME_CHARACTERS], known)
        raise errors.UnknownModuleError(f"Module {name} is not available.{meant}")
    if module.state == READY:
        return module
    if module.state == FAILED:
        raise errors.UnavailableError(f"module {name} has failed: {module.reason}", retry_after=30)
    raise errors.UnavailableError(f"module {name} is loading", retry_after=2)


class Delivery:
    """A request and what became of it so far.

    Attributes:
        deadline: ``time.monotonic()`` after which nobody needs the answer; of a stream, the next item.
        latest: the same for the whole of a stream.
        items: of a stream, those that have come; after the first nothing is sent again.
        number: of the present attempt, from 1.
        sent: ``time.monotonic()`` when it was sent for the present attempt.
        has_started: whether the runner has begun with it; what carries it finds out.
        runner: the PID of the runner that has begun with it, where that is known.
    """

    def __init__(self, module: ModuleState, body: Body, context: RequestContext) -> None:
        self.module = module
        self.body = body
        self.context = context
        self.deadline = self.latest = context.deadline(module.limits.timeout)
        if module.manifest.streams:
            self.latest = max(self.deadline, context.arrived + module.limits.hang_timeout)
        self.items = 0
        self.number = 1
        self.sent = 0.0
        self.has_started = False
        self.runner: int | None = None
        self._deaths = 0
        self._strikes = 0
        manifest = module.manifest
        self._may_run_twice = manifest.idempotent is not False and body.endpoint not in manifest.once

    @property
    def remaining(self) -> float:
        """Seconds until the deadline, below 0 after it."""
        return self.deadline - time.monotonic()

    def begin_attempt(self) -> None:
        """Forget what the last attempt found out."""
        self.sent, self.has_started, self.runner = time.monotonic(), False, None
        self.context.attempts = self.number

    def frame(self) -> wire.Frame:
        """Return the call, as every runner understands it."""
        blobs: list[wire.Buffer] = [self.body.arguments]
        numbers: dict[str, int | list[int]] = {}
        for name, images in self.body.images.items():
            start = len(blobs)
            blobs += [images] if isinstance(images, bytes) else images
            numbers[name] = start if isinstance(images, bytes) else list(range(start, len(blobs)))
        files = {name: number for number, name in enumerate(self.body.files, len(blobs))}
        blobs += self.body.files.values()
        header = CallHeader(
            request_id=self.context.request_id,
            deadline=self.latest,
            sent=time.monotonic(),
            images=numbers,
            method=self.body.method,
            endpoint=self.body.endpoint,
            files=files,
            strict=self.context.strict,
            alone=self.number > 1,
            announce=self.number > 1 or not self._may_run_twice,
            item=self.context.item,
            page=self.context.page,
            patience=self.context.patience,
        )
        return wire.Frame(wire.CALL, header.to_json(), blobs)

    def reply(self, frame: wire.Frame) -> ModuleReply:
        """Return what a runner's frame says; raises the RequestError that it reports."""
        if frame.kind == wire.OK:
            results = bytes(frame.blobs[0]) if frame.blobs else b""
            return ModuleReply(results, ReplyHeader.from_json(frame.header), self.number)
        if self.items and frame.kind == wire.EXPIRED:
            raise self.too_late()
        error: type[errors.RequestError] = getattr(errors, wire.ERROR_KINDS[frame.kind])
        raise error(self._said(ErrorHeader.from_json(frame.header)))

    def _said(self, error: ErrorHeader) -> str:
        """Return an error's message, with module and class of what the module raised."""
        if not error.exception:
            return error.message
        raised = f"{self.module.name} raised {error.exception}"
        if self.body.endpoint:  # PaddleX has its own words in front, and the exception's behind them
            return f"{error.message} ({raised})"
        text = error.message.removeprefix(error.exception).removeprefix(": ")
        return f"{raised}: {text}" if text else raised

    def expect_item(self) -> None:
        """Begin the time in which the next item of a stream has to come."""
        between = self.context.shortened(self.module.limits.timeout)
        self.deadline = min(time.monotonic() + between, self.latest)

    def runner_died(self, quarantine: Quarantine, cause: str = death.CRASHED) -> None:
        """Count a death under it; returns when it is to be sent again.

        A request that was running, and running alone, when its runner died is blamed for that. A runner that
        was killed from outside is nobody's fault and does not count. Where the cause is not known, it
        counts as an attempt, but nobody is blamed.

        Raises:
            PoisonError: it killed its runners.  RunnerLostError: it may not be sent again.  DeadlineError.
        """
        if self.items and self.remaining <= 0:  # the runner saw it first
            raise self.too_late()
        if self.items:
            raise errors.RunnerLostError(
                f"{self.module.name}'s runner ended in the middle of this stream, after {self.items} "
                f"item{'' if self.items == 1 else 's'}; what has begun to arrive is not sent again"
            )
        self._deaths += cause != death.KILLED
        if self.has_started and self.number > 1 and cause not in (death.KILLED, death.UNKNOWN):
            self._strikes += 1
        if self._strikes >= POISON_STRIKES:
            raise quarantine.add(self.module, self.body)
        name = self.module.name
        if self.has_started and not self._may_run_twice:
            raise errors.RunnerLostError(
                f"the runner died while {name} was handling this request; it may have taken effect, "
                "and the module forbids sending it twice"
            )
        if self._deaths >= MAX_ATTEMPTS:
            raise errors.RunnerLostError(f"{name}'s runners died under this request {self._deaths} times")
        self.check_deadline(0.0)
        self.number += 1

    def check_deadline(self, ahead: float) -> None:
        """Raise DeadlineError unless there are more than ``ahead`` seconds left."""
        if self.remaining <= ahead:
            raise self.too_late()

    def pause(self, seconds: float) -> None:
        """Wait before it knocks again; raises DeadlineError where the deadline comes first."""
        self.check_deadline(seconds)
        time.sleep(seconds)

    def queue_full(self) -> errors.QueueFullError:
        limit = self.module.limits.max_queue_size
        return errors.QueueFullError(
            f"{self.module.name} has {limit} requests waiting, its max_queue_size", retry_after=1
        )

    def too_late(self) -> errors.DeadlineError:
        name, limits = self.module.name, self.module.limits
        if self.items and self.deadline == self.latest:
            return errors.DeadlineError(
                f"{name}'s stream was not over within {limits.hang_timeout:g} s (hang_timeout)"
            )
        if self.items:
            between = self.context.shortened(limits.timeout)
            return errors.DeadlineError(f"{name} sent no further item of its stream within {between:g} s")
        return errors.DeadlineError(f"{self.module.name} did not answer within the request's time")
