"""The result of a job that is done: a large one is sent as it is read, and is in no process as a whole."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from typing import Final

from hub import envelope
from hub.errors import UnavailableError
from hub.serving.gateway.jobs_client import JobsClient
from hub.serving.messages.jobs import JobRequest

#: A result of so many bytes is sent in pieces; a smaller one has a length, as other replies.
_WHOLE_BYTES: Final = 1 << 20
#: Callers of one HTTP worker that are sent results in pieces; each holds a thread.
_MAX_READERS: Final = 8
_readers: Final = threading.BoundedSemaphore(_MAX_READERS)


class JobResult:
    """The reply with a job's result; close it.

    It raises RequestError in the middle where the job is removed while it is sent.

    Attributes:
        beginning: of the reply, or all of it.
        is_whole: it is all of it.
    """

    def __init__(self, client: JobsClient, question: JobRequest, style: envelope.StatusStyle) -> None:
        """Ask for the beginning.

        Raises:
            RequestError: there is no such job, or no result, or too many results are being sent.
        """
        self._answers = client.answers(question)
        self._pieces = self._reply(style)
        self._has_place = False
        try:
            self.beginning, self.is_whole = self._begin()
            if not self.is_whole:
                self._take_place()
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[bytes]:
        yield self.beginning
        self.beginning = b""
        yield from self._pieces

    def close(self) -> None:
        """Read no more; WSGI calls this at the end."""
        self._answers.close()
        if self._has_place:
            self._has_place = False
            _readers.release()

    def _reply(self, style: envelope.StatusStyle) -> Iterator[bytes]:
        """Yield the reply in pieces, none of which is empty: HTTP takes an empty chunk for the last one."""
        reply, _ = next(self._answers)
        is_endpoint = reply.job is not None and reply.job.is_endpoint
        head, tail = (b"", b"") if is_endpoint else envelope.around(reply.remarks, style)
        pieces = itertools.chain([head], (content for _, content in self._answers), [tail])
        yield from filter(None, pieces)

    def _begin(self) -> tuple[bytes, bool]:
        beginning: list[bytes] = []
        size = 0
        for piece in self._pieces:
            beginning.append(piece)
            size += len(piece)
            if size > _WHOLE_BYTES:
                return b"".join(beginning), False
        return b"".join(beginning), True

    def _take_place(self) -> None:
        if not _readers.acquire(blocking=False):
            raise UnavailableError(
                f"{_MAX_READERS} callers are sent large results already; try again later", retry_after=5
            )
        self._has_place = True
