"""The server that had these jobs before: nothing of it may still compute when a page is sent anew."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from hub import atomic_file, text_file
from hub.errors import ConfigError
from hub.serving.jobs.schema import UnusableError
from hub.serving.messages.jobs_dir import JobsDir
from hub.serving.process import leftovers, private_tmp

#: They notice by themselves that their supervisor is gone; then they are killed.
_PATIENCE_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.05


def wait_for_the_end(paths: JobsDir, run_dir: Path) -> None:
    """Wait until no process of the server that wrote its run dir into the folder is left; write ours.

    Every process of a server has the name of its run dir in its environment, which is made for one server.

    Raises:
        UnusableError: its supervisor lives.  OSError: the record cannot be written.
    """
    record = paths.server
    before = _read(record)
    if before == str(run_dir):
        return
    if before and private_tmp.is_held(Path(before)):
        raise UnusableError(
            f"another server has the jobs of {paths.path}; end it, or name another folder: jobs_dir"
        )
    if before:
        until = time.monotonic() + _PATIENCE_SECONDS
        while leftovers.owned(before):
            if time.monotonic() > until:
                leftovers.end_owned(before)
            time.sleep(_POLL_SECONDS)
    atomic_file.write(record, str(run_dir), mode=0o600)


def _read(record: Path) -> str:
    try:
        return text_file.read(record, "record").strip() if record.exists() else ""
    except ConfigError:
        return ""
