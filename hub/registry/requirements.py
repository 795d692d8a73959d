"""A module's ``requirements.txt``: what of it is missing here, and how it gets in.

The check reads the metadata of what is installed; it imports nothing and asks no index.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hub import settings
from hub.errors import InvalidModuleError, RegistryError
from hub.registry.progress import Progress

FILE = "requirements.txt"

#: Distributions that bring the same packages under another name.
SAME_PACKAGES = {
    "opencv-python": ("opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless"),
    "paddlepaddle": ("paddlepaddle-gpu",),
    "onnxruntime": ("onnxruntime-gpu",),
}
#: The distributions that ``hub.compat`` stands in for.
_ANSWERED_HERE = {"paddlehub", "hubserving"}


@dataclass(frozen=True)
class Unmet:
    """One requirement that does not hold here; ``installed`` is the version that is, if any."""

    requirement: str
    installed: str | None

    def __str__(self) -> str:
        what = f"{self.installed} is installed" if self.installed else "not installed"
        return f"{self.requirement} ({what})"


def unmet(folder: Path) -> list[Unmet]:
    """Return what a module's ``requirements.txt`` asks for and this Python does not have.

    Raises:
        InvalidModuleError: a line of it is not a requirement.
    """
    found = []
    for requirement in _each_once(_read(folder / FILE)):
        version = installed_version(requirement.name)
        if not is_met(requirement, version):
            found.append(Unmet(str(requirement), version))
    return found


def check(folder: Path, *, name: str, shown_as: str) -> None:
    """Refuse a module whose requirements do not hold, with the ways out.

    Raises:
        RegistryError: something is missing, or there in another version.
    """
    found = unmet(folder)
    if not found:
        return
    wanted = "\n".join(f"  {each}" for each in found)
    quoted = " ".join(f"'{each.requirement}'" for each in found)
    by_hand = f"pip install -r {shown_as}/{FILE}" if Path(shown_as).is_dir() else f"pip install {quoted}"
    raise RegistryError(
        f"{name} needs packages that this Python ({sys.prefix}) does not have:\n{wanted}\n"
        f"Install them here:            {by_hand}\n"
        f"or have hub do that:          hub install --install_requirements {shown_as}\n"
        f"or give the module its own:   hub install --isolated {shown_as}"
    )


def pip_install(
    folder: Path, *, name: str, progress: Progress, python: Path | None = None, wheels: Path | None = None
) -> None:
    """Install a module's requirements with pip, as pip is configured.

    Args:
        folder: the module's.
        name: the module's, for messages.
        progress: shows that it runs.
        python: the interpreter of another environment; default ours.
        wheels: a folder to take everything from, instead of an index.

    Raises:
        RegistryError: pip failed; with its last words.
    """
    if not (folder / FILE).is_file():
        return
    target = ["--python", str(python)] if python else []
    source = ["--no-index", "--find-links", str(wheels)] if wheels else []
    where = "an environment of its own" if python else sys.prefix
    with progress.task(f"Installing the requirements of {name} into {where}"):
        problem = f"the requirements of {name} could not be installed"
        # Packages on PYTHONPATH would count as installed there.
        clean = {"PYTHONPATH": ""} if python else {}
        _pip([*target, "install", "-r", FILE, *source], folder, problem, clean)


def pip_wheel(folder: Path, target: Path, *, name: str, progress: Progress) -> None:
    """Collect wheels of all that a module requires, and of what that requires, in ``target``."""
    if (folder / FILE).is_file():
        with progress.task(f"Collecting wheels of the requirements of {name}"):
            words = ["wheel", "-r", FILE, "--wheel-dir", str(target)]
            _pip(words, folder, f"wheels of the requirements of {name} could not be collected", {})


def _pip(words: list[str], folder: Path, problem: str, environment: dict[str, str]) -> None:
    # In the module's folder, so that relative paths in its file are relative to the file.
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *words]
    done = subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=settings.child_environment(environment),
        check=False,
    )
    if done.returncode:
        errors = [line for line in done.stdout.splitlines() if line.startswith("ERROR")]
        last = errors or done.stdout.strip().splitlines()[-8:]
        raise RegistryError(
            f"{problem}; pip says:\n  " + "\n  ".join(last) + "\nNothing was installed of the module; "
            "check the network and pip's settings (pip config list)"
        )


def _each_once(requirements: Iterable[Requirement]) -> list[Requirement]:
    """Join requirements of the same distribution, which files of many years have."""
    found: dict[str, Requirement] = {}
    for requirement in requirements:
        first = found.setdefault(canonicalize_name(requirement.name), requirement)
        if first is not requirement:
            first.specifier &= requirement.specifier
            first.extras |= requirement.extras
    return list(found.values())


def _read(path: Path, above: tuple[Path, ...] = ()) -> Iterator[Requirement]:
    """Read the requirements for this Python from a file and from those that it includes."""
    if not path.is_file() or path in above:
        return
    text = path.read_text(encoding="utf-8", errors="replace").replace("\\\n", " ")
    for line in text.splitlines():
        line = line.split(" #")[0].strip()
        if line.startswith(("-r ", "--requirement ")):
            yield from _read(path.parent / line.split(None, 1)[1], (*above, path))
        elif line and not line.startswith(("#", "-")) and not _is_location(line):
            try:
                requirement = Requirement(line.split(" --")[0])
            except InvalidRequirement as error:
                raise InvalidModuleError(f"{path}: {line!r} is not a requirement: {error}") from error
            here = requirement.marker is None or requirement.marker.evaluate()
            if here and canonicalize_name(requirement.name) not in _ANSWERED_HERE:
                yield requirement


def _is_location(line: str) -> bool:
    """Tell whether a line is a path or address without a name, which only pip can identify."""
    return line.startswith((".", "/", "git+", "http://", "https://", "file:"))


def installed_version(name: str, *, others: bool = True) -> str | None:
    """Return the version of a distribution, or (``others``) of one that brings the same packages."""
    canonical = canonicalize_name(name)
    for candidate in (canonical, *(SAME_PACKAGES.get(canonical, ()) if others else ())):
        with contextlib.suppress(metadata.PackageNotFoundError):
            return metadata.version(candidate)
    return None


def is_met(requirement: Requirement, version: str | None) -> bool:
    """Tell whether an installed version, if there is one, is among those that are required."""
    return version is not None and requirement.specifier.contains(version, prereleases=True)
