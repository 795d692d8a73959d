"""PaddleX's devices: ``cpu``, ``gpu``, ``gpu:0``, ``gpu:0,1``; and which one where none is given."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hub import settings
from hub.engines import probe
from hub.engines.available import has_driver
from hub.errors import ConfigError

#: Kinds of device that PaddleX has for other makers' cards, which the server cannot hand out to runners.
_OTHERS: Final = ("xpu", "npu", "mlu", "gcu", "dcu", "iluvatar_gpu", "metax_gpu")
#: Importing Paddle takes seconds; longer than this, something is wrong with the driver.
_LONGEST_LOOK_S: Final = 120.0


@dataclass(frozen=True)
class Device:
    """The CPU, or cards by their numbers. One runner is started on each of NVIDIA's cards."""

    kind: str
    cards: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind}:{','.join(map(str, self.cards))}" if self.cards else self.kind

    @property
    def is_ours(self) -> bool:
        """True if HubServing's own modules run there."""
        return self.kind not in _OTHERS

    @property
    def settings(self) -> dict[str, Any]:
        """The keys of the server's configuration that say the same."""
        return {"use_gpu": True, "gpu": self.cards} if self.kind == "gpu" else {"use_gpu": False}


def parse(given: str) -> Device:
    """Read ``cpu``, ``gpu``, ``gpu:0,1``, or the same with another of PaddleX's kinds, like ``npu``.

    Raises:
        ConfigError: it is none of these.
    """
    kind, colon, numbers = given.strip().lower().partition(":")
    cards = [number.strip() for number in (numbers if colon else "0").split(",")]
    if kind == "cpu" and not colon:
        return Device("cpu")
    if kind in ("gpu", *_OTHERS) and all(card.isdecimal() for card in cards):
        return Device(kind, tuple(map(int, cards)))
    raise ConfigError(f"device {given!r} is not allowed; allowed: cpu, gpu, gpu:0, gpu:0,1 (cards' numbers)")


def default(python: Path | None = None) -> Device:
    """Return the first card where a CUDA build of Paddle sees one, else the CPU, as in PaddleX.

    ``python`` is the interpreter whose Paddle counts, ours unless given.
    """
    # Without a driver nobody needs to wait for Paddle's answer.
    if not has_driver() or cards_seen(python) == 0:
        return Device("cpu")
    return Device("gpu", (0,))


def cards_seen(python: Path | None = None) -> int:
    """Return how many cards the Paddle of an interpreter can use; 0 without Paddle, or with one for CPU only.

    A process of its own counts them: importing Paddle takes seconds, and it would hold the card. The probe
    runs as a file, because the interpreter of an isolated module does not find ``hub``.
    """
    try:
        counted = subprocess.run(
            [str(python or sys.executable), "-P", probe.__file__, "paddle"],
            capture_output=True,
            text=True,
            env=settings.child_environment(),
            timeout=_LONGEST_LOOK_S,
            check=True,
        )
        devices = json.loads(counted.stdout.splitlines()[-1])["devices"]
    except (OSError, subprocess.SubprocessError, ValueError, LookupError):
        return 0
    return sum(name.startswith("gpu") for name in devices)
