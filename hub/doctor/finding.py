"""One line of the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: ``note`` is worth knowing, ``warning`` may be trouble, ``broken`` keeps something from working.
Verdict = Literal["ok", "note", "warning", "broken"]


@dataclass(frozen=True)
class Finding:
    """A statement about one thing.

    Attributes:
        name: what was looked at.
        value: what was found.
        verdict: how bad that is.
        advice: what to do; empty where nothing needs doing.
        section: machine, packages, engines, registry, servers or environment; of ``hub doctor --security``
            a config file or a port. Filled in by who collects the findings.
    """

    name: str
    value: str
    verdict: Verdict = "ok"
    advice: str = ""
    section: str = ""
