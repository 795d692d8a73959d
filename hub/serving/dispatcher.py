"""[2] Hands a guarded request to a module and waits for its answer.

The Flask app knows only the ``Dispatcher`` protocol. ``SocketDispatcher`` is the local one: it connects to
the module's Unix socket, whose backlog is the module's queue, and resends what a dying runner dropped.
"""

from __future__ import annotations

import hashlib
import logging
import select
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from hub import errors
from hub.serving import wire
from hub.serving.state import FAILED, READY, ModuleState, StateReader

log = logging.getLogger("hub.gateway")

#: A request is sent at most this often.
MAX_ATTEMPTS: Final = 5
#: Deaths under a request that ran alone, after which it counts as their cause.
POISON_STRIKES: Final = 2
#: For this long a request that killed its runners is refused without trying.
QUARANTINE_SECONDS: Final = 300.0
#: Pause before an already admitted request knocks again at a full queue.
FULL_PAUSE_SECONDS: Final = 0.02


@dataclass(frozen=True)
class ModuleRequest:
    """One call, the same whatever wire format it came in.

    Attributes:
        arguments: the keyword arguments except images, as a JSON object; at an endpoint its body's fields.
        images: argument name → encoded image bytes, or a list of them.
        endpoint: name of the pipeline's endpoint that is called, "" for the module itself.
        files: field of the endpoint's body → a file's bytes.
        deadline: ``time.monotonic()`` after which nobody needs the answer.
        caller: file descriptor of the client's connection, watched for its hanging up; or None.
    """

    request_id: str
    arguments: bytes
    images: Mapping[str, bytes | Sequence[bytes]]
    deadline: float
    strict: bool = False
    caller: int | None = None
    endpoint: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class ModuleReply:
    """``results`` is JSON; at an endpoint the whole reply, sent with ``http_status``. Times in seconds."""

    results: bytes
    notes: Sequence[str] = ()
    queue_seconds: float = 0.0
    batch_seconds: float = 0.0
    run_seconds: float = 0.0
    batch: int = 1
    attempts: int = 1
    generation: int = 1
    http_status: int = 200


class CallerLeft(Exception):
    """The client hung up; there is nobody to answer."""


class Dispatcher(Protocol):
    """The way to a module, wherever it runs."""

    def call(self, module: ModuleState, request: ModuleRequest) -> ModuleReply:
        """Raises RequestError, or CallerLeft."""
        ...


class SocketDispatcher:
    """To runners on this machine, through their module's socket. One instance serves all threads."""

    def __init__(self, states: StateReader) -> None:
        self._states = states
        self._quarantine = Quarantine()

    def call(self, module: ModuleState, request: ModuleRequest) -> ModuleReply:
        if self._quarantine and self._quarantine.holds(_fingerprint(module, request)):
            raise errors.PoisonError(_poison_message(module.name))
        attempt = _Attempt(module, request)
        while True:
            with self._connect(attempt) as connection:
                try:
                    return attempt.run(connection)
                except (wire.PeerClosed, ConnectionError) as error:
                    log.warning("request %s: its runner went away (%r)", request.request_id, error)
            attempt.take_the_blame()
            if attempt.strikes >= POISON_STRIKES:
                self._quarantine.add(_fingerprint(module, request))
                raise errors.PoisonError(_poison_message(module.name))
            attempt.prepare_to_resend()

    def _connect(self, attempt: _Attempt) -> socket.socket:
        """A connection in the module's queue.

        Raises:
            QueueFullError: no place, at the first attempt; a request once admitted waits for one instead.
            UnavailableError: the module has failed or is gone.  DeadlineError.
        """
        while True:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            try:
                connection.connect(attempt.module.socket)
                return connection
            except BlockingIOError:
                connection.close()
                if attempt.number == 1:
                    limit = attempt.module.limits["max_queue_size"]
                    raise errors.QueueFullError(
                        f"{attempt.module.name} has {limit} requests waiting, its max_queue_size",
                        retry_after=1,
                    ) from None
            except (ConnectionRefusedError, FileNotFoundError) as error:
                connection.close()
                refuse_unless_served(
                    attempt.module.name, self._states.current().modules.get(attempt.module.name)
                )
                if attempt.number == 1:
                    raise errors.UnavailableError(
                        f"{attempt.module.name} takes no requests at the moment", retry_after=1
                    ) from error
            attempt.check_deadline(FULL_PAUSE_SECONDS)
            time.sleep(FULL_PAUSE_SECONDS)


