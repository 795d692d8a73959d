"""``hub doctor``: what is there on this machine, what is wrong with it, and what to do. Changes nothing.

Each file looks at one thing and reports ``Finding``s; nothing here prints, and nothing goes to the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hub.doctor.finding import Finding

__all__ = ["Finding", "examine"]


def examine(begun: Callable[[str], None] = lambda what: None) -> Iterator[Finding]:
    """Everything there is to say; ``begun`` is told what is looked at next."""
    from hub.doctor import engines, environment, home, machine, packages, servers

    looks = (
        ("the machine", machine.look),
        ("the packages", packages.look),
        ("the engines", engines.look),
        ("the registry", home.look),
        ("the servers", servers.look),
        ("the environment", environment.look),
    )
    for what, look in looks:
        begun(what)
        yield from look()
