"""What is said of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: ``note`` is worth knowing, ``warning`` may be trouble, ``broken`` keeps something from working.
Verdict = Literal["ok", "note", "warning", "broken"]


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        section: what it belongs to: machine, packages, engines, registry, servers, environment.
        name: what was looked at.
        value: what was found.
        verdict: how bad that is.
        advice: what to do; empty where nothing needs doing.
    """

    section: str
    name: str
    value: str
    verdict: Verdict = "ok"
    advice: str = ""
