"""Gateway ↔ jobs service: a message asks, another answers, each as ``lines.py`` writes it.

The socket is in the run dir, which only the user who started the server can enter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from hub.serving.messages.message import Message

State = Literal["queued", "running", "done", "failed", "cancelled"]
QUEUED: Final = "queued"
RUNNING: Final = "running"
DONE: Final = "done"
FAILED: Final = "failed"
CANCELLED: Final = "cancelled"
#: A job in one of these is not touched any more.
ENDED: Final = (DONE, FAILED, CANCELLED)
#: Headers of a page's request: the token of the run dir, whose job it is (percent-encoded), ``<item>`` or
#: ``<item>/<page>``, which the body's one image or text is, and how many seconds it lets others go first.
TOKEN: Final = "X-Hub-Job-Token"
OWNER: Final = "X-Hub-Job-Owner"
PAGE: Final = "X-Hub-Job-Page"
PATIENCE: Final = "X-Hub-Job-Patience"


@dataclass(frozen=True)
class Submission(Message):
    """A job as it is handed in.

    Attributes:
        module, method, endpoint: what its pages call, by the names in ``/predict/<module>/<method>`` and
            ``/<endpoint>``.
        content_type, coding: of the body, as its headers say; the coding is "" for none.
        owner: the name of the key that it came with, "" without keys.
        digest: of the body; the same body has the same, whatever boundary its form has.
        strict: a page that cannot be read is an error.
    """

    module: str
    method: str = ""
    endpoint: str = ""
    content_type: str = ""
    coding: str = ""
    owner: str = ""
    idempotency_key: str = ""
    digest: str = ""
    size: int = 0
    strict: bool = False

    @property
    def name(self) -> str:
        """The name that a caller calls it by."""
        return self.endpoint or (f"{self.module}/{self.method}" if self.method else self.module)


@dataclass(frozen=True)
class JobInfo(Message):
    """How a job is doing.

    Attributes:
        name: what it calls: a module, ``<module>/<method>``, or a pipeline's endpoint.
        created, started, ended: ISO 8601, "" for what has not happened.
        seconds: that it has run, or ran.
        done: pages with a result; ``failed`` have an error instead.
        total: all of its pages; None until they are counted.
        error: why it failed.
    """

    id: str
    name: str
    state: str
    created: str
    started: str = ""
    ended: str = ""
    seconds: float = 0.0
    done: int = 0
    failed: int = 0
    total: int | None = None
    error: str = ""
    is_endpoint: bool = False

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED


@dataclass(frozen=True)
class JobRequest(Message):
    """A question.

    Attributes:
        owner: whose jobs are meant; None for everybody's.
        upload: where the body is; it is taken over.
        after: pages that are known already (pages).
        wait: seconds to wait for another one.
    """

    do: str
    owner: str | None = None
    id: str = ""
    submission: Submission | None = None
    upload: str = ""
    after: int = 0
    wait: float = 0.0


@dataclass(frozen=True)
class JobReply(Message):
    """An answer; ``size`` bytes follow it.

    Attributes:
        error: the class of ``hub.errors``, "" for none; ``message`` says why.
        remarks: the envelope's ``msg``.
        after: pages that are known now.
        more: another answer to the same question follows, with more bytes.
    """

    error: str = ""
    message: str = ""
    retry_after: int | None = None
    job: JobInfo | None = None
    jobs: tuple[JobInfo, ...] = ()
    remarks: str = ""
    after: int = 0
    more: bool = False
    size: int = 0
