"""Calling the module: bind, join, run, share out, reply. One bad request never fails its neighbours."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from hub.checkpoint import wanted_while
from hub.errors import AbandonedError, InvalidInputError, UnknownModuleError
from hub.module.loader import describe
from hub.serving.messages import wire
from hub.serving.messages.manifest import Manifest
from hub.serving.messages.wire import ErrorHeader, ReplyHeader
from hub.serving.process.logs import request_ids
from hub.serving.runner import batcher, endpoints
from hub.serving.runner.batcher import BatchPolicy
from hub.serving.runner.item_sender import NotJSONResultError, send_items, to_json
from hub.serving.runner.methods import ServingMethod
from hub.serving.runner.request import Request
from hub.serving.runner.right_of_way import RightOfWay, is_page
from hub.serving.runner.shared_room import SharedRoom

log = logging.getLogger("hub.runner")


class Executor:
    """Runs batches on one module instance; may be used by several threads at once."""

    def __init__(
        self,
        *,
        name: str,
        methods: Mapping[str, ServingMethod],
        generation: int,
        manifest: Manifest,
        max_images: int | None = None,
        max_total_pixels: int | None = None,
    ) -> None:
        self.name = name
        self.manifest = manifest
        self._methods = {wire.FIRST: next(iter(methods.values())), **methods}
        self._generation = generation
        self._max_images = max_images
        self._max_total_pixels = max_total_pixels
        self._room = SharedRoom()
        self._way = RightOfWay()

    @property
    def policies(self) -> dict[str, BatchPolicy]:
        """How the requests of each method are joined, by the name that requests call it by."""
        return {name: method.policy for name, method in self._methods.items()}

    def run(self, batch: Sequence[Request]) -> None:
        """Answer every request of the batch.

        A resent request goes first and with no other in the process, so that if it kills the runner,
        the blame is its alone.
        """
        with self._way.held(batch):
            self._run(batch)

    def _run(self, batch: Sequence[Request]) -> None:
        for request in [request for request in batch if request.header.alone]:
            with self._room.alone() as leave:
                if self._wanted(request):
                    for member in self._prepare([request]):
                        self._run_group(self._method(member), [member], leave)
        others = [request for request in batch if not request.header.alone]
        if not others:
            return
        with self._room.shared() as leave:
            prepared = self._prepare([request for request in others if self._wanted(request)])
            requests: dict[ServingMethod, list[Request]] = {}
            for request in prepared:
                requests.setdefault(self._method(request), []).append(request)
            for method, its in requests.items():
                for members in batcher.group(its, method.policy):
                    self._run_group(method, [member for member in members if self._wanted(member)], leave)

    def _method(self, request: Request) -> ServingMethod:
        """Return what a request calls; raises UnknownModuleError: it came before a reload."""
        method = self._methods.get(request.header.method)
        if method is None:
            raise UnknownModuleError(f"{self.name} has no serving method {request.header.method} any more")
        return method

    def _wanted(self, request: Request) -> bool:
        """Tell whether it is still wanted; drop it when its deadline passed or its caller left."""
        if time.monotonic() >= request.header.deadline:
            request.reply(
                wire.Frame(wire.EXPIRED, ErrorHeader("the deadline passed before it was run").to_json())
            )
            return False
        if request.caller_has_left():
            log.info("request %s: dropped, its caller left", request.header.request_id)
            request.drop()
            return False
        return True

    def _prepare(self, requests: list[Request]) -> list[Request]:
        """Decode images and bind arguments; a request that fails here is answered here.

        One that runs alone says before all this that it starts: if the process ends now, it is to blame.
        """
        prepared = []
        for request in requests:
            alone, announces = request.header.alone, request.header.announce
            if (alone and announces and not request.announce()) or not _is_unpacked(request):
                continue
            try:
                request.arguments.update(self._decoded(request))
                request.arguments = self._method(request).binding.bind(request.arguments)
            except AbandonedError:
                self._wanted(request)
            except Exception as error:  # without OpenCV, an ImportError
                self._refuse(request, error)
            else:
                if alone or not announces or request.announce():
                    prepared.append(request)
        return prepared

    def _decoded(self, request: Request) -> dict[str, Any]:
        """Return the request's images as arrays, as ``Pages``, or None for other bytes.

        Raises:
            InvalidInputError: the caller is strict, and one cannot be read; or a page is not there.
            PayloadTooLargeError: too many pages or pixels.  AbandonedError: nobody waits any more.
        """
        if not request.image_blobs:
            return {}
        # A module that takes no images may have an environment without NumPy and OpenCV.
        from hub.pictures.pages import DEFAULT_PAGES, PAGES, Reader, checked

        method, asked = self._method(request), None
        if method.documents:
            asked = checked(request.arguments.get(PAGES, method.binding.defaults.get(PAGES)))
        reader = Reader(
            asked,
            reads_documents=method.documents,
            default=DEFAULT_PAGES,
            max_images=self._max_images,
            max_total_pixels=self._max_total_pixels,
            page=request.header.page,
        )
        first = request.header.item
        decoded: dict[str, Any] = {}
        with self._checkpoints([request]):
            for name, data in request.image_blobs.items():
                blobs = data if isinstance(data, list) else [data]
                images = [reader.read(blob, f"{name}[{number}]") for number, blob in enumerate(blobs, first)]
                decoded[name] = images if isinstance(data, list) else images[0]
        if reader.failures and request.header.strict:
            raise InvalidInputError("; ".join(reader.failures))
        request.notes += reader.notes
        request.pages = reader.numbers
        return decoded

    def _run_group(
        self, called: ServingMethod, members: list[Request], leave_room: Callable[[], None]
    ) -> None:
        """Call the method once for all members; if that fails, each gets a call of its own."""
        if not members:
            return
        started, waited = time.monotonic(), members[0].waited
        token = request_ids.set(", ".join(member.header.request_id for member in members))
        try:
            with self._checkpoints(members):
                shares = _shares(called, members, leave_room)
        except AbandonedError:
            for member in members:
                self._wanted(member)
            return
        except (Exception, SystemExit) as error:  # modules call sys.exit() where they mean "failed"
            if len(members) > 1:
                log.warning("a batch of %d failed (%s); running each alone", len(members), error)
                for member in members:
                    self._run_group(called, [member], leave_room)
            else:
                self._refuse(members[0], error)
            return
        finally:
            request_ids.reset(token)
        started += members[0].waited - waited  # to let others go first, as all members did together
        seconds = time.monotonic() - started
        for member, share in zip(members, shares, strict=True):
            self._answer(called, member, share, started, seconds, len(members))

    def _checkpoints(self, members: Sequence[Request]) -> contextlib.AbstractContextManager[None]:
        """Have checkpoints ask whether anybody waits for one of the members; pages let others go first.

        A page that runs with no other in the process does not: all others would wait with it.
        """
        gives_way = all(is_page(member) and not member.header.alone for member in members)
        give_way = partial(self._way.give_way, members) if gives_way else None
        return wanted_while(lambda: any(member.is_wanted() for member in members), give_way)

    def _answer(
        self, called: ServingMethod, request: Request, result: Any, started: float, seconds: float, size: int
    ) -> None:
        status = 200
        try:
            if request.header.endpoint:
                status, result = endpoints.take_apart(result)
            blobs = [] if called.streams else [to_json(result)]
        except (TypeError, NotJSONResultError) as error:
            self._refuse_result(request, error)
            return
        header = ReplyHeader(
            batch=size,
            queue_seconds=max(0.0, request.accepted - request.header.sent),
            batch_seconds=started - request.accepted,
            run_seconds=seconds,
            generation=self._generation,
            notes=request.notes,
            pages=request.pages,
            http_status=status,
        )
        request.reply(wire.Frame(wire.OK, header.to_json(), blobs))

    def _refuse_result(self, request: Request, error: Exception) -> None:
        """Report that the module's result has no JSON form."""
        problem = f"the module's result cannot be sent as JSON: {error}"
        log.error("request %s: %s: %s", request.header.request_id, self.name, problem)
        request.reply(wire.Frame("raised", ErrorHeader(problem, self._generation).to_json()))

    def _refuse(self, request: Request, error: BaseException) -> None:
        """Report an error: the caller gets the message, the log has the traceback."""
        if isinstance(error, NotJSONResultError):
            self._refuse_result(request, error)
            return
        # By name, as a module's own environment may have another copy of hub; a subclass counts as its base.
        names = [cls.__name__ for cls in type(error).__mro__]
        kind = next((kind for kind, name in wire.ERROR_KINDS.items() if name in names), "raised")
        exception = ""
        if kind == "raised":
            exception = names[0]
            log.error("request %s: %s raised", request.header.request_id, self.name, exc_info=error)
        text = str(error).strip()
        if not text or isinstance(error, (LookupError, SystemExit)):  # "'x'" alone would explain nothing
            text = describe(error)
        request.reply(wire.Frame(kind, ErrorHeader(text, self._generation, exception).to_json()))


def _shares(
    called: ServingMethod, members: Sequence[Request], leave_room: Callable[[], None]
) -> Sequence[Any]:
    """Call the method and return each member's part of the result; the items of a stream are sent here.

    A stream that has begun is never sent again, so it need not be alone; and as it may go on for long, those
    that do must not wait for it.
    """
    method, argument = called.binding.method, called.policy.argument
    if called.streams:
        send_items(called, members[0], leave_room)
        return [None]
    if len(members) == 1 or argument is None:
        return [method(**members[0].arguments)]
    return batcher.split(method(**batcher.join(members, argument)), members, argument)


def _is_unpacked(request: Request) -> bool:
    """Read a request that was left packed; drop it, and return False, where it holds none."""
    try:
        request.unpack()
    except (wire.ProtocolError, ValueError, IndexError) as error:
        log.warning("a request could not be read: %r", error)
        request.drop()
        return False
    return True
