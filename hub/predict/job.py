"""A job: the same call for many files, one record each; where the records go, and which are there already."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

from hub.client.many import NOT_THE_ITEMS, in_order
from hub.client.replies import Reply
from hub.errors import HubError
from hub.module.arguments import FileKind
from hub.predict import files
from hub.predict.formats import FORMATS, Writer
from hub.predict.journal import Journal, Record, stamped

#: Calls the module with arguments; raises HubError.
Call = Callable[[Mapping[str, Any]], Reply]


@dataclass(frozen=True)
class Job:
    """What is done with each file: it goes to ``argument``, as ``kind`` says, besides ``arguments``."""

    module: str
    argument: str
    kind: FileKind
    arguments: Mapping[str, Any] = field(default_factory=dict)


def run(job: Job, names: Iterable[str], call: Call, *, concurrency: int) -> Iterator[Record]:
    """One record per file, in the files' order: its ``results``, or the ``error``.

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


class Output(Protocol):
    """Where records go."""

    def is_done(self, name: str) -> bool: ...

    def add(self, record: Record) -> None: ...

    def finish(self, names: Sequence[str]) -> None:
        """Called when every file has its record."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class Stream:
    """Records on stdout; nothing is ever done already."""

    def __init__(self, format: str) -> None:
        self._writer = FORMATS[format](sys.stdout)

    def is_done(self, name: str) -> bool:
        return False

    def add(self, record: Record) -> None:
        self._writer.write(record)

    def finish(self, names: Sequence[str]) -> None:
        self._writer.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Folder:
    """Records in a folder: ``results.jsonl``, and from it ``results.csv`` or ``results.txt``.

    The second file is made anew from the first at the beginning and then grows with it, so a job that was
    killed leaves nothing in it that the next one does not mend.
    """

    def __init__(self, folder: Path, job: Job, format: str, *, resume: bool) -> None:
        """Raises UsageError: the folder cannot be used, or belongs to another job."""
        described = {key: value for key, value in asdict(job).items() if key != "kind"}
        self._open = ExitStack()
        self._journal = self._open.enter_context(Journal(folder, described, resume=resume))
        self._format = None if format == "json" else format
        self._writer = self._table()

    @property
    def path(self) -> Path:
        """The file that was asked for."""
        name = "results.jsonl" if self._format is None else f"results.{self._format}"
        return self._journal.folder / name

    def is_done(self, name: str) -> bool:
        return self._journal.is_done(name)

    def add(self, record: Record) -> None:
        self._journal.append(record)
        if self._writer is not None:
            self._writer.write(record)

    def finish(self, names: Sequence[str]) -> None:
        if self._journal.arrange(names):
            self._writer = self._table()
        if self._writer is not None:
            self._writer.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _table(self) -> Writer | None:
        """Make the second file from the records there are; its writer."""
        if self._format is None:
            return None
        file = self._open.enter_context(self.path.open("w", encoding="utf-8", newline=""))
        writer = FORMATS[self._format](file)
        for record in self._journal.records():
            writer.write(record)
        return writer
