"""The commands that install what an extra of the distribution stands for.

They name the packages themselves: no index has a distribution ``hubserving``, so pip could not resolve
``hubserving[grpc]``. They are the same for a checkout and for a wheel.
"""

from __future__ import annotations

from importlib import metadata

from packaging.requirements import Requirement


def command(extra: str) -> str:
    """Return the command for an extra, such as ``grpc``."""
    packages = [f"'{package}'" for package in _packages(extra)]
    return (
        f"pip install {' '.join(packages)}" if packages else f"pip install -e '.[{extra}]' (in the checkout)"
    )


def _packages(extra: str) -> list[str]:
    try:
        wanted = map(Requirement, metadata.requires("hubserving") or [])
    except metadata.PackageNotFoundError:  # it runs from its source
        return []
    return [_without_marker(each) for each in wanted if _applies(each, extra) and not _applies(each, "")]


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _without_marker(requirement: Requirement) -> str:
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"
