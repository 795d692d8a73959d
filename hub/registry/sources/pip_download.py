"""Fetch one archive of the package index that pip is configured with, without installing it.

``unearth`` does the work in a process of its own, one per place that pip knows (``find-links``, then
``index-url`` and every ``extra-index-url``), because it gives up all of them when one cannot be
reached. The first place that has the archive wins; nothing is resumed, a broken download starts again.
"""

from __future__ import annotations

import ast
import json
import logging
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hub import settings
from hub.errors import NetworkError
from hub.registry.progress import Advance

log = logging.getLogger("hub.registry")

_ATTEMPTS = 3
_NOT_THERE = "No matches are found."


@dataclass(frozen=True)
class Place:
    """Somewhere to look: unearth's arguments and a name that may be shown (no password in it)."""

    arguments: tuple[str, ...]
    shown: str
    local: bool = False


@dataclass(frozen=True)
class PipConfig:
    """What pip would use: every option as it was given, e.g. ``{"index-url": "…"}``."""

    options: dict[str, str]

    def places(self) -> list[Place]:
        """Where to look, the nearest first."""
        found = [
            Place(("--find-link", link), without_password(link), local="://" not in link)
            for link in self._values("find-links")
        ]
        if self.options.get("no-index", "").lower() in {"1", "true", "yes", "on"}:
            return found
        indexes = self._values("index-url")
        found += [Place(("--index-url", url), without_password(url)) for url in indexes]
        if not indexes:
            found.append(Place((), "the default package index"))
        extra = self._values("extra-index-url")
        return found + [Place(("--index-url", url), without_password(url)) for url in extra]

    def trusted_hosts(self) -> list[str]:
        return [part for host in self._values("trusted-host") for part in ("--trusted-host", host)]

    def environment(self) -> dict[str, str]:
        """The environment for the child: pip's certificate and proxy under the names it reads."""
        environment = settings.child_environment()
        if cert := self.options.get("cert"):
            environment["SSL_CERT_FILE"] = cert
        if proxy := self.options.get("proxy"):
            environment["HTTPS_PROXY"] = environment["HTTP_PROXY"] = proxy
        return environment

    def _values(self, key: str) -> list[str]:
        return self.options.get(key, "").split()


def pip_config() -> PipConfig:
    """Read pip's configuration files by asking pip, and its environment variables over them."""
    options: dict[str, str] = {}
    try:
        listing = subprocess.run(
            [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:  # an environment without pip
        log.debug("pip's configuration files are not read: %s", error)
        listing = ""
    for section in ("global", "install", "download"):
        for name, value in re.findall(rf"^{section}\.([\w-]+)=(.*)$", listing, re.MULTILINE):
            options[name.replace("_", "-")] = str(ast.literal_eval(value))
    return PipConfig({**options, **settings.pip_environment()})


def download(requirement: str, folder: Path, advance: Advance) -> Path:
    """Download ``requirement`` (``name==version``) into ``folder``; return the archive's path.

    A file that pip's ``find-links`` has on this machine is not copied: its own path is returned.

    Raises:
        NetworkError: no place had it; the message lists what was tried.
    """
    config = pip_config()
    places = remaining = config.places()
    reasons: dict[Place, str] = {}
    for attempt in range(_ATTEMPTS):
        # Every place once before any place twice: one that is down should not delay those that are up.
        time.sleep(0.5 * attempt if remaining else 0)
        for place in remaining:
            target = folder / f"{places.index(place)}-{attempt}"
            archive, reasons[place] = _from_place(requirement, place, config, target, advance)
            if archive is not None:
                return archive
        remaining = [place for place in remaining if not place.local and _NOT_THERE not in reasons[place]]
    tried = [f"  {place.shown}: {reasons[place]}" for place in places]
    raise NetworkError(
        f"{requirement} could not be downloaded. Tried:\n"
        + "\n".join(tried or ["  nothing: pip is configured with no-index and no find-links"])
    )


def _from_place(
    requirement: str, place: Place, config: PipConfig, folder: Path, advance: Advance
) -> tuple[Path | None, str]:
    """One attempt: the archive, or None and the reason."""
    command = [sys.executable, "-m", "unearth", *place.arguments, *config.trusted_hosts()]
    if sys.version_info >= (3, 13):
        # Some archives say that they want an older Python; we only read data files out of them.
        command += ["--python-version", "3.12"]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [*command, "--download", str(folder), requirement],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env=config.environment(),
        )
        try:
            for done in _growth(process, folder):
                advance(done)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        output.seek(0)
        errors.seek(0)
        if process.returncode == 0:
            return Path(json.loads(output.read())["local_path"]), ""
        return None, _reason(errors.read().decode(errors="replace"))


def _growth(process: subprocess.Popen[bytes], folder: Path) -> Iterator[int]:
    """Bytes that have arrived, ten times a second until the process ends."""
    while True:
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            yield sum(file.stat().st_size for file in folder.glob("*")) if folder.is_dir() else 0
        else:
            return


def _reason(said: str) -> str:
    """The line of unearth's output that matters: of a traceback the last, else what it warned of."""
    lines = [without_password(line.strip()) for line in said.splitlines() if line.strip()]
    if not lines:
        return "it failed without saying why"
    if lines[-1] == _NOT_THERE:
        warnings = [line.removeprefix("WARNING: ") for line in lines if line.startswith("WARNING: ")]
        return f"{_NOT_THERE} {' '.join(warnings)}".strip()
    return re.sub(r"^\w+(\.\w+)*\.(?=\w+:)", "", lines[-1])


def without_password(text: str) -> str:
    """A text without the user names and passwords of the addresses in it."""
    return re.sub(r"://[^/@\s]+@", "://***@", text)
