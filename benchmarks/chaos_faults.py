"""Faults of the machine for a server under load: a full disk, too few descriptors, too few processes.

Each lasts for a while and is then taken back. One that this machine does not let us make says why.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path

from benchmarks import machine
from benchmarks.server import HubServer

#: Of the server's /tmp, where that is a file system of its own.
DISK_MB = 48
#: Where the kernel shows the groups that limit processes, by version 1 and by version 2.
PIDS_GROUPS = (Path("/sys/fs/cgroup/pids"), Path("/sys/fs/cgroup"))
#: Gives the server a small /tmp of its own; a checkout that lies in /tmp stays where it is.
_CONFINE = f"""
root="{machine.ROOT}"
exec 9< "$root"
mount -t tmpfs -o size={DISK_MB}m,mode=1777 tmpfs /tmp
case "$root" in /tmp/*) mkdir -p "$root"; mount -c --bind /proc/self/fd/9 "$root";; esac
exec 9<&-
cd "$root"
exec "$@"
"""


def confined() -> list[str]:
    """Return the words before a command that give it a small /tmp; none where this machine forbids it."""
    for options in ("-m", "-Urm"):
        words = ["unshare", options, "sh", "-e", "-c", _CONFINE, "sh"]
        with contextlib.suppress(OSError):
            if subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0:
                return words
    return []


class Fault(ABC):
    """A fault that begins and ends; ``name`` for people."""

    name: str

    @abstractmethod
    def obstacle(self, server: HubServer) -> str:
        """Return why it cannot be made here; "" where it can."""

    @abstractmethod
    def begin(self, server: HubServer) -> None: ...

    @abstractmethod
    def end(self, server: HubServer) -> None: ...


class FullDisk(Fault):
    name = "a full disk"

    def obstacle(self, server: HubServer) -> str:
        if not server.is_confined:
            return "no file system may be mounted here, not even in a namespace"
        inside = server.inside(server.run_dir).stat().st_dev
        if inside != server.inside(Path("/tmp")).stat().st_dev:
            return "the server's run dir is not on the small file system"
        return ""

    def begin(self, server: HubServer) -> None:
        with self._filler(server).open("wb", buffering=0) as filler:
            for size in (1 << 20, 1 << 12):
                try:
                    while True:
                        filler.write(bytes(size))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def end(self, server: HubServer) -> None:
        self._filler(server).unlink(missing_ok=True)

    @staticmethod
    def _filler(server: HubServer) -> Path:
        return server.inside(Path("/tmp/filler"))


class FewDescriptors(Fault):
    """No process of the server may open more than it has open."""

    name = "too few descriptors"

    def obstacle(self, server: HubServer) -> str:
        return ""

    def begin(self, server: HubServer) -> None:
        for pid in server.pids:
            _limit(pid, resource.RLIMIT_NOFILE, machine.descriptors(pid))

    def end(self, server: HubServer) -> None:
        for pid in server.pids:
            _limit(pid, resource.RLIMIT_NOFILE, None)


class FewProcesses(Fault):
    """No process may be started: by RLIMIT_NPROC, or by a control group where that does not hold for us."""

    name = "too few processes"

    def __init__(self) -> None:
        self._groups: Path | None = None
        self._group: Path | None = None

    def obstacle(self, server: HubServer) -> str:
        if _is_limited():
            return ""
        self._groups = next((root for root in PIDS_GROUPS if _can_make_groups(root)), None)
        if self._groups is None:
            return "the kernel does not limit this user's processes, nor lets it make a control group"
        return ""

    def begin(self, server: HubServer) -> None:
        if self._groups is None:
            _limit(server.process.pid, resource.RLIMIT_NPROC, 1)
            return
        self._group = self._groups / f"hub-chaos-{server.process.pid}"
        self._group.mkdir()
        _move(server.pids, self._group)
        (self._group / "pids.max").write_text("1")  # less than there are: none is added, nor ended

    def end(self, server: HubServer) -> None:
        if self._group is None or self._groups is None:
            # Those that were started meanwhile have inherited it.
            for pid in server.pids:
                _limit(pid, resource.RLIMIT_NPROC, None)
            return
        (self._group / "pids.max").write_text("max")
        while members := (self._group / "cgroup.procs").read_text().split():
            _move(map(int, members), self._groups)
        self._group.rmdir()
        self._group = None


def _is_limited() -> bool:
    """Tell whether RLIMIT_NPROC holds for us; for root it does not."""
    code = (
        "import os, resource\n"
        "resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))\n"
        "if os.fork() == 0: os._exit(0)"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode != 0


def _can_make_groups(root: Path) -> bool:
    probe = root / f"hub-chaos-probe-{os.getpid()}"
    try:
        probe.mkdir()
        try:
            return (probe / "pids.max").exists()
        finally:
            probe.rmdir()
    except OSError:
        return False


def _move(pids: Iterable[int], group: Path) -> None:
    for pid in pids:
        with contextlib.suppress(OSError):  # it has ended
            (group / "cgroup.procs").write_text(str(pid))


def _limit(pid: int, which: int, soft: int | None) -> None:
    """Set a soft limit; None makes it as high as the hard one."""
    with contextlib.suppress(OSError):  # it has ended
        _, hard = resource.prlimit(pid, which)
        resource.prlimit(pid, which, (hard if soft is None else soft, hard))


def client_ports(processes: list[int], port: int) -> list[int]:
    """Return the local ports of the clients whose connections these (stopped) processes hold."""
    held = set()
    for pid in processes:
        with contextlib.suppress(OSError):
            for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    held.add(str(descriptor.readlink()).removeprefix("socket:[").removesuffix("]"))
    ports = []
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[9] in held and int(fields[1].rpartition(":")[2], 16) == port:
            ports.append(int(fields[2].rpartition(":")[2], 16))
    return ports
