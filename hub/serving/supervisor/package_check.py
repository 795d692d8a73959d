"""The check that HubServing on disk is still the version that this supervisor runs.

Children are started from the disk. After an upgrade they would be of another version than the supervisor and
refuse its messages, so none is started any more: what runs goes on, and the log says what to do.
"""

from __future__ import annotations

import re

from hub.errors import ServerError
from hub.version import PACKAGE, __version__

#: A package without source files cannot be looked at; it is taken as unchanged.
_HAS_SOURCE = (PACKAGE / "version.py").is_file()
_VERSION = re.compile(r'^__version__ = "([^"]+)"', re.MULTILINE)


def change() -> str:
    """Return what to do about a change of the package; "" while it is the same."""
    if not _HAS_SOURCE:
        return ""
    try:
        found = _VERSION.search((PACKAGE / "version.py").read_text())
    except OSError:  # an upgrade is under way
        found = None
    if found is not None and found[1] == __version__:
        return ""
    now = f"HubServing {found[1]}" if found else "another HubServing"
    return (
        f"{now} is installed now, and this server runs {__version__}; it goes on with the processes "
        "that it has. To use the new one: hub serving stop, then start"
    )


def require_unchanged() -> None:
    """Raise ServerError if the package has changed."""
    if problem := change():
        raise ServerError(problem)
