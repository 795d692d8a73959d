"""How many cores and how much memory a container leaves to this process. Standard library only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

#: Where the kernel shows control groups, and which are ours.
CGROUPS, OWN_CGROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def available() -> int:
    """Count the cores that this process may use: those it may run on, or fewer where its CPU time has a quota
    (``docker run --cpus``, a CPU limit of Kubernetes, systemd's ``CPUQuota``).

    With more threads than that the quota is used up early in each period, and all stand still until the next.
    """
    allowed = len(os.sched_getaffinity(0))
    quota = cpu_quota()
    return allowed if quota is None else max(1, min(allowed, int(quota)))


def cpu_quota() -> float | None:
    """Return the time that control groups allow, in cores, the least on the way up; None for no limit."""
    quotas = []
    for folder in groups("cpu"):
        words = read(folder / "cpu.max").split()  # version 2: "200000 100000" or "max 100000"
        if not words:
            words = [read(folder / "cpu.cfs_quota_us"), read(folder / "cpu.cfs_period_us")]
        if len(words) == 2 and words[0].isdecimal() and words[1].isdecimal():
            quotas.append(int(words[0]) / int(words[1]))
    return min(quotas, default=None)


def memory_limit() -> int | None:
    """Return the bytes that control groups allow; None where they do not limit it."""
    limits = []
    for folder in groups("memory"):
        text = read(folder / "memory.max") or read(folder / "memory.limit_in_bytes")
        if text.isdecimal() and int(text) < 1 << 60:  # version 1 says "unlimited" so
            limits.append(int(text))
    return min(limits, default=None)


def groups(controller: str) -> Iterator[Path]:
    """Yield the folders of our control group and of those around it, for either version of control groups."""
    for line in read(OWN_CGROUPS).splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        root = Path(CGROUPS, *([controllers] if controllers else []))
        # Inside a container the path is the host's, and ours is the root.
        inner = root / path.lstrip("/")
        yield from (inner, *(above for above in inner.parents if above.is_relative_to(root)))


def read(path: Path) -> str:
    """Return the text of a file of the kernel's, or nothing where it is not there."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""
