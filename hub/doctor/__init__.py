"""``hub doctor``: look at this machine, and say what is wrong and what to do. Changes nothing.

Each file looks at one thing and reports ``Finding``s; nothing here prints, and nothing goes to the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from hub.doctor.finding import Finding

__all__ = ["Finding", "examine"]


def examine(begun: Callable[[str], None] = lambda what: None) -> Iterator[Finding]:
    """Report everything there is to say; ``begun`` is told what is looked at next."""
    from hub.doctor import engines, environment, home, machine, packages, servers

    looks = {
        "machine": machine.look,
        "packages": packages.look,
        "engines": engines.look,
        "registry": home.look,
        "servers": servers.look,
        "environment": environment.look,
    }
    for section, look in looks.items():
        begun(f"the {section}")
        yield from (replace(finding, section=section) for finding in look())
