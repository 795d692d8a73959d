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
import time
from pathlib import Path

from hub import settings
from hub.errors import NetworkError
from hub.registry.progress import Advance

log = logging.getLogger("hub.registry")

_ATTEMPTS = 3
_NOT_THERE = "No matches are found."


#: Somewhere to look: unearth's arguments; none for the default package index.
Place = tuple[str, ...]


def _places(options: dict[str, str]) -> list[Place]:
    """Return where to look, the nearest first."""
    links, indexes, extra = (
        options.get(key, "").split() for key in ("find-links", "index-url", "extra-index-url")
    )
    found: list[Place] = [("--find-link", link) for link in links]
    if options.get("no-index", "").lower() in {"1", "true", "yes", "on"}:
        return found
    default: list[Place] = [] if indexes else [()]
    return [*found, *default, *(("--index-url", url) for url in (*indexes, *extra))]


def _is_folder(place: Place) -> bool:
    return place[:1] == ("--find-link",) and "://" not in place[1]


def _environment(options: dict[str, str]) -> dict[str, str]:
    """Return the environment for the child: pip's certificate and proxy under the names it reads."""
    environment = settings.child_environment()
    if cert := options.get("cert"):
        environment["SSL_CERT_FILE"] = cert
    if proxy := options.get("proxy"):
        environment["HTTPS_PROXY"] = environment["HTTP_PROXY"] = proxy
    return environment


def _pip_options() -> dict[str, str]:
    """Read pip's options (``{"index-url": "…"}``) by asking pip, and its environment variables over them."""
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
    return {**options, **settings.pip_environment()}


def download(requirement: str, folder: Path, advance: Advance) -> Path:
    """Download ``requirement`` (``name==version``) into ``folder``; return the archive's path.

    A file that pip's ``find-links`` has on this machine is not copied: its own path is returned.

    Raises:
        NetworkError: no place had it; the message lists what was tried.
    """
    options = _pip_options()
    places = remaining = _places(options)
    reasons: dict[Place, str] = {}
    for attempt in range(_ATTEMPTS):
        # Every place once before any place twice: one that is down should not delay those that are up.
        time.sleep(0.5 * attempt if remaining else 0)
        for place in remaining:
            target = folder / f"{places.index(place)}-{attempt}"
            archive, reasons[place] = _from_place(requirement, place, options, target, advance)
            if archive is not None:
                return archive
        remaining = [place for place in remaining if not (_is_folder(place) or _NOT_THERE in reasons[place])]
    shown = {place: without_password(place[1]) if place else "the default package index" for place in places}
    tried = [f"  {shown[place]}: {reasons[place]}" for place in places]
    raise NetworkError(
        f"{requirement} could not be downloaded. Tried:\n"
        + "\n".join(tried or ["  nothing: pip is configured with no-index and no find-links"])
    )


def _from_place(
    requirement: str, place: Place, options: dict[str, str], folder: Path, advance: Advance
) -> tuple[Path | None, str]:
    """Try once: return the archive, or None and the reason."""
    trusted = [part for host in options.get("trusted-host", "").split() for part in ("--trusted-host", host)]
    command = [sys.executable, "-m", "unearth", *place, *trusted]
    if sys.version_info >= (3, 13):
        # Some archives say that they want an older Python; we only read data files out of them.
        command += ["--python-version", "3.12"]
    process = subprocess.Popen(
        [*command, "--download", str(folder), requirement],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(options),
    )
    try:
        while process.returncode is None:
            try:
                output, errors = process.communicate(timeout=0.1)
            except subprocess.TimeoutExpired:
                advance(sum(file.stat().st_size for file in folder.glob("*")))
    finally:
        process.kill()  # if we are interrupted
        process.wait()
    if process.returncode == 0:
        return Path(json.loads(output)["local_path"]), ""
    return None, _reason(errors.decode(errors="replace"))


def _reason(said: str) -> str:
    """Return the line of unearth's output that matters: of a traceback the last, else what it warned of."""
    lines = [without_password(line.strip()) for line in said.splitlines() if line.strip()]
    if not lines:
        return "it failed without saying why"
    if lines[-1] == _NOT_THERE:
        warnings = [line.removeprefix("WARNING: ") for line in lines if line.startswith("WARNING: ")]
        return f"{_NOT_THERE} {' '.join(warnings)}".strip()
    return re.sub(r"^\w+(\.\w+)*\.(?=\w+:)", "", lines[-1])


def without_password(text: str) -> str:
    """Return a text without the user names and passwords of the addresses in it."""
    return re.sub(r"://[^/\s]+@", "://***@", text)
