"""A process as /proc describes it: the identity that a PID alone is not, and its memory."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from hub import container


def started(pid: int) -> int | None:
    """Return the start time in clock ticks since boot (field 22 of ``/proc/PID/stat``), None if there is no
    such process or only its zombie. With the boot id it identifies a process for good; PIDs are reused."""
    fields = container.read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    is_there = fields and (fields[0] not in "ZX" or _has_threads(pid))
    return int(fields[19]) if is_there else None


def _has_threads(pid: int) -> bool:
    """Tell whether a process whose first thread has ended has others that still end, and hold its sockets."""
    try:
        return len(list(Path(f"/proc/{pid}/task").iterdir())) > 1
    except OSError:
        return False


def owner(pid: int) -> int | None:
    """Return the user whose process it is, None if there is no such process."""
    try:
        return Path(f"/proc/{pid}").stat().st_uid
    except OSError:
        return None


def with_arguments(*words: str) -> list[tuple[int, int]]:
    """Return (PID, start time) of every process whose command line has all of ``words`` in it."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if all(word.encode() in arguments for word in words):
            start = started(int(entry.name))
            if start is not None:
                found.append((int(entry.name), start))
    return found


def boot_id() -> str:
    """Return what changes at every boot of this machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def memory_mb(pid: int) -> float:
    """Return proportional set size (shared pages counted in part) in MiB; 0.0 if it cannot be read."""
    for line in container.read(Path(f"/proc/{pid}/smaps_rollup")).splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def resident_mb(pid: int) -> float:
    """Return resident set size (shared pages counted whole) in MiB, at next to no cost; 0.0 if unreadable."""
    fields = container.read(Path(f"/proc/{pid}/statm")).split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20) if fields else 0.0


def send_signal(pid: int, expected_start: int, number: signal.Signals) -> bool:
    """Signal the process with this PID *and* start time; False if it is gone or another.

    The pidfd is opened before the check, so the PID cannot change hands between check and signal.
    """
    try:
        descriptor = os.pidfd_open(pid)
    except (ProcessLookupError, PermissionError):
        return False
    try:
        if started(pid) != expected_start:
            return False
        signal.pidfd_send_signal(descriptor, number)
        return True
    except (ProcessLookupError, PermissionError):
        return False
    finally:
        os.close(descriptor)


def wait_gone(processes: list[tuple[int, int]], deadline: float) -> list[tuple[int, int]]:
    """Wait until none of the (pid, start) remain, at most until ``deadline``; returns who does."""
    while True:
        alive = [(pid, start) for pid, start in processes if started(pid) == start]
        if not alive or time.monotonic() >= deadline:
            return alive
        time.sleep(0.02)
