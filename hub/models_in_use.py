"""The models that this process has loaded, by name: what people are told that a module runs.

Whatever loads a model notes it here, also for modules that know nothing of it. A runner serves one module.
Standard library only: runners in a module's own environment import this file.
"""

from __future__ import annotations

_names: list[str] = []


def note(name: str) -> None:
    """Say that a model of this name, or from this folder, is loaded."""
    if name not in _names:
        _names.append(name)


def names() -> tuple[str, ...]:
    """Return all that were noted, in their order."""
    return tuple(_names)
