"""Python, processor, memory, graphics cards, and what a container leaves of them."""

from __future__ import annotations

import math
import os
import platform
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from hub.doctor.finding import Finding as AnyFinding

Finding = partial(AnyFinding, "machine")

#: The Python versions that are tested.
PYTHONS = ((3, 11), (3, 13))
#: Instructions that make a difference to engines, as /proc/cpuinfo calls them.
CPU_FLAGS = (
    "avx",
    "avx2",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "amx_tile",
    "amx_int8",
    "amx_bf16",
    "bf16",
)
MIN_MEMORY = 1 << 30
MIN_FILES = 1024
_GPU_SECONDS = 20
#: Where the kernel shows control groups, and which are ours.
CGROUPS, OWN_CGROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def look() -> Iterator[AnyFinding]:
    yield _python()
    yield Finding("system", f"{platform.system()} {platform.release()}, {platform.machine()}")
    yield _processor()
    yield _cores()
    yield _memory()
    yield _files()
    yield _run_dir()
    yield from _cards()


def _python() -> AnyFinding:
    version = f"{platform.python_version()} ({sys.executable})"
    lowest, highest = (".".join(map(str, each)) for each in PYTHONS)
    if PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        return Finding("Python", version)
    return Finding("Python", version, "warning", f"tested are {lowest} to {highest}; use one of them")


def _processor() -> AnyFinding:
    fields = _cpuinfo()
    model = fields.get("model name") or platform.machine()
    has = set(fields.get("flags", fields.get("Features", "")).split())
    named = [flag for flag in CPU_FLAGS if flag in has]
    value = f"{model}: {' '.join(named) or 'none of the instructions that engines look for'}"
    if platform.machine() == "x86_64" and "avx" not in has:
        return Finding(
            "processor", value, "broken",
            "Paddle needs AVX; in a virtual machine pass the host's processor through (QEMU: -cpu host)",
        )  # fmt: skip
    return Finding("processor", value)


def _cpuinfo() -> dict[str, str]:
    """The fields of the first processor."""
    try:
        first = Path("/proc/cpuinfo").read_text().partition("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in first.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def _cores() -> AnyFinding:
    allowed, there = len(os.sched_getaffinity(0)), os.cpu_count() or 1
    value = str(allowed) if allowed == there else f"{allowed} of {there}"
    quota = cpu_quota()
    if quota is None or quota >= allowed:
        return Finding("cores", value)
    return Finding(
        "cores", f"{value}, of which the container may use {quota:g} at a time", "warning",
        "engines start a thread per core and are then throttled; give the container cores of its own: "
        f"docker run --cpuset-cpus 0-{max(0, math.ceil(quota) - 1)} instead of --cpus",
    )  # fmt: skip


def cpu_quota() -> float | None:
    """Cores' worth of time that a control group allows, the least on the way up; None for no limit."""
    quotas = []
    for folder in _groups("cpu"):
        words = _read(folder / "cpu.max").split()  # version 2: "200000 100000" or "max 100000"
        if not words:
            words = [_read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us")]
        if len(words) == 2 and words[0].isdecimal() and words[1].isdecimal():
            quotas.append(int(words[0]) / int(words[1]))
    return min(quotas, default=None)


def memory_limit() -> int | None:
    """Bytes that a control group allows; None where it does not limit."""
    limits = []
    for folder in _groups("memory"):
        text = _read(folder / "memory.max") or _read(folder / "memory.limit_in_bytes")
        if text.isdecimal() and int(text) < 1 << 60:  # version 1 says "unlimited" so
            limits.append(int(text))
    return min(limits, default=None)


def _memory() -> AnyFinding:
    sizes = {}
    for line in _read(Path("/proc/meminfo")).splitlines():
        key, _, rest = line.partition(":")
        sizes[key] = int(rest.split()[0]) * 1024 if rest.split() else 0
    free, there, limit = sizes.get("MemAvailable", 0), sizes.get("MemTotal", 0), memory_limit()
    value = f"{_gigabytes(free)} free of {_gigabytes(there)}"
    if limit is not None and limit < there:
        value += f"; the container may use {_gigabytes(limit)}"
        free = min(free, limit)
    if free < MIN_MEMORY:
        return Finding("memory", value, "warning", "the OCR modules need about 1 GB; end something else")
    return Finding("memory", value)


def _files() -> AnyFinding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= MIN_FILES:
        return Finding("open files", f"{soft} allowed")
    return Finding(
        "open files", f"{soft} allowed", "warning",
        f"a server with many callers needs {MIN_FILES}: ulimit -n {min(MIN_FILES, hard)}",
    )  # fmt: skip


def _run_dir() -> AnyFinding:
    if os.access("/tmp", os.W_OK | os.X_OK):
        return Finding("/tmp", "can be written")
    return Finding(
        "/tmp", "cannot be written", "broken", "servers keep their sockets there: mount a writable /tmp"
    )


def _cards() -> Iterator[AnyFinding]:
    tool = shutil.which("nvidia-smi")
    driver = _read(Path("/proc/driver/nvidia/version")).partition("\n")[0]
    if tool is None:
        if not driver:
            yield Finding("GPU", "none")
            return
        yield Finding(
            "GPU", driver, "warning",
            "the driver is loaded and nvidia-smi is missing: in a container, start it with --gpus all",
        )  # fmt: skip
        return
    query = [tool, "--query-gpu=index,name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=_GPU_SECONDS, check=False)
        problem = "" if done.returncode == 0 else (done.stdout or done.stderr).strip().partition("\n")[0]
    except (OSError, subprocess.TimeoutExpired) as error:
        problem = str(error)
    if problem:
        yield Finding("GPU", problem, "broken", "the driver does not work; install it again, or reboot")
        return
    for line in done.stdout.splitlines():
        number, name, memory, version = (part.strip() for part in line.split(","))
        yield Finding(f"GPU {number}", f"{name}, {memory}, driver {version}")


def _groups(controller: str) -> Iterator[Path]:
    """Folders of our control group and of those around it, for either version of control groups."""
    for line in _read(OWN_CGROUPS).splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        root = Path(CGROUPS, *([controllers] if controllers else []))
        # Inside a container the path is the host's, and what concerns us lies at the root.
        inner = root / path.lstrip("/")
        yield from (inner, *(above for above in inner.parents if above.is_relative_to(root)))


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _gigabytes(count: int) -> str:
    return f"{count / (1 << 30):.1f} GiB"
