"""Tell whether this process calls its modules once and ends, as ``hub run`` does, and prepares nothing more.

Standard library only.
"""

from __future__ import annotations

_is_declared = False


def declare() -> None:
    """Say that no later call comes; before modules are loaded."""
    global _is_declared
    _is_declared = True


def is_declared() -> bool:
    """Tell whether to leave out what only makes later calls faster."""
    return _is_declared
