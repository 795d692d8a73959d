"""The contents of a job's pages, which processes of their own read."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hub.serving.jobs.folder import JobsFolder
from hub.serving.jobs.job_table import Job
from hub.serving.jobs.page_table import Page
from hub.serving.jobs.reader_process import ReaderDiedError, ReaderProcess
from hub.serving.jobs.sender import Answer, PageFailed
from hub.serving.messages.job_inputs import PageInput, Plan, ReadReply, ReadRequest
from hub.serving.messages.run_dir import RunDir

log = logging.getLogger("hub.jobs")

#: So often a body may end the process that reads it.
_TRIES: Final = 3


class BodyError(Exception):
    """The body cannot be taken; the text says why."""


class NotYet(Exception):
    """The body cannot be taken apart now: its module is not ready."""


class Inputs:
    """Two processes: one takes bodies apart, the other renders pages meanwhile."""

    def __init__(self, run_dir: RunDir, folder: JobsFolder) -> None:
        self._folder = folder
        self._bodies, self._pages = ReaderProcess(run_dir), ReaderProcess(run_dir)

    def take(self, job: Job) -> tuple[Plan, Sequence[PageInput]]:
        """Take a job's body apart; raises BodyError, NotYet."""
        request = ReadRequest(
            "take",
            str(self._folder.paths.of(job.id)),
            upload=str(self._folder.upload(job.id)),
            submission=job.submission,
        )
        try:
            reply, _ = _ask(self._bodies, request)
        except ReaderDiedError as error:
            raise BodyError(f"the process that reads the body ends each time it does: {error}") from error
        except OSError as error:
            log.error("the process that reads bodies cannot be started: %s; it is tried again", error)
            raise NotYet from error
        if reply.again:
            raise NotYet
        if reply.error or reply.plan is None:
            raise BodyError(reply.error)
        return reply.plan, reply.pages

    def content(self, job: Job, page: Page) -> bytes | Path | Answer:
        """Return the item of a page as JSON or a file, or the file of the whole body.

        An Answer is one already: that of a page that cannot be rendered, about which a module would not be
        asked either.

        Raises:
            PageFailed: it cannot be had.
        """
        plan, given = job.plan, page.input
        assert plan is not None
        if not plan.argument:
            return self._folder.upload(job.id)
        if not plan.in_files:
            return given.content.encode()
        if given.page is None:
            try:
                return (self._folder.paths.of(job.id) / given.content).read_bytes()
            except OSError as error:
                raise PageFailed(f"its file is gone: {error.strerror}", is_final=True) from error
        request = ReadRequest(
            "page",
            str(self._folder.paths.of(job.id)),
            upload=given.content,
            page=given.page,
        )
        try:
            reply, content = _ask(self._pages, request)
        except ReaderDiedError as error:
            raise PageFailed(f"the process that renders the page ends each time: {error}") from error
        if not reply.error:
            return content
        remark = (
            f"{plan.argument}[{given.item}]: page {given.page}, counted from 0, cannot be read: {reply.error}"
        )
        if job.submission.strict:
            raise PageFailed(remark, is_final=True)
        return Answer(b"[[]]", remark)

    def end_if_idle(self) -> None:
        """Give back the memory of processes that have nothing to do."""
        self._bodies.end_if_idle()
        self._pages.end_if_idle()


def _ask(process: ReaderProcess, request: ReadRequest) -> tuple[ReadReply, bytes]:
    """Ask, and again where the process dies: somebody may have ended it."""
    for _ in range(_TRIES - 1):
        try:
            return process.ask(request)
        except ReaderDiedError:
            continue
    return process.ask(request)
