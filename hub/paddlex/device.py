"""PaddleX's devices: ``cpu``, ``gpu``, ``gpu:0``, ``gpu:0,1``; and which one where none is given."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hub import settings
from hub.errors import ConfigError

#: Kinds of device that PaddleX has for other makers' cards, which the server cannot hand out to runners.
_OTHERS: Final = ("xpu", "npu", "mlu", "gcu", "dcu", "iluvatar_gpu", "metax_gpu")
#: Importing Paddle takes seconds; longer than this, something is wrong with the driver.
_LONGEST_LOOK_S: Final = 120.0
#: Prints how many cards Paddle can use; fails where there is no Paddle.
_COUNT_CARDS: Final = """
import paddle
cuda = paddle.device.is_compiled_with_cuda()
print("cards", paddle.device.cuda.device_count() if cuda else 0)
"""


@dataclass(frozen=True)
class Device:
    """The CPU, or cards by their numbers. One runner is started on each of NVIDIA's cards."""

    kind: str
    cards: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind}:{','.join(map(str, self.cards))}" if self.cards else self.kind

    @property
    def is_ours(self) -> bool:
        """Whether HubServing's own modules run there."""
        return self.kind not in _OTHERS

    @property
    def settings(self) -> dict[str, Any]:
        """The keys of the server's configuration that say the same."""
        return {"use_gpu": True, "gpu": self.cards} if self.kind == "gpu" else {"use_gpu": False}


def parse(given: str) -> Device:
    """Read ``cpu``, ``gpu``, ``gpu:0,1``, or the same with another kind of PaddleX's, like ``npu``.

    Raises:
        ConfigError: it is none of these.
    """
    kind, colon, numbers = given.strip().lower().partition(":")
    cards = [number.strip() for number in numbers.split(",")]
    if kind == "cpu" and not colon:
        return Device("cpu")
    if kind in ("gpu", *_OTHERS) and not colon:
        return Device(kind, (0,))
    if kind in ("gpu", *_OTHERS) and all(card.isdecimal() for card in cards):
        return Device(kind, tuple(map(int, cards)))
    raise ConfigError(f"device {given!r} is not allowed; allowed: cpu, gpu, gpu:0, gpu:0,1 (cards' numbers)")


def default(python: Path | None = None) -> Device:
    """The first card where a CUDA build of Paddle sees one, else the CPU, as PaddleX has it.

    ``python`` is the interpreter whose Paddle counts, ours unless given.
    """
    if not has_driver() or cards_seen(python) == 0:
        return Device("cpu")
    return Device("gpu", (0,))


def has_driver() -> bool:
    """Whether NVIDIA's driver is on this machine: without it nobody needs to wait for Paddle's answer."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


def cards_seen(python: Path | None = None) -> int:
    """How many cards the Paddle of an interpreter can use; 0 where it has no Paddle, or one for CPU only.

    Asked in a process of its own: importing Paddle takes seconds, and it would hold the card.
    """
    try:
        asked = subprocess.run(
            [str(python or sys.executable), "-c", _COUNT_CARDS],
            capture_output=True,
            text=True,
            env=settings.child_environment(),
            timeout=_LONGEST_LOOK_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    *_, said = ["", *asked.stdout.split("cards ")]
    return int(said) if asked.returncode == 0 and said.strip().isdecimal() else 0
