"""HubServing itself and the Python packages that it asks for: are they there, in versions that will do?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from importlib import metadata

from hub.doctor.finding import Finding as AnyFinding
from hub.version import __version__

Finding = partial(AnyFinding, "packages")

#: Distributions that both bring the package ``cv2``: what is installed last wins, whatever it lacks.
_OPENCV = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)


def look() -> Iterator[AnyFinding]:
    yield Finding("hubserving", __version__)
    try:
        wanted = metadata.requires("hubserving") or []
    except metadata.PackageNotFoundError:
        yield Finding(
            "installation", "runs from its source", "note",
            "what it needs is not checked; pip install -e . in the checkout makes it known to pip",
        )  # fmt: skip
        return
    yield from _required(wanted)
    yield from _opencv()


def _required(wanted: list[str]) -> Iterator[AnyFinding]:
    from packaging.requirements import Requirement

    there = []
    for requirement in map(Requirement, wanted):
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        version = _installed(requirement.name)
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            yield Finding(
                requirement.name, version or "not installed", "broken",
                f"{requirement} is needed: pip install '{requirement}'",
            )  # fmt: skip
        else:
            there.append(f"{requirement.name} {version}")
    yield Finding("required", ", ".join(sorted(there)))


def _opencv() -> Iterator[AnyFinding]:
    found = [f"{name} {version}" for name in _OPENCV if (version := _installed(name))]
    if len(found) > 1:
        yield Finding(
            "cv2", " and ".join(found), "warning",
            "they overwrite each other: pip uninstall all of them, then install opencv-python again",
        )  # fmt: skip


def _installed(name: str) -> str | None:
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
    return version if version and re.match(r"\d", version) else None
