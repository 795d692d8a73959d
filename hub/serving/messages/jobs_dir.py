"""The files of a server's jobs, ``$HUB_HOME/jobs/<port>``. They outlive the server. Nothing else names a path
in it.

    lock              held by the jobs service
    jobs.sqlite       jobs, pages and results; written by the jobs service alone
    server            the run dir of the server that had them last; written by the jobs service
    incoming/         gateway → jobs service   bodies that are being received
    files/<id>/       a job's body, and the files that were in it, until it ends
"""

from __future__ import annotations

from pathlib import Path


class JobsDir:
    """Paths below ``path``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = path / "lock"
        self.server = path / "server"
        self.database = path / "jobs.sqlite"
        self.incoming = path / "incoming"
        self.files = path / "files"

    def make(self) -> None:
        """Make the folders that are not there; raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        for folder in (self.path, self.incoming, self.files):
            folder.mkdir(mode=0o700, exist_ok=True)

    def of(self, id: str) -> Path:
        """Return the folder of a job's files."""
        return self.files / id
