"""The database of jobs, with one connection for all threads."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from hub.serving.jobs import schema

log = logging.getLogger("hub.jobs")

_PAUSE_SECONDS: Final = 1.0


class Database:
    """Its rows, and transactions: each has happened, or it has not."""

    def __init__(self, path: Path) -> None:
        """Open it; raises what ``schema.connect`` raises."""
        self._lock = threading.RLock()
        self._connection = schema.connect(path)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextlib.contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """Write all of it, or nothing where something is raised within.

        Args:
            durable: it is on the disk before this returns; else a power cut may take it back; a kill
                of this process does not.
        """
        with self._lock:
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def rows(self, query: str, *values: Any) -> list[Any]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def shrink(self) -> None:
        """Give the disk what deleted rows took."""
        with self._lock:
            self._connection.executescript("PRAGMA incremental_vacuum;")  # execute() takes one step of it


def until_kept(write: Callable[[], object], is_stopping: Callable[[], bool]) -> None:
    """Write until it works: what was computed is not thrown away because the disk is full.

    Raises:
        sqlite3.OperationalError: the database is damaged, or ``is_stopping``.
    """
    has_said = False
    while True:
        try:
            write()
            return
        except sqlite3.OperationalError as error:
            if schema.is_damage(error) or is_stopping():
                raise
            if not has_said:
                log.error("a result cannot be kept: %s; it is tried again until there is room", error)
            has_said = True
            time.sleep(_PAUSE_SECONDS)
