"""Records as JSON lines, CSV or plain text, written as they come.

The *entries* of a record are what its module found in that file: the lines of a picture, the labels of an
image. They are the one result of a reply if that is a list, else the result itself.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from typing import IO, Any

from hub import envelope
from hub.output import is_unicode
from hub.predict.journal import Record


class Writer:
    """Writes records to a text file."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, record: Record) -> None:
        """Write a record, or hold it back."""
        raise NotImplementedError

    def end(self) -> None:
        """Write what is still held back."""


class JSONLines(Writer):
    """One JSON object a line."""

    def write(self, record: Record) -> None:
        line = envelope.dumps(record)
        if not is_unicode(self._file):  # then the escapes must be JSON's
            line = json.dumps(envelope.loads(line)).encode()
        self._file.write(line.decode() + "\n")
        self._file.flush()


class Text(Writer):
    """``file TAB text``, a line for each entry; one for a file without any. Errors are left out."""

    def write(self, record: Record) -> None:
        if "results" not in record:
            return
        for entry in entries(record["results"]) or [""]:
            text = entry.get("text", entry) if isinstance(entry, dict) else entry
            shown = text if isinstance(text, str) else envelope.dumps(text).decode()
            self._file.write(f"{record['file']}\t{' '.join(shown.split())}\n")
        self._file.flush()


class CSV(Writer):
    """A row for each entry: file, number, the entry's keys, other, error.

    The columns are the keys of the first entry there is; what later ones have besides is JSON under
    ``other``. Values that are neither text nor a number are JSON, too.
    """

    def __init__(self, file: IO[str]) -> None:
        super().__init__(file)
        self._rows = csv.writer(file, lineterminator="\n")
        self._columns: list[str] | None = None
        self._held: list[Record] = []

    def write(self, record: Record) -> None:
        self._held.append(record)
        if self._columns is None and (found := entries(record.get("results", []))):
            self._begin(list(found[0]) if isinstance(found[0], dict) else ["value"])
        if self._columns is not None:
            self._write_held(self._columns)

    def end(self) -> None:
        self._write_held(self._begin([]) if self._columns is None else self._columns)

    def _begin(self, columns: list[str]) -> list[str]:
        self._columns = columns
        self._rows.writerow(["file", "number", *columns, "other", "error"])
        return columns

    def _write_held(self, columns: list[str]) -> None:
        for record in self._held:
            found = entries(record.get("results", []))
            if not found:
                self._rows.writerow([record["file"], "", *[""] * len(columns), "", record.get("error", "")])
            for number, entry in enumerate(found, 1):
                fields = entry if isinstance(entry, dict) else {"value": entry}
                cells = [_cell(fields[key]) if key in fields else "" for key in columns]
                other = {key: each for key, each in fields.items() if key not in columns}
                shown = envelope.dumps(other).decode() if other else ""
                self._rows.writerow([record["file"], number, *cells, shown, ""])
        self._held = []
        self._file.flush()


#: The format of which each file has one of its own (:mod:`hub.predict.searchable`).
PDF = "pdf"
#: Name on the command line → what writes it into one file.
FORMATS: dict[str, Callable[[IO[str]], Writer]] = {"json": JSONLines, "csv": CSV, "txt": Text}


def entries(results: Any) -> list[Any]:
    """Return what the module found in one file; see this file's first lines."""
    found = results[0] if isinstance(results, list) and len(results) == 1 else results
    return found if isinstance(found, list) else [found]


def _cell(value: Any) -> Any:
    return value if isinstance(value, (str, int, float)) else envelope.dumps(value).decode()
