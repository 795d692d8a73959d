"""A command as PID 1 of namespaces of its own, as a container runs it: another user, who is not root, a
read-only root file system. Needs neither root nor a container engine, only ``unshare``."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.serving.running import wait_until

#: The image's user.
UID = 10001
_UNSHARE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--user"]
#: Makes the root file system read-only, and the folders $1 names as rw:PATH or ro:PATH, in their order; then
#: becomes another user.
_READ_ONLY = """
places=$1; shift
for place in $places; do
    folder=${place#*:}
    mount --bind "$folder" "$folder"
    mount -o "remount,bind,${place%%:*}" "$folder"
done
mount -o remount,bind,ro /
exec unshare --user --map-user=$UID_INSIDE --map-group=$UID_INSIDE "$@"
"""


def needed() -> None:
    """Skip where the kernel does not let users make namespaces."""
    try:
        tried = subprocess.run([*_UNSHARE, "--map-root-user", "true"], capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("needs unshare, of Debian's package util-linux")
    if tried.returncode:
        pytest.skip(f"this kernel does not let us make namespaces: {tried.stderr.strip()}")


class Container:
    """A command that runs as PID 1; with ``places`` (rw:PATH or ro:PATH) nothing else can be written."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        cwd: Path,
        places: Sequence[str] | None = None,
    ) -> None:
        if places is None:
            words = [*_UNSHARE, f"--map-user={UID}", f"--map-group={UID}", *command]
        else:
            words = [*_UNSHARE, "--map-root-user", "sh", "-euc", _READ_ONLY, "sh", " ".join(places), *command]
        self.log_path = log
        with log.open("w") as stdout, log.with_suffix(".stderr").open("w") as stderr:
            self.process = subprocess.Popen(
                words,
                env={**environment, "UID_INSIDE": str(UID)},
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )
        self.pid = wait_until(lambda: next(iter(children(self.process.pid)), None), what="PID 1")

    def terminate(self) -> None:
        """As ``docker stop``: a SIGTERM for PID 1 alone, by somebody outside."""
        os.kill(self.pid, signal.SIGTERM)

    def stop(self, seconds: float = 20.0) -> int:
        """The exit code of PID 1."""
        if self.process.poll() is None:
            self.terminate()
        try:
            return self.process.wait(seconds)
        finally:
            self.process.kill()  # and PID 1 with it, and the kernel ends everybody else
            self.process.wait()

    def run(self, *words: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """As ``docker exec``: another command in the same namespaces."""
        enter = ["nsenter", f"--target={self.pid}", "--user", "--mount", "--pid", "--preserve-credentials"]
        return subprocess.run(
            [*enter, *words], env=dict(environment), capture_output=True, text=True, timeout=60
        )

    def log(self) -> str:
        """Of stdout."""
        return self.log_path.read_text()

    def errors(self) -> str:
        """Of stderr."""
        return self.log_path.with_suffix(".stderr").read_text()

    def zombies(self) -> list[int]:
        return [pid for pid in children(self.pid) if _state(pid) == "Z"]


def children(pid: int) -> list[int]:
    try:
        tasks = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return []
    return [int(child) for task in tasks for child in task.split()]


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
