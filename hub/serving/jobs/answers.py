"""Answers the gateways' questions about jobs: each connection has a thread, and may ask several."""

from __future__ import annotations

import contextlib
import logging
import select
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, cast

from hub.errors import ConflictError, HubError, RequestError, UnavailableError
from hub.serving.jobs import assembly, job_table, schema
from hub.serving.jobs.folder import JobsFolder
from hub.serving.jobs.service import Service
from hub.serving.jobs.store import Store
from hub.serving.messages import lines
from hub.serving.messages.jobs import DONE, JobReply, JobRequest

log = logging.getLogger("hub.jobs")

#: The longest that a question for more pages waits.
LONGEST_WAIT_SECONDS: Final = 20.0
#: Pages, and bytes of them, in one answer.
_PAGES_AT_ONCE: Final = 64
_BYTES_AT_ONCE: Final = 4 << 20
#: Pages that are read at once for that.
_PAGES_READ: Final = 4
#: A result is sent in parts of about so many bytes.
_PART_BYTES: Final = 256 << 10

#: An answer, and the bytes that follow it.
Answered = tuple[JobReply, bytes]


class Answers:
    """Takes jobs, and tells of them."""

    def __init__(self, service: Service, store: Store, folder: JobsFolder) -> None:
        self._service, self._store, self._folder = service, store, folder
        self._adding = threading.Lock()
        self._known: dict[str, Callable[[JobRequest], Answered]] = {
            "submit": self._submit,
            "show": self._show,
            "list": self._list,
            "cancel": self._cancel,
            "pages": self._pages,
        }

    def answer(self, request: JobRequest) -> Iterator[Answered]:
        """Yield an answer and the bytes that follow it; a result has several. Errors are answers, too."""
        try:
            if self._service.problem:
                raise UnavailableError(self._service.problem)
            if request.do == "result":
                yield from self._result(request)
            else:
                yield self._known[request.do](request)
        except HubError as error:
            yield refusal(error), b""
        except sqlite3.ProgrammingError:  # it was closed
            problem = UnavailableError("the jobs service ends; ask again in a moment", retry_after=2)
            yield refusal(problem), b""
        except sqlite3.DatabaseError as error:
            damage = schema.explained(error, self._folder.paths.database)
            yield refusal(UnavailableError(str(damage), retry_after=10)), b""
        except OSError as error:
            problem = UnavailableError(
                f"{self._folder.paths.path}: {error.strerror or error}", retry_after=10
            )
            yield refusal(problem), b""

    def _submit(self, request: JobRequest) -> Answered:
        submission = request.submission
        assert submission is not None
        with self._adding:
            job = self._store.jobs.find_repeated(submission)
            if job is not None:
                return JobReply(job=job), b""
            self._store.jobs.require_place()
            self._folder.require_room(submission.size)
            id = job_table.new_id()
            self._folder.adopt(Path(request.upload), id)
            try:
                job = self._store.jobs.add(submission, id)
            except BaseException:
                self._folder.remove(id)
                raise
        self._service.added(id)
        return JobReply(job=job), b""

    def _show(self, request: JobRequest) -> Answered:
        return JobReply(job=self._store.jobs.show(request.id, request.owner)), b""

    def _list(self, request: JobRequest) -> Answered:
        return JobReply(jobs=tuple(self._store.jobs.known(request.owner))), b""

    def _cancel(self, request: JobRequest) -> Answered:
        """Cancel a job; forget one that has ended."""
        job = self._store.jobs.show(request.id, request.owner)
        if job.has_ended:
            self._store.jobs.remove(job.id)
        else:
            job = self._store.jobs.cancel(job.id)
        self._service.ended(job.id)
        return JobReply(job=job), b""

    def _result(self, request: JobRequest) -> Iterator[Answered]:
        """Answer with the result, part by part: what its reader has not taken yet stays in the database."""
        job = self._store.jobs.show(request.id, request.owner)
        if job.state != DONE:
            why = f": {job.error}" if job.error else ""
            raise ConflictError(f"job {job.id} is {job.state}{why}; only one that is done has a result")
        plan, pages = self._store.jobs.plan_of(job.id), self._store.pages.outlines(job.id)
        if plan is None or not pages:
            raise job_table.unknown(job.id)  # removed meanwhile
        yield JobReply(job=job, remarks=assembly.remarks(pages), more=True), b""
        for part in _parts(assembly.whole(plan, pages, partial(self._page_result, job.id))):
            yield JobReply(more=True, size=len(part)), part
        yield JobReply(), b""

    def _page_result(self, id: str, number: int) -> bytes:
        results = self._store.pages.results(id, number)
        if results is None:
            raise job_table.unknown(id)  # removed meanwhile
        return results

    def _pages(self, request: JobRequest) -> Answered:
        """Return the next finished pages as lines, once there are some or the job has ended."""
        until = time.monotonic() + min(request.wait, LONGEST_WAIT_SECONDS)
        while True:
            job = self._store.jobs.show(request.id, request.owner)
            lines = self._lines(job.id, request.after)
            if lines or job.has_ended or time.monotonic() >= until:
                break
            with self._service.changed:
                self._service.changed.wait(0.5)
        if not lines:
            self._store.jobs.show(request.id, request.owner)  # or the error: it was removed meanwhile
        content = b"".join(lines)
        return JobReply(job=job, after=request.after + len(lines), size=len(content)), content

    def _lines(self, id: str, after: int) -> list[bytes]:
        """Return the lines of the next finished pages, as many as one answer has room for."""
        found: list[bytes] = []
        size = 0
        while len(found) < _PAGES_AT_ONCE and size < _BYTES_AT_ONCE:
            pages = self._store.pages.finished_pages(id, after + len(found), _PAGES_READ)
            found += map(assembly.line, pages)
            size = sum(map(len, found))
            if len(pages) < _PAGES_READ:
                break
        return found


def _parts(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join small pieces."""
    part: list[bytes] = []
    size = 0
    for piece in pieces:
        part.append(piece)
        size += len(piece)
        if size >= _PART_BYTES:
            yield b"".join(part)
            part.clear()
            size = 0
    if part:
        yield b"".join(part)


def refusal(error: HubError) -> JobReply:
    """Return the answer that is an error."""
    after = error.retry_after if isinstance(error, RequestError) else None
    return JobReply(type(error).__name__, str(error), after)


def serve(listener: socket.socket, answer: Callable[[JobRequest], Iterable[Answered]]) -> None:
    """Answer all who connect, for ever; for a thread of its own."""
    poller = select.poll()
    poller.register(listener, select.POLLIN)
    while True:
        poller.poll()
        try:
            connection, _ = listener.accept()
        except OSError:  # another was faster, or there is no descriptor
            time.sleep(0.01)
            continue
        connection.setblocking(True)
        threading.Thread(target=_converse, args=(connection, answer), daemon=True, name="answers").start()


def _converse(connection: socket.socket, answer: Callable[[JobRequest], Iterable[Answered]]) -> None:
    with connection, contextlib.suppress(OSError):  # at the end, too: it closes what it could not send
        stream = cast(BinaryIO, connection.makefile("rwb"))
        try:
            while (request := lines.receive(stream, JobRequest)) is not None:
                for reply, content in answer(request):
                    lines.send(stream, reply, content)
        except OSError as error:
            log.debug("a gateway has left before its answer: %s", error)
        except ValueError as error:
            log.error("a question about jobs cannot be read: %s", error)
        except Exception:
            log.exception("a mistake of the jobs service")
