"""The command line of a helper: what the supervisor starts ``python -m MODULE`` with."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from hub.serving.messages.run_dir import RunDir


@dataclass(frozen=True)
class HelperArguments:
    """The options of every helper.

    Attributes:
        listen: descriptor of its socket, -1 for one that has none.
        lifeline: descriptor whose end of file says that the supervisor is gone.
    """

    run_dir: RunDir
    listen: int
    lifeline: int


def parse(module: str) -> HelperArguments:
    """Read the command line of ``python -m MODULE``; exits with a usage line where it is wrong."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}")
    parser.add_argument("--run_dir", type=Path, required=True)
    parser.add_argument("--listen", type=int, default=-1)
    parser.add_argument("--lifeline", type=int, required=True)
    given = parser.parse_args()
    return HelperArguments(RunDir(given.run_dir), int(given.listen), int(given.lifeline))
