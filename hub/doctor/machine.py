"""Python, processor, memory, graphics cards, and what a container leaves of them."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from hub import container, settings
from hub.doctor.finding import Finding

#: The Python versions that are tested.
PYTHONS = ((3, 11), (3, 13))
#: Instructions that make a difference to engines, as /proc/cpuinfo calls them.
CPU_FLAGS = (
    "avx",
    "avx2",
    "avx_vnni",
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


def look() -> Iterator[Finding]:
    yield _python()
    yield Finding("system", f"{platform.system()} {platform.release()}, {platform.machine()}")
    yield _processor()
    yield _cores()
    yield _memory()
    yield _files()
    yield _run_dir()
    yield from _cards()


def _python() -> Finding:
    version = f"{platform.python_version()} ({sys.executable})"
    lowest, highest = (".".join(map(str, each)) for each in PYTHONS)
    if PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        return Finding("Python", version)
    return Finding("Python", version, "warning", f"tested are {lowest} to {highest}; use one of them")


def _processor() -> Finding:
    fields = _fields("/proc/cpuinfo")
    has = set(fields.get("flags", fields.get("Features", "")).split())
    named = [flag for flag in CPU_FLAGS if flag in has]
    value = f"{fields.get('model name') or platform.machine()}: {' '.join(named) or 'no AVX or AMX'}"
    if platform.machine() == "x86_64" and "avx" not in has:
        advice = "Paddle needs AVX; in a virtual machine pass the host's processor through (QEMU: -cpu host)"
        return Finding("processor", value, "broken", advice)
    return Finding("processor", value)


def _fields(path: str) -> dict[str, str]:
    """Return the fields of a file of /proc up to its first empty line; of cpuinfo, the first processor's."""
    pairs = (line.partition(":") for line in container.read(Path(path)).partition("\n\n")[0].splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def _cores() -> Finding:
    allowed, there = len(os.sched_getaffinity(0)), os.cpu_count() or 1
    value = str(allowed) if allowed == there else f"{allowed} of {there}"
    quota = container.cpu_quota()
    if quota is None or quota >= allowed:
        return Finding("cores", value)
    value += f", of which the container may use {quota:g} at a time"
    if quota == int(quota):
        return Finding("cores", value)
    threads = f"engines start {container.available()} threads, so a part of a core is not used"
    return Finding("cores", value, "warning", f"{threads}: give the container a whole number of cores")


def _memory() -> Finding:
    sizes = _fields("/proc/meminfo")
    free, there = (int(sizes.get(key, "0 kB").split()[0]) * 1024 for key in ("MemAvailable", "MemTotal"))
    limit = container.memory_limit()
    value = f"{gigabytes(free)} free of {gigabytes(there)}"
    if limit is not None and limit < there:
        value += f"; the container may use {gigabytes(limit)}"
        free = min(free, limit)
    if free < MIN_MEMORY:
        return Finding("memory", value, "warning", "the OCR modules need about 1 GB; end something else")
    return Finding("memory", value)


def _files() -> Finding:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]  # a server raises its soft limit to it
    if hard >= MIN_FILES or hard == resource.RLIM_INFINITY:
        return Finding(
            "open files", f"{'as many as wanted' if hard == resource.RLIM_INFINITY else hard} allowed"
        )
    advice = f"a server with many callers needs {MIN_FILES}: raise the hard limit (LimitNOFILE, ulimit -Hn)"
    return Finding("open files", f"{hard} allowed", "warning", advice)


def _run_dir() -> Finding:
    place = settings.temporary_folder()
    if os.access(place, os.W_OK | os.X_OK):
        return Finding(str(place), "can be written")
    advice = "servers keep their sockets there: make it writable, or set TMPDIR (runtime_dir in config.json)"
    return Finding(str(place), "cannot be written", "broken", advice)


def _cards() -> Iterator[Finding]:
    tool = shutil.which("nvidia-smi")
    driver = container.read(Path("/proc/driver/nvidia/version")).partition("\n")[0]
    if tool is None and driver:
        advice = "the driver is loaded and nvidia-smi is missing: in a container, start it with --gpus all"
        yield Finding("GPU", driver, "warning", advice)
        return
    if tool is None:
        yield Finding("GPU", "none")
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


def gigabytes(count: int) -> str:
    return f"{count / (1 << 30):.1f} GiB"
