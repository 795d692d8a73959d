"""Typefaces for the labelled set by kind, out of Debian packages: fetched, checked, unpacked beside the set.

Nothing is installed and no root is needed: ``apt-get download`` and ``dpkg-deb -x``. The packages are those
of Debian 12. Where another release has another version, or there is no network, the typefaces are missing,
and so are the kinds that are drawn with them alone.
"""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from PIL import ImageFont

SECONDS: Final = 600


@dataclass(frozen=True)
class Package:
    """A Debian package of one version."""

    version: str
    sha256: str


@dataclass(frozen=True)
class Typeface:
    """A typeface in a package.

    Attributes:
        file: below usr/share/fonts.
        index: in a collection of several.
    """

    package: str
    file: str
    index: int = 0


class MissingTypefaceError(Exception):
    """A package could not be had; says why in one line."""


PACKAGES: Final = {
    "fonts-arphic-gbsn00lp": Package(
        "2.11-16", "f3d0e32e0c938796f983cf4a9735c31c680c66fcdc3a6107098d5605b51d744b"
    ),
    "fonts-arphic-gkai00mp": Package(
        "2.11-16", "7c5452a4f5ce4eb351ceb25ee9ae359c8b094c2fd68955b9c93bd34c315bebf1"
    ),
    "fonts-arphic-ukai": Package(
        "0.2.20080216.2-5", "b9db73184895b067f7911f9adbf3b137df99c2d4ec5425b4ad779a9834b7110b"
    ),
    "fonts-arphic-uming": Package(
        "0.2.20080216.2-11", "2676b21b90df94f23418610291b71b43720c95cdccb420b97ab56edfd3ce4cf5"
    ),
    "fonts-cwtex-fs": Package("1.0-4", "94b4ce9d2fd613e04bcf2e293011ca5099b43d8a8a97c090580fe25d31845850"),
    "fonts-dejavu-core": Package(
        "2.37-6", "8892669e51aab4dc56682c8e39d8ddb7d70fad83c369344e1e240bf3ca22bb76"
    ),
    "fonts-ipafont-gothic": Package(
        "00303-23", "5f8e0270654fec6577fffa96015067352440065c0b49bbc8b076745a6b4bf3d3"
    ),
    "fonts-ipafont-mincho": Package(
        "00303-23", "6a81c96987d37d48c4e09beb55c06396d1f385f46af86de7c1bd53a82a683c45"
    ),
    "fonts-kiloji": Package("1:2.1.0-25", "d80100f41da216751b3d80a27dd573d12a5cde02d883d2867d866e6895527c6e"),
    "fonts-liberation2": Package(
        "2.1.5-1", "35ffaa54f117e633e89a5da89af235a073b34dbe582726fbf6989568f7fd9bda"
    ),
    "fonts-noto-cjk": Package(
        "1:20220127+repack1-1", "4a2515eb6db3978b897fef9709ed0d2b1f4c6c4df4d83d6c4ef65f71f1b1f502"
    ),
    "fonts-wqy-microhei": Package(
        "0.2.0-beta-3.1", "239163df984eea5c9da3b551aee374936222cdbd67f1a1be3cdcf3d76143ad66"
    ),
    "fonts-wqy-zenhei": Package(
        "0.9.45-8", "cfed2c29164ff2f133e40ed2046610b172b8618d174840936ac4ec9b6fd668e7"
    ),
}


class Typefaces:
    """The packages in a folder; fetched when one is asked for, once."""

    def __init__(self, folder: Path, packages: dict[str, Package] = PACKAGES) -> None:
        self.folder = folder
        self.packages = packages

    def path(self, face: Typeface) -> Path:
        """Return the file of a typeface.

        Raises:
            MissingTypefaceError: the package could not be fetched, is another one, or has no such file.
        """
        unpacked = self._unpacked(face.package)
        path = unpacked / "usr" / "share" / "fonts" / face.file
        if not path.is_file():
            raise MissingTypefaceError(f"{face.package} has no usr/share/fonts/{face.file}")
        return path

    def _unpacked(self, name: str) -> Path:
        target, package = self.folder / name, self.packages[name]
        if (target / "sha256").is_file() and (target / "sha256").read_text() == package.sha256:
            return target
        target.mkdir(parents=True, exist_ok=True)
        _run(["apt-get", "download", f"{name}={package.version}"], target)
        archive = next(target.glob("*.deb"), None)
        if archive is None:
            raise MissingTypefaceError(f"apt-get download {name} left no package")
        found = hashlib.sha256(archive.read_bytes()).hexdigest()
        if found != package.sha256:
            archive.unlink()
            raise MissingTypefaceError(
                f"{name} {package.version} has the SHA-256 {found}, not {package.sha256}"
            )
        _run(["dpkg-deb", "-x", archive.name, "."], target)
        archive.unlink()
        (target / "sha256").write_text(found)
        return target


def _run(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingTypefaceError(f"{' '.join(command)}: {error}") from error
    if done.returncode:
        words = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise MissingTypefaceError(f"{' '.join(command)}: {words[-1]}")


@lru_cache(maxsize=64)
def opened(path: Path, index: int, size: int) -> Any:
    return ImageFont.truetype(str(path), size, index=index, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=20_000)
def has(path: Path, index: int, character: str) -> bool:
    """Tell whether a typeface can draw a character: not as nothing, nor as the box for what it lacks."""
    if character.isspace():
        return True
    font = opened(path, index, 32)
    mask, unknown = font.getmask(character), font.getmask("\U0010fffd")
    return bool(mask.getbbox()) and (mask.size, bytes(mask)) != (unknown.size, bytes(unknown))
