"""The folder of a server's jobs: whose it is, its files, and how much fits."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Collection
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from hub.errors import StorageFullError
from hub.serving.jobs.schema import UnusableError
from hub.serving.messages.jobs_dir import JobsDir
from hub.serving.process import disk_room, procfs

#: How long a count of bytes holds; what comes meanwhile is added to it.
_COUNT_SECONDS: Final = 5.0
UPLOAD: Final = "body"


class JobsFolder:
    """The folder, held by this process until it ends."""

    def __init__(self, paths: JobsDir, max_bytes: float) -> None:
        """Make it, and lock it.

        Raises:
            UnusableError: another server has it, or the file system has no locks.  OSError.
        """
        self.paths = paths
        self._max_bytes = max_bytes
        self._used = 0
        self._counted = float("-inf")
        paths.make()
        self._lock = FileLock(paths.lock)
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise UnusableError(
                f"another server has the jobs of {paths.path}; end it, or name another folder: jobs_dir"
            ) from error
        except (NotImplementedError, OSError) as error:
            raise UnusableError(
                f"{paths.path} cannot be locked ({error}), so two servers could take its jobs; "
                "name a folder on a file system with locks: jobs_dir"
            ) from error

    def release(self) -> None:
        self._lock.release()

    def require_room(self, size: int) -> None:
        """Check that a body of ``size`` bytes fits; raises StorageFullError."""
        disk_room.require(self.paths.path)
        now = time.monotonic()
        if now - self._counted > _COUNT_SECONDS:
            self._used, self._counted = _size(self.paths.path, but=self.paths.incoming), now
        if self._used + size > self._max_bytes:
            raise StorageFullError(
                f"all jobs have {self._used / 1e9:.2f} of {self._max_bytes / 1e9:g} GB (max_jobs_gb); "
                "cancel some, or delete the results of some that are done",
                retry_after=60,
            )
        self._used += size

    def adopt(self, upload: Path, id: str) -> None:
        """Take a body over as a job's; it stays, also without power.  Raises OSError."""
        folder = self.paths.of(id)
        folder.mkdir(mode=0o700)
        with upload.open("rb") as file:
            os.fsync(file.fileno())
        upload.replace(folder / UPLOAD)
        for each in (folder, self.paths.files):
            descriptor = os.open(each, os.O_RDONLY | os.O_DIRECTORY)
            os.fsync(descriptor)
            os.close(descriptor)

    def upload(self, id: str) -> Path:
        return self.paths.of(id) / UPLOAD

    def remove(self, id: str) -> None:
        """Remove a job's files."""
        shutil.rmtree(self.paths.of(id), ignore_errors=True)
        self._counted = float("-inf")

    def sweep(self, needed: Collection[str]) -> None:
        """Remove the files of all jobs but ``needed``, and bodies whose gateway is gone."""
        for folder in self.paths.files.iterdir():
            if folder.name not in needed:
                self.remove(folder.name)
        self.sweep_incoming()

    def sweep_incoming(self) -> None:
        """Remove bodies that were being received by an HTTP worker that is gone."""
        for upload in self.paths.incoming.iterdir():
            pid, _, rest = upload.name.partition("-")
            started = rest.partition("-")[0]
            if not pid.isdecimal() or str(procfs.started(int(pid))) != started:
                upload.unlink(missing_ok=True)


def _size(folder: Path, but: Path) -> int:
    """Return the bytes of all files below a folder; what vanishes meanwhile does not count."""
    total = 0
    for place, names, files in os.walk(folder):
        names[:] = [name for name in names if Path(place, name) != but]
        for name in files:
            try:
                total += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118  # of thousands
            except FileNotFoundError:
                continue
    return total
