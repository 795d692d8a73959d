"""Asks the jobs service, which the supervisor starts when somebody does so for the first time."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Generator, Iterator
from typing import BinaryIO, Final, cast

from hub import errors
from hub.errors import RequestError, UnavailableError
from hub.serving.messages import lines
from hub.serving.messages.jobs import JobReply, JobRequest
from hub.serving.messages.run_dir import RunDir

#: It takes a moment to start, and waits for what is left of a server before it.
_ANSWER_SECONDS: Final = 60.0


class JobsClient:
    """One instance serves all threads of a gateway."""

    def __init__(self, run_dir: RunDir) -> None:
        self._run_dir = run_dir

    def ask(self, request: JobRequest) -> tuple[JobReply, bytes]:
        """Return the answer and the bytes that follow it.

        Raises:
            RequestError: that the service answers with, of the same class.
            UnavailableError: it does not answer.
        """
        with contextlib.closing(self.answers(request)) as answers:
            return next(answers)

    def answers(self, request: JobRequest) -> Generator[tuple[JobReply, bytes]]:
        """Yield the answers to a question that has several, each when it is asked for; then close them.

        Raises:
            RequestError, UnavailableError: as ``ask``, also in the middle.
        """
        try:
            self._run_dir.jobs_wanted.touch()
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(_ANSWER_SECONDS)
                connection.connect(str(self._run_dir.jobs))
                with contextlib.closing(connection.makefile("rwb")) as file:
                    yield from _received(cast(BinaryIO, file), request)
        except (OSError, ValueError) as error:
            raise UnavailableError(
                f"the jobs service does not answer ({error}); the server's log says why", retry_after=2
            ) from error


def _received(stream: BinaryIO, request: JobRequest) -> Iterator[tuple[JobReply, bytes]]:
    """Ask, and yield the answers; raises RequestError."""
    lines.send(stream, request)
    has_more = True
    while has_more:
        reply, content = lines.receive_answer(stream, JobReply, "the jobs service")
        if reply.error:
            found: type[RequestError] = getattr(errors, reply.error, RequestError)
            raise found(reply.message, retry_after=reply.retry_after)
        yield reply, content
        has_more = reply.more
