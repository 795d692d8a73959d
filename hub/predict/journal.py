"""The folder of a job that can be killed at any moment and started again: what is done is not done again.

    DIR/
      results.jsonl     one JSON object per file, appended whole as answers come
      job.json          which module with which arguments; also the lock that only one job at a time holds

A killed job leaves at most half a line at the end, which the next one cuts off. A file counts as done while
its size and time of change are those of its record; one that failed is tried again. When all is done, the
records are put in the files' order (the file is replaced as a whole).
"""

from __future__ import annotations

import fcntl
import itertools
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from hub import atomic_file, envelope
from hub.errors import UsageError

RECORDS, JOB = "results.jsonl", "job.json"

Record = dict[str, Any]


@dataclass(frozen=True)
class _Span:
    """The place of a record in the file, and the state of the file that it describes."""

    start: int
    length: int
    is_answer: bool
    stamp: tuple[Any, Any]


class Journal(ExitStack):
    """See this file's first lines. The folder is locked while it is open."""

    def __init__(self, folder: Path, job: Mapping[str, Any], *, resume: bool) -> None:
        """Lock the folder, look at what is done.

        Raises:
            UsageError: another job writes there, or another one has; or the folder cannot be written.
        """
        super().__init__()
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with ExitStack() as opened:
                self._lock = opened.enter_context((folder / JOB).open("a+b"))
                self._claim(dict(job), resume=resume)
                self._file = opened.enter_context((folder / RECORDS).open("ab" if resume else "wb"))
                self._look_through()
                self.push(opened.pop_all())
        except OSError as error:
            raise UsageError(f"--output {folder}: {error.strerror}; choose another folder") from error

    def is_done(self, name: str) -> bool:
        """Tell whether the file has its answer, and has not changed since."""
        span = self._spans.get(name)
        return span is not None and span.is_answer and span.stamp == _stamp(stamped({"file": name}))

    def append(self, record: Record) -> None:
        """Add a record, with one write: it is in the file whole, or the next job cuts off its half."""
        line = envelope.dumps(record) + b"\n"
        self._file.write(line)
        self._file.flush()
        self._note(record, len(line))

    def records(self) -> Iterator[Record]:
        """Yield the records in the file's present order, of each file the newest."""
        with (self.folder / RECORDS).open("rb") as file:
            for span in sorted(self._spans.values(), key=lambda each: each.start):
                yield envelope.loads(_cut(file, span))

    def arrange(self, names: Iterable[str]) -> bool:
        """Put the records into this order, and drop those that newer ones replace.

        Records of other files, from an earlier job with other files, stay; they come first.

        Returns:
            True if anything had to be changed.
        """
        places = {name: place for place, name in enumerate(names)}
        spans = [self._spans[name] for name in sorted(self._spans, key=lambda name: places.get(name, -1))]
        ends = [0, *itertools.accumulate(span.length for span in spans)]
        if [span.start for span in spans] == ends[:-1] and ends[-1] == self._size:
            return False
        with (
            atomic_file.replacing(self.folder / RECORDS) as fresh,
            fresh.open("wb") as target,
            (self.folder / RECORDS).open("rb") as source,
        ):
            for span in spans:
                target.write(_cut(source, span))
            target.flush()
            os.fsync(target.fileno())
        self._file.close()
        self._file = self.enter_context((self.folder / RECORDS).open("ab"))
        self._look_through()
        return True

    def _claim(self, job: Record, *, resume: bool) -> None:
        """Take the lock; compare the job with the one whose folder this is."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"another hub predict is writing to {self.folder} at the moment") from None
        self._lock.seek(0)
        said = self._lock.read()
        if said and resume:
            try:
                found: Any = json.loads(said)
            except ValueError:
                found = f"an unreadable {JOB}"
            if found != job:
                raise UsageError(
                    f"{self.folder} holds the results of another job, {_described(found)}, not of "
                    f"{_described(job)}; choose another --output, or give --no_resume to start it anew"
                )
        if not said or not resume:
            self._lock.truncate(0)
            self._lock.write(json.dumps(job, ensure_ascii=False).encode() + b"\n")
            self._lock.flush()

    def _look_through(self) -> None:
        """Note the place of each record; cut off half a line at the end."""
        self._spans: dict[str, _Span] = {}
        self._size = 0
        with (self.folder / RECORDS).open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    self._file.truncate(self._size)
                    break
                self._note(_read(line), len(line))

    def _note(self, record: Record | None, length: int) -> None:
        start, self._size = self._size, self._size + length
        if record is not None:  # other lines are dropped when the records are arranged
            name = str(record["file"])
            self._spans.pop(name, None)  # a newer one comes later, here too
            self._spans[name] = _Span(start, length, "results" in record, _stamp(record))


def stamped(record: Record) -> Record:
    """Return the record with size and time of change of its file, where there is one."""
    try:
        status = Path(record["file"]).stat()
    except OSError:
        return record
    return {**record, "size": status.st_size, "modified": status.st_mtime}


def _stamp(record: Record) -> tuple[Any, Any]:
    return record.get("size"), record.get("modified")


def _read(line: bytes) -> Record | None:
    try:
        record = envelope.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and "file" in record else None


def _cut(file: IO[bytes], span: _Span) -> bytes:
    file.seek(span.start)
    return file.read(span.length)


def _described(job: Any) -> str:
    if not isinstance(job, dict):
        return str(job)
    arguments = json.dumps(job.get("arguments"), ensure_ascii=False)
    return f"{job.get('module')} with {job.get('argument')} and {arguments}"
