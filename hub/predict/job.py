"""A job: the same call for many files, one record each; where records go, and which are there already."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from hub.client.many import NOT_THE_ITEMS, in_order
from hub.client.replies import Reply
from hub.errors import HubError, UsageError
from hub.module.arguments import FileKind, for_files
from hub.predict import files
from hub.predict.formats import FORMATS, Writer
from hub.predict.journal import Journal, Record, stamped

#: Calls the module with arguments; raises HubError.
Call = Callable[[Mapping[str, Any]], Reply]


@dataclass(frozen=True)
class Target:
    """A module that can be called.

    Attributes:
        name: the module's.
        call: calls it.
        taken: names of its arguments; empty if they are not known.
        images: those of them that are images.
    """

    name: str
    call: Call
    taken: Sequence[str] = ()
    images: Sequence[str] = ()

    def job(self, argument: str | None, arguments: Mapping[str, Any]) -> Job:
        """Decide which argument gets a file, and what of it; raises UsageError."""
        if argument is not None:
            _, kind = for_files([argument], self.images) or (argument, "image")
            return Job(self.name, argument, kind, arguments)
        # One that tells nothing of its arguments (PaddleHub's, one with **kwargs) most likely takes images.
        found = for_files(self.taken, self.images) or (None if self.taken else ("images", "image"))
        if found is None:
            raise UsageError(
                f"{self.name} has no argument that is known to take a file; name one with --argument. "
                f"It takes {', '.join(self.taken)}"
            )
        return Job(self.name, *found, arguments)


@dataclass(frozen=True)
class Job:
    """The call for each file: it goes to ``argument``, as ``kind`` says, besides ``arguments``."""

    module: str
    argument: str
    kind: FileKind
    arguments: Mapping[str, Any] = field(default_factory=dict)


def run(job: Job, names: Iterable[str], call: Call, *, concurrency: int) -> Iterator[Record]:
    """Yield one record per file, in the files' order: its ``results``, or the ``error``.

    Raises:
        HubError: what is wrong with more than a file: no server, no such module, no key, …
    """

    def work(name: str) -> Record:
        record = stamped({"file": name})  # before it is read: a later change must not go unnoticed
        try:
            value = files.value(name, job.argument, job.kind)
            reply = call({**job.arguments, job.argument: value})
        except NOT_THE_ITEMS:
            raise
        except HubError as error:
            return {**record, "error": f"{type(error).__name__}: {error}"}
        if reply.message:
            record["msg"] = reply.message
        return {**record, "results": reply.results}

    for _, record in in_order(names, work, concurrency):
        yield record


class Output:
    """Records on stdout; nothing is ever done already."""

    #: The file with the results; None on stdout.
    path: Path | None = None

    def __init__(self, writer: Writer | None) -> None:
        self._writer = writer

    def is_done(self, name: str) -> bool:
        """Tell whether a file has its answer already."""
        return False

    def add(self, record: Record) -> None:
        """Write a record, or hold it back until others are there."""
        if self._writer is not None:
            self._writer.write(record)

    def finish(self, names: Sequence[str]) -> None:
        """Write what is held back, when every file has its record."""
        if self._writer is not None:
            self._writer.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Folder(Output):
    """Records in a folder: ``results.jsonl``, and from it ``results.csv`` or ``results.txt``.

    The second file is made anew from the first at the beginning and then grows with it, so a job that was
    killed leaves nothing in it that the next one does not repair.
    """

    def __init__(self, folder: Path, job: Job, format: str, *, resume: bool) -> None:
        """Open the folder; raises UsageError if it cannot be used, or belongs to another job."""
        described = {key: value for key, value in asdict(job).items() if key != "kind"}
        self._open = ExitStack()
        self._journal = self._open.enter_context(Journal(folder, described, resume=resume))
        self._format = None if format == "json" else format
        self.path = folder / ("results.jsonl" if self._format is None else f"results.{format}")
        super().__init__(self._table())

    def is_done(self, name: str) -> bool:
        return self._journal.is_done(name)

    def add(self, record: Record) -> None:
        self._journal.append(record)
        super().add(record)

    def finish(self, names: Sequence[str]) -> None:
        if self._journal.arrange(names):
            self._writer = self._table()
        super().finish(names)

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _table(self) -> Writer | None:
        """Make the second file from the records there are; return its writer."""
        if self._format is None or self.path is None:
            return None
        file = self._open.enter_context(self.path.open("w", encoding="utf-8", newline=""))
        writer = FORMATS[self._format](file)
        for record in self._journal.records():
            writer.write(record)
        return writer


def output(folder: Path | None, job: Job, format: str, *, resume: bool) -> Output:
    """Return where records go: to a folder, or without one to stdout."""
    if folder is None:
        return Output(FORMATS[format](sys.stdout))
    return Folder(folder, job, format, resume=resume)