class _Attempt:
    """One request's way through possibly several runners."""

    def __init__(self, module: ModuleState, request: ModuleRequest) -> None:
        self.module = module
        self.request = request
        self.number = 1
        self.strikes = 0
        self._has_started = False
        once = module.manifest.get("once", ())
        self._is_idempotent = module.manifest.get("idempotent", True) and request.endpoint not in once

    def run(self, connection: socket.socket) -> ModuleReply:
        """Send, wait, receive.

        Raises:
            PeerClosed, ConnectionError: the runner died.  CallerLeft.  RequestError.
        """
        self._has_started = False
        try:
            wire.send(connection, self._frame(), self.request.deadline)
            while True:
                self._await_reply(connection)
                frame = wire.receive(connection, self.request.deadline)
                if frame.kind != wire.STARTED:
                    return self._reply(frame)
                self._has_started = True
        except TimeoutError as error:
            raise self._too_late() from error

    def take_the_blame(self) -> None:
        """Count a death under a request that was running, and running alone."""
        if self._has_started and self.number > 1:
            self.strikes += 1

    def prepare_to_resend(self) -> None:
        """Raises RunnerLostError when it may not be sent again, DeadlineError when it is too late."""
        name = self.module.name
        if self._has_started and not self._is_idempotent:
            raise errors.RunnerLostError(
                f"the runner died while {name} was handling this request; it may have taken effect, "
                "and the module forbids sending it twice"
            )
        if self.number >= MAX_ATTEMPTS:
            raise errors.RunnerLostError(f"{name}'s runners died under this request {self.number} times")
        self.check_deadline(0.0)
        self.number += 1

    def check_deadline(self, ahead: float) -> None:
        if time.monotonic() + ahead >= self.request.deadline:
            raise self._too_late()

    def _too_late(self) -> errors.DeadlineError:
        return errors.DeadlineError(f"{self.module.name} did not answer within the request's time")

    def _frame(self) -> wire.Frame:
        blobs: list[wire.Buffer] = [self.request.arguments]
        numbers: dict[str, Any] = {}
        for name, images in self.request.images.items():
            if isinstance(images, bytes):
                numbers[name] = len(blobs)
                blobs.append(images)
            else:
                numbers[name] = list(range(len(blobs), len(blobs) + len(images)))
                blobs.extend(images)
        files: dict[str, int] = {}
        for name, content in self.request.files.items():
            files[name] = len(blobs)
            blobs.append(content)
        header = {
            "id": self.request.request_id,
            "deadline": self.request.deadline,
            "sent": time.monotonic(),
            "images": numbers,
            "endpoint": self.request.endpoint,
            "files": files,
            "strict": self.request.strict,
            "alone": self.number > 1,
            "announce": self.number > 1 or not self._is_idempotent,
        }
        return wire.Frame(wire.CALL, header, blobs)

    def _await_reply(self, connection: socket.socket) -> None:
        """Wait until the runner says something, watching the client's connection meanwhile."""
        poller = select.poll()
        poller.register(connection, select.POLLIN)
        if self.request.caller is not None:
            poller.register(self.request.caller, select.POLLRDHUP)
        remaining = self.request.deadline - time.monotonic()
        ready = [descriptor for descriptor, _ in poller.poll(max(0.0, remaining) * 1000)]
        if connection.fileno() in ready:
            return
        if ready:
            raise CallerLeft
        raise TimeoutError

    def _reply(self, frame: wire.Frame) -> ModuleReply:
        if frame.kind == wire.OK:
            fields = {
                key: frame.header[key] for key in ModuleReply.__dataclass_fields__ if key in frame.header
            }
            return ModuleReply(bytes(frame.blobs[0]), attempts=self.number, **fields)
        error: type[errors.RequestError] = getattr(errors, wire.ERROR_KINDS[frame.kind])
        raise error(str(frame.header.get("message", "")))


@dataclass
class Quarantine:
    """Fingerprints of requests that killed runners, each until its time is up."""

    _until: dict[bytes, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fingerprint: bytes) -> None:
        now = time.monotonic()
        with self._lock:
            self._until = {key: until for key, until in self._until.items() if until > now}
            self._until[fingerprint] = now + QUARANTINE_SECONDS

    def __bool__(self) -> bool:
        """False while nothing was ever added: then nobody needs to compute a fingerprint."""
        return bool(self._until)

    def holds(self, fingerprint: bytes) -> bool:
        return self._until.get(fingerprint, 0.0) > time.monotonic()


def refuse_unless_served(name: str, module: ModuleState | None) -> ModuleState:
    """The module if it can take requests.

    Raises:
        UnknownModuleError: 404.  UnavailableError: 503, loading or FAILED, with the reason.
    """
    if module is None:
        raise errors.UnknownModuleError(f"Module {name} is not available.")
    if module.state == READY:
        return module
    if module.state == FAILED:
        raise errors.UnavailableError(f"module {name} has failed: {module.reason}", retry_after=30)
    raise errors.UnavailableError(f"module {name} is loading", retry_after=2)


def _fingerprint(module: ModuleState, request: ModuleRequest) -> bytes:
    """Same module generation and same content, same fingerprint."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"{module.name}\0{module.generation}\0{request.endpoint}\0".encode())
    digest.update(request.arguments)
    for name, images in request.images.items():
        digest.update(name.encode())
        for image in [images] if isinstance(images, bytes) else images:
            digest.update(image)
    for name, content in request.files.items():
        digest.update(name.encode())
        digest.update(content)
    return digest.digest()


def _poison_message(name: str) -> str:
    return f"this request killed {name}'s process each time it was tried; for a while it is refused"
