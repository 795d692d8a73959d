"""A server whose run dir is on a small disk of its own, in a user namespace; needs no rights."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from hub.serving.messages import state
from hub.serving.messages.state import ServerState
from tests.serving.running import Server

#: ``sh -c _MOUNT sh FOLDER OPTIONS COMMAND…``
_MOUNT = 'folder=$1 options=$2; shift 2; mount -t tmpfs -o "$options" none "$folder" && exec "$@"'


def with_disk(folder: Path, options: str) -> list[str]:
    """Return the beginning of a command that has a tmpfs with mount ``options`` at ``folder``."""
    words = ["unshare", "-rm", "sh", "-c", _MOUNT, "sh", str(folder), options]
    if subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets users mount nothing (unshare -rm)")
    return words


class SmallDiskServer(Server):
    """``disk`` is where its run dir is, as it sees it."""

    def __init__(self, home: Path, modules: dict[str, dict[str, Any]], disk: Path, **settings: Any) -> None:
        prefix = with_disk(disk, "size=4m")
        super().__init__(home, modules, prefix=prefix, runtime_dir=str(disk), **settings)

    @property
    def run_dir(self) -> Path:
        record = self.pid_file()
        return Path(f"/proc/{self.process.pid}/root{record['run_dir']}") if record else Path("absent")

    def state(self) -> ServerState:
        path = self.run_dir / "state.json"
        return state.read(path) if path.exists() else ServerState()

    def fill(self) -> None:
        """Leave not a byte free."""
        with (self.run_dir.parent / "filler").open("wb", buffering=0) as filler:
            for size in (65536, 4096, 1):
                try:
                    while True:
                        filler.write(bytes(size))
                except OSError:
                    pass

    def make_room(self) -> None:
        (self.run_dir.parent / "filler").unlink()
