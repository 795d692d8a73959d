"""Jobs service ↔ reader of jobs' bodies: one JSON line asks over its stdin, one JSON line answers.

The reader is a process of the gateway's room, because a body is checked as every other one is, and another
process, because a body may be what ends it.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.serving.messages.jobs import Submission
from hub.serving.messages.message import Message


@dataclass(frozen=True)
class PageInput(Message):
    """The content of a page of a job.

    Attributes:
        item: which of the job's images or texts, from 0.
        page: which page of a document, from 0; None for a whole item.
        content: an item's value as JSON, or the name of its file in the job's folder.
    """

    item: int
    page: int | None = None
    content: str = ""


@dataclass(frozen=True)
class Plan(Message):
    """How a job becomes requests.

    Attributes:
        argument: the one that holds the items; "" where the body is sent whole, as it came.
        arguments: all others, as JSON.
        in_files: items are files; else they are JSON.
        once: a page must not be sent again after it had started.
    """

    argument: str = ""
    arguments: str = "{}"
    in_files: bool = False
    once: bool = False


@dataclass(frozen=True)
class ReadRequest(Message):
    """A question: ``take`` apart an upload into ``folder``, or give the ``page`` of a file in it."""

    do: str
    folder: str
    upload: str = ""
    submission: Submission | None = None
    page: int = 0


@dataclass(frozen=True)
class ReadReply(Message):
    """An answer; ``size`` bytes follow it.

    Attributes:
        error: why it cannot be done; "" where it can.
        again: it may be possible later: the module is loading.
    """

    error: str = ""
    again: bool = False
    plan: Plan | None = None
    pages: tuple[PageInput, ...] = ()
    size: int = 0
