"""PaddleHub's ``@moduleinfo``, ``@serving``, ``@runnable`` and ``RunModule``, on top of our own contract.

PaddleHub adds a base class to the marked class, ``meta`` or ``RunModule``, by building the class anew.
Then ``super().__init__()`` in it fails, because it still means the old class. Here the class stays the same
where Python allows that. Where it does not (a class derived from nothing but ``object``) ``super()`` in the
copy's methods is rebound to the copy.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any, ClassVar, Final, TypeVar

from hub.compat.paddlehub_api import static_mode
from hub.module import contract
from hub.module.contract import runnable as runnable
from hub.module.contract import serving as serving

#: PaddleHub's version, for modules that ask for it: the release whose behaviour this is.
PADDLEHUB_VERSION: Final = "2.4.0"

C = TypeVar("C", bound=type)


class RunModule:
    """Base class of PaddleHub's modules: the methods run in Paddle's static mode, unless it is a Layer."""

    directory: ClassVar[str] = ""
    name: ClassVar[str] = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if type(value) is types.MethodType and not name.startswith("__"):
            return static_mode.static(value)
        return value

    @property
    def serving_func_name(self) -> str | None:
        found = contract.serving_method(type(self))
        return found[0] if found else None

    @property
    def is_runnable(self) -> bool:
        """True if ``hub run`` may call it."""
        return contract.runnable_method(type(self)) is not None


def moduleinfo(
    name: str,
    version: str,
    author: str | None = None,
    author_email: str | None = None,
    summary: str | None = None,
    type: str | None = None,
    meta: type | None = None,
    **others: Any,
) -> Callable[[C], C]:
    """Mark a class as the module of its file; ``meta`` is a class whose methods it inherits as well."""
    mark = contract.moduleinfo(name, version, author, author_email, summary, type, **others)

    def wrap(cls: C) -> C:
        marked = mark(_with_base(cls, meta or RunModule))
        setattr(marked, contract.HINTS_MARK, True)
        if _is_layer(marked):
            # A Layer reads its parameters through here thousands of times and needs no static mode.
            marked.__getattribute__ = object.__getattribute__  # type: ignore[method-assign,assignment]
        return marked

    return wrap


def settle(instance: object) -> None:
    """Leave Paddle in the mode that the module's methods run in, in a process that is its own.

    Switching back and forth costs 0.2 ms at every call.
    """
    if isinstance(instance, RunModule) and not _is_layer(type(instance)):
        static_mode.switch(to_static=True)


def _is_layer(cls: type) -> bool:
    """Tell whether it derives from paddle.nn.Layer, without importing Paddle."""
    return any(base.__name__ == "Layer" and base.__module__.startswith("paddle.") for base in cls.__mro__)


def _with_base(cls: C, base: type) -> C:
    if issubclass(cls, base):
        return cls
    try:
        cls.__bases__ = (*cls.__bases__, base)
    except TypeError:
        return _copy_with_base(cls, base)
    return cls


def _copy_with_base(cls: C, base: type) -> C:
    bases = tuple(each for each in cls.__bases__ if each is not object)
    attributes = {key: value for key, value in vars(cls).items() if key not in ("__dict__", "__weakref__")}
    copy = type(cls)(cls.__name__, (*bases, base), attributes)
    for value in attributes.values():
        _rebind_super(copy, value)
    return copy


def _rebind_super(cls: type, value: Any) -> None:
    """Set the ``__class__`` cell of a method, by which ``super()`` knows its class, to ``cls``."""
    if isinstance(value, property):
        for function in (value.fget, value.fset, value.fdel):
            _rebind_super(cls, function)
        return
    function = getattr(value, "__func__", value)
    while function is not None:
        if isinstance(function, types.FunctionType) and function.__closure__:
            for name, cell in zip(function.__code__.co_freevars, function.__closure__, strict=True):
                if name == "__class__":
                    cell.cell_contents = cls
        function = getattr(function, "__wrapped__", None)
