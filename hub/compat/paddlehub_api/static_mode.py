"""Paddle's static and dynamic mode, which is one switch for the whole process.

PaddleHub ran every method of a module that is not an ``nn.Layer`` in static mode, and a method that raised
left the switch where it was: from then on every dynamic module of the process failed. Here the switch is
always turned back. Paddle is never imported here: where nobody else has, there is no mode.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def is_static() -> bool:
    """Tell whether Paddle is in static mode; False where it has not been imported completely."""
    in_dynamic_mode = getattr(sys.modules.get("paddle"), "in_dynamic_mode", None)
    return in_dynamic_mode is not None and not in_dynamic_mode()


def switch(*, to_static: bool) -> None:
    """Turn Paddle, if it is there, to that mode."""
    paddle: Any = sys.modules.get("paddle")
    if is_static() != to_static and hasattr(paddle, "enable_static"):
        paddle.enable_static() if to_static else paddle.disable_static()


@contextlib.contextmanager
def mode(*, within: bool | None = None, afterwards: bool | None = None) -> Iterator[None]:
    """Turn Paddle to a mode within and to one afterwards; None is the mode that it is in before."""
    before = is_static()
    switch(to_static=before if within is None else within)
    try:
        yield
    finally:
        switch(to_static=before if afterwards is None else afterwards)


def static(method: Callable[P, R]) -> Callable[P, R]:
    """Wrap a method to run in static mode; return it as it is where Paddle is absent or already static."""
    return method if "paddle" not in sys.modules or is_static() else mode(within=True)(method)


def kept(method: Callable[P, R]) -> Callable[P, R]:
    """Wrap a method to begin and end in the mode of now, so that calls do not change each other's mode."""
    home = is_static()
    return mode(within=home, afterwards=home)(method)
