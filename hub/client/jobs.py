"""A job on a server, as ``client.submit`` returns it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Final, Protocol

import httpx2

from hub.client import job_steps, replies
from hub.client.job_steps import JobPage
from hub.client.options import CONNECT_SECONDS
from hub.client.replies import NDJSON, Reply
from hub.errors import ConnectionLostError, UnavailableError, UnreachableError

#: Before pages are asked for again, where the server went away.
_PAUSE_SECONDS: Final = 1.0


class Asks(Protocol):
    """A client, as a job needs it."""

    @property
    def timeout(self) -> float: ...
    def ask_job(self, id: str, how: str = "GET") -> dict[str, Any]: ...
    def wait_for_job(self, id: str, timeout: float | None) -> dict[str, Any]: ...
    def job_result(self, id: str) -> Reply: ...
    def stream_lines(self, request: Callable[[str], dict[str, Any]]) -> Iterator[str]: ...


class AsksAsync(Protocol):
    """The same for asyncio."""

    @property
    def timeout(self) -> float: ...
    async def ask_job(self, id: str, how: str = "GET") -> dict[str, Any]: ...
    async def wait_for_job(self, id: str, timeout: float | None) -> dict[str, Any]: ...
    async def job_result(self, id: str) -> Reply: ...
    def stream_lines(self, request: Callable[[str], dict[str, Any]]) -> AsyncIterator[str]: ...


class _Following:
    """The pages of a job so far, over several connections."""

    def __init__(self, job: str, timeout: float) -> None:
        self._job = job
        self._timeout = timeout
        self._after = 0
        self._deadline = time.monotonic() + timeout
        self.is_over = False

    def request(self, url: str) -> dict[str, Any]:
        """Return the keyword arguments of httpx2's ``stream``."""
        return {
            "method": "GET",
            "url": f"{url}{job_steps.path_of(self._job)}/result?after={self._after}",
            "headers": {"Accept": NDJSON},
            "timeout": httpx2.Timeout(None, connect=CONNECT_SECONDS),
        }

    def page(self, line: str) -> JobPage | None:
        found = job_steps.page(line, self._job)
        if found is None:
            self.is_over = True
            return None
        self._after = found.number + 1
        self._deadline = time.monotonic() + self._timeout
        return found

    def check(self, error: Exception) -> None:
        """Raise the error, unless there is time to ask again."""
        if time.monotonic() + _PAUSE_SECONDS > self._deadline:
            raise error


_AWAY: Final = (UnavailableError, UnreachableError, ConnectionLostError)


class Job:
    """A job. Iterate over it for its pages as they come, in order.

    Attributes:
        id: by which the server knows it, also after a restart.
    """

    def __init__(self, client: Asks, id: str) -> None:
        self._client = client
        self.id = id

    def info(self) -> dict[str, Any]:
        """Return ``{"state", "pages": {"done", "failed", "total"}, "seconds", "error", …}``."""
        return self._client.ask_job(self.id)

    def wait(self, timeout: float | None = None) -> dict[str, Any]:
        """Wait until it has ended, as long as it takes or ``timeout`` seconds, and return its info.

        Raises:
            DeadlineError: it is not done in time; it goes on.
        """
        return self._client.wait_for_job(self.id, timeout)

    def result(self) -> Any:
        """Return the results that ``predict`` would have returned; of a pipeline its whole reply.

        Raises:
            ConflictError: it is not done, or has failed or was cancelled.
        """
        return self._client.job_result(self.id).results

    def cancel(self) -> dict[str, Any]:
        """Cancel it; remove one that has ended, with its result."""
        return self._client.ask_job(self.id, "DELETE")

    def __iter__(self) -> Iterator[JobPage]:
        """Yield pages; raises ConflictError where the job fails or is cancelled."""
        following = _Following(self.id, self._client.timeout)
        while not following.is_over:
            try:
                for line in self._client.stream_lines(following.request):
                    page = following.page(line)
                    if page is not None:
                        yield page
            except _AWAY as error:
                following.check(error)
                time.sleep(_PAUSE_SECONDS)

    def __repr__(self) -> str:
        return f"Job({self.id!r})"


class AsyncJob:
    """:class:`Job` for asyncio: the same methods."""

    def __init__(self, client: AsksAsync, id: str) -> None:
        self._client = client
        self.id = id

    async def info(self) -> dict[str, Any]:
        """Return how it is doing; see :meth:`Job.info`."""
        return await self._client.ask_job(self.id)

    async def wait(self, timeout: float | None = None) -> dict[str, Any]:
        """Wait until it has ended; see :meth:`Job.wait`."""
        return await self._client.wait_for_job(self.id, timeout)

    async def result(self) -> Any:
        """Return its results; see :meth:`Job.result`."""
        return (await self._client.job_result(self.id)).results

    async def cancel(self) -> dict[str, Any]:
        """Cancel it; see :meth:`Job.cancel`."""
        return await self._client.ask_job(self.id, "DELETE")

    async def __aiter__(self) -> AsyncIterator[JobPage]:
        """Yield pages as they come; see :class:`Job`."""
        following = _Following(self.id, self._client.timeout)
        while not following.is_over:
            try:
                async for line in self._client.stream_lines(following.request):
                    page = following.page(line)
                    if page is not None:
                        yield page
            except _AWAY as error:
                following.check(error)
                await asyncio.sleep(_PAUSE_SECONDS)

    def __repr__(self) -> str:
        return f"AsyncJob({self.id!r})"


def refuse(response: httpx2.Response, server: Any) -> None:
    """Raise the error that a response holds instead of pages."""
    if response.is_error:
        replies.read(response, server, "")
