"""Asks the jobs service, which the supervisor starts when somebody does so for the first time."""

from __future__ import annotations

import contextlib
import socket
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
        try:
            self._run_dir.jobs_wanted.touch()
            reply, content = self._exchange(request)
        except (OSError, ValueError) as error:
            raise UnavailableError(
                f"the jobs service does not answer ({error}); the server's log says why", retry_after=2
            ) from error
        if reply.error:
            found: type[RequestError] = getattr(errors, reply.error, RequestError)
            raise found(reply.message, retry_after=reply.retry_after)
        return reply, content

    def _exchange(self, request: JobRequest) -> tuple[JobReply, bytes]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_ANSWER_SECONDS)
            connection.connect(str(self._run_dir.jobs))
            with contextlib.closing(connection.makefile("rwb")) as file:
                stream = cast(BinaryIO, file)
                lines.send(stream, request)
                return lines.receive_answer(stream, JobReply, "the jobs service")
