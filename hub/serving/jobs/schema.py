"""The database of jobs: its tables, and how it is opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

#: Counts up when the tables change; a later version reads an earlier one's.
VERSION: Final = 1
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    state TEXT NOT NULL,
    submission TEXT NOT NULL,
    plan TEXT,
    is_whole INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    created TEXT NOT NULL,
    started TEXT,
    ended TEXT,
    total INTEGER,
    done INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX IF NOT EXISTS by_key ON jobs (owner, idempotency_key) WHERE idempotency_key != '';
CREATE INDEX IF NOT EXISTS by_state ON jobs (state);
CREATE TABLE IF NOT EXISTS pages (
    job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    item INTEGER NOT NULL,
    page INTEGER,
    content TEXT NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    starts INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    results BLOB,
    remarks TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (job, number)
);
CREATE INDEX IF NOT EXISTS by_page_state ON pages (job, state, number);
"""
#: A smaller file is read through at the start; damage in a larger one shows where it is read.
_CHECKED_BYTES: Final = 64 << 20


class DamagedError(Exception):
    """The file is not a whole database; the text says what to do."""


class UnusableError(Exception):
    """The file system cannot hold a database; the text says why."""


def connect(path: Path) -> sqlite3.Connection:
    """Open the database, or make it.

    Raises:
        DamagedError, UnusableError, OSError.
    """
    path.touch(mode=0o600)
    connection = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection, path)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise explained(error, path) from error
    except BaseException:
        connection.close()
        raise
    return connection


def explained(error: sqlite3.DatabaseError, path: Path) -> Exception:
    """Return what an error of the database means for people."""
    if is_damage(error):
        return DamagedError(
            f"the database of jobs {path} is damaged ({error}). Put a copy of it there again, or move the "
            f"folder {path.parent} away to begin without its jobs; the server then takes jobs by itself"
        )
    return UnusableError(
        f"the database of jobs {path} cannot be used: {error}; name another folder: jobs_dir"
    )


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Tell whether the file is not what was written, rather than out of reach or out of room."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    if path.stat().st_size <= _CHECKED_BYTES:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            error = sqlite3.DatabaseError(found)
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise UnusableError(
            f"the file system of {path.parent} cannot hold a database of SQLite with its log beside it; "
            "name another folder: jobs_dir"
        )
    connection.execute("PRAGMA foreign_keys = ON")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise UnusableError(
            f"the database of jobs {path} was made by a later version of HubServing; "
            "start that one, or name another folder: jobs_dir"
        )
    connection.executescript(_TABLES)
    connection.execute(f"PRAGMA user_version = {VERSION}")
