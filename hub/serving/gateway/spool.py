"""A job's body on its way to the disk: it goes there as it comes and takes none of the gateway's memory."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Iterator
from typing import Final

from werkzeug.http import parse_options_header

from hub.errors import PayloadTooLargeError, RequestError, StorageFullError, UnavailableError
from hub.serving.messages.jobs_dir import JobsDir
from hub.serving.process import disk_room, procfs

#: In the environ of WSGI: the Spool of a job's request.
SPOOL: Final = "hub.spool"
#: The disk's room is looked at again after so many bytes.
_LOOK_BYTES: Final = 16 << 20
_serial: Final[Iterator[int]] = itertools.count(1)


class BodyDigest:
    """Tells one body from another. Forms are told by their parts: each sender makes up its own boundary."""

    def __init__(self, content_type: str) -> None:
        kind, options = parse_options_header(content_type)
        self._boundary = (
            options.get("boundary", "").encode("utf-8", "replace") if "multipart" in kind else b""
        )
        self._hash = hashlib.sha256(kind.encode("utf-8", "replace") + b"\0")
        self._ahead = b""

    def update(self, part: bytes) -> None:
        """Take the next bytes."""
        if not self._boundary:
            self._hash.update(part)
            return
        data = (self._ahead + part).replace(self._boundary, b"")
        kept = min(len(data), len(self._boundary) - 1)  # which may be the beginning of another one
        self._hash.update(data[: len(data) - kept])
        self._ahead = data[len(data) - kept :]

    def hexdigest(self) -> str:
        """Return the digest of all that has come."""
        whole = self._hash.copy()
        whole.update(self._ahead)
        return whole.hexdigest()


class Spool:
    """A file that a body is written to.

    Attributes:
        path: the file; who takes it over renames it.
        size: bytes so far.
    """

    def __init__(self, folder: JobsDir, limit: int, content_type: str) -> None:
        """Make it.

        Raises:
            StorageFullError: the disk has no room.  UnavailableError: the folder cannot be written.
        """
        self.size = 0
        self._limit = limit
        self._digest = BodyDigest(content_type)
        self._folder = folder
        self._looked = 0
        name = f"{os.getpid()}-{procfs.started(os.getpid())}-{next(_serial)}"
        self.path = folder.incoming / name
        try:
            folder.make()
            disk_room.require(folder.path)
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _refused(self._folder, error) from error

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()

    def write(self, part: bytes) -> None:
        """Append bytes.

        Raises:
            PayloadTooLargeError: more than ``max_job_mb``.  StorageFullError, UnavailableError.
        """
        self.size += len(part)
        if self.size > self._limit:
            raise too_large(self._limit)
        self._digest.update(part)
        try:
            if self.size - self._looked > _LOOK_BYTES:
                self._looked = self.size
                disk_room.require(self._folder.path)
            view = memoryview(part)
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError as error:
            raise _refused(self._folder, error) from error

    def discard(self) -> None:
        """Close the file, and remove it unless somebody took it over."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
            self.path.unlink(missing_ok=True)


def too_large(limit: int) -> PayloadTooLargeError:
    """Return the error of a job's body over a limit in bytes."""
    return PayloadTooLargeError(f"the body is larger than {limit / 1e6:g} MB (max_job_mb)")


def _refused(folder: JobsDir, error: OSError) -> RequestError:
    if disk_room.is_full(error):
        return StorageFullError(f"the disk of {folder.path} is full", retry_after=60)
    why = f"{folder.path}: {error.strerror or error}; name another folder: jobs_dir"
    return UnavailableError(f"no jobs: {why}", retry_after=10)
