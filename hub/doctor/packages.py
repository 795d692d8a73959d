"""HubServing itself and the Python packages that it asks for: are they there, in versions that will do?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata

from packaging.requirements import Requirement

from hub import missing_library
from hub.doctor.finding import Finding
from hub.registry.requirements import SAME_PACKAGES, installed_version, is_met
from hub.version import __version__

IMPORT_SECONDS = 60.0


def look() -> Iterator[Finding]:
    yield Finding("hubserving", __version__)
    try:
        wanted = metadata.requires("hubserving") or []
    except metadata.PackageNotFoundError:
        advice = "what it needs is not checked; pip install -e . in the checkout makes it known to pip"
        yield Finding("installation", "runs from its source", "note", advice)
        return
    there = []
    for requirement in map(Requirement, wanted):
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        version = installed_version(requirement.name)
        if is_met(requirement, version):
            there.append(f"{requirement.name} {version}")
        else:
            advice = f"{requirement} is needed: pip install '{requirement}'"
            yield Finding(requirement.name, version or "not installed", "broken", advice)
    yield Finding("required", ", ".join(sorted(there)))
    # Each brings the package cv2: what is installed last wins, whatever it lacks.
    opencv = ("opencv-python", *SAME_PACKAGES["opencv-python"])
    found = [f"{name} {version}" for name in opencv if (version := installed_version(name, others=False))]
    if len(found) > 1:
        advice = "they overwrite each other: pip uninstall all of them, then install opencv-python again"
        yield Finding("cv2", " and ".join(found), "warning", advice)
    yield from _opencv()


def _opencv() -> Iterator[Finding]:
    """Import OpenCV's package, in a process of its own: its libraries of the system may be missing."""
    command = [sys.executable, "-c", "import cv2"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=IMPORT_SECONDS, check=False)
        said = done.stderr.strip().splitlines()
        problem = said[-1] if done.returncode and said else f"exit code {done.returncode}"
        if not done.returncode:
            return
    except subprocess.TimeoutExpired:
        problem = f"not imported within {IMPORT_SECONDS:g} s"
    advice = missing_library.advice(problem) or "pip install --force-reinstall opencv-python"
    yield Finding("cv2", f"does not load: {problem}", "broken", advice)
