"""A job: the same call for many files, one record each; where records go, and which are there already."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from hub.client.many import NOT_THE_ITEMS, in_order
from hub.client.replies import Reply
from hub.errors import HubError, UsageError
from hub.module.arguments import FileKind, for_files
from hub.pictures.pages import PAGES
from hub.predict import files, searchable
from hub.predict.calls import BODY, ENDPOINT, by_pages, from_endpoint, joined, to_endpoint
from hub.predict.formats import FORMATS, PDF, Writer
from hub.predict.journal import RECORDS, Journal, Record, stamped

#: Fields of a job by which its folder is known.
_TOLD: Final = ("module", "argument", "arguments")
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
        takes_all_pages: one call takes a document of any length.
    """

    name: str
    call: Call
    taken: Sequence[str] = ()
    images: Sequence[str] = ()
    takes_all_pages: bool = False

    def job(self, argument: str | None, arguments: Mapping[str, Any]) -> Job:
        """Decide which argument gets a file, and what of it; raises UsageError."""
        documents = PAGES in self.taken
        if argument is not None:
            _, kind = for_files([argument], self.images) or (argument, "image")
            return Job(
                self.name,
                argument,
                kind,
                arguments,
                documents=PAGES in self.taken,
                in_one=self.takes_all_pages,
            )
        if {ENDPOINT, BODY} <= set(self.taken):
            return Job(self.name, BODY, "image", arguments, documents=True, is_pipeline=True)
        # One that tells nothing of its arguments (PaddleHub's, one with **kwargs) most likely takes images.
        found = for_files(self.taken, self.images) or (None if self.taken else ("images", "image"))
        if found is None:
            raise UsageError(
                f"{self.name} has no argument that is known to take a file; name one with --argument. "
                f"It takes {', '.join(self.taken)}"
            )
        return Job(self.name, *found, arguments, documents, in_one=self.takes_all_pages)


@dataclass(frozen=True)
class Job:
    """The call for each file: it goes to ``argument``, as ``kind`` says, besides ``arguments``.

    Attributes:
        documents: the module takes files with several pages, and PDFs.
        is_pipeline: it takes them at an endpoint of PaddleX's.
        in_one: one call takes all pages of a file.
    """

    module: str
    argument: str
    kind: FileKind
    arguments: Mapping[str, Any] = field(default_factory=dict)
    documents: bool = False
    is_pipeline: bool = False
    in_one: bool = False

    def calls(self, name: str) -> Iterable[Mapping[str, Any]]:
        """Return the arguments of each call for a file; raises InvalidInputError."""
        if self.is_pipeline:
            return [to_endpoint(Path(name), self.arguments)]
        arguments = {**self.arguments, self.argument: files.value(name, self.argument, self.kind)}
        is_split = self.documents and self.kind == "image" and not self.in_one
        return by_pages(Path(name), arguments) if is_split else [arguments]


def run(job: Job, names: Iterable[str], call: Call, *, concurrency: int) -> Iterator[Record]:
    """Yield one record per file, in the files' order: its ``results``, or the ``error``.

    Raises:
        HubError: what is wrong with more than a file: no server, no such module, no key, …
    """

    def work(name: str) -> Record:
        record = stamped({"file": name})  # before it is read: a later change must not go unnoticed
        try:
            replies = [call(arguments) for arguments in job.calls(name)]
            results = joined([reply.results for reply in replies])
            remarks = [reply.message for reply in replies]
            if job.is_pipeline:
                results, remark = from_endpoint(results)
                remarks.append(remark)
        except NOT_THE_ITEMS:
            raise
        except HubError as error:
            return {**record, "error": f"{type(error).__name__}: {error}"}
        if any(remarks):
            record["msg"] = "; ".join(dict.fromkeys(filter(None, remarks)))
        return {**record, "results": results}

    return in_order(names, work, concurrency)


class Output(ExitStack):
    """The place of records: a folder with ``results.jsonl``, and from it a table, a text or PDFs.

    The second file is made anew from the first at the beginning and then grows with it, so a job that was
    killed leaves nothing in it that the next one does not repair. Without a folder, records go to stdout and
    nothing is ever done already.

    Attributes:
        path: the file with the results, or the folder of PDFs; None on stdout.
    """

    def __init__(self, folder: Path | None, job: Job, format: str, *, resume: bool) -> None:
        """Open the folder; raises UsageError if it cannot be used, or belongs to another job."""
        super().__init__()
        self.path: Path | None = None
        self._journal: Journal | None = None
        self._writer: Writer | None = None
        self._format = format
        if folder is None:
            self._writer = FORMATS[format](sys.stdout)
            return
        described = {key: value for key, value in asdict(job).items() if key in _TOLD}
        self._journal = self.enter_context(Journal(folder, described, resume=resume))
        names = {"json": RECORDS, PDF: ""}
        self.path = folder / names.get(format, f"results.{format}")
        self._begin_table(self._journal, self.path)

    def is_done(self, name: str) -> bool:
        """Tell whether a file has its answer already."""
        return self._journal is not None and self._journal.is_done(name)

    def add(self, record: Record) -> None:
        """Write a record, or hold it back until others are there."""
        if self._journal is not None:
            self._journal.append(record)
        if self._writer is not None:
            self._writer.write(record)

    def finish(self, names: Sequence[str]) -> None:
        """Write what is held back, when every file has its record."""
        if self._journal is not None and self.path is not None and self._journal.arrange(names):
            self._begin_table(self._journal, self.path)
        if self._writer is not None:
            self._writer.end()

    def _begin_table(self, journal: Journal, path: Path) -> None:
        """Make the second file, where there is one, from the records there are."""
        if self._format == "json":
            return
        if self._format == PDF:
            self._writer = searchable.SearchablePDF(path)
            for record in journal.records():
                self._writer.write(record)
            return
        # A file's name may be no UTF-8.
        file = self.enter_context(path.open("w", encoding="utf-8", errors="backslashreplace", newline=""))
        self._writer = FORMATS[self._format](file)
        for record in journal.records():
            self._writer.write(record)
