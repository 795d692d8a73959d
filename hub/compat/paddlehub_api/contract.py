"""PaddleHub's ``@moduleinfo``, ``@serving``, ``@runnable`` and ``RunModule``, on top of our own contract.

PaddleHub adds a base class to the marked class, ``meta`` or ``RunModule``, by building the class anew.
Then ``super().__init__()`` in it fails, because it still means the old class. Here the class stays itself
where Python allows that; where it does not (a class derived from nothing but ``object``) the copy's methods
are made to mean the copy.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

from hub.compat.paddlehub_api import static_mode
from hub.module import contract
from hub.module.contract import runnable as runnable
from hub.module.contract import serving as serving

#: What modules that ask for PaddleHub's version are told: the release whose behaviour this is.
PADDLEHUB_VERSION: Final = "2.4.0"

C = TypeVar("C", bound=type)


class InvalidHubModule(Exception):
    """PaddleHub's error for a folder that is no module."""

    def __init__(self, directory: str) -> None:
        super().__init__(f"{directory} is not a valid HubModule")
        self.directory = directory


class RunModule:
    """What every module of PaddleHub is: its methods run in Paddle's static mode, unless it is a Layer."""

    directory: ClassVar[str] = ""
    name: ClassVar[str] = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if type(value) is types.MethodType and not name.startswith("__"):
            return static_mode.static(value)
        return value

    @classmethod
    def get_py_requirements(cls) -> list[str]:
        """Lines of the module's requirements.txt."""
        listed = Path(cls.directory) / "requirements.txt"
        return listed.read_text(encoding="utf-8").split("\n") if listed.is_file() else []

    @property
    def serving_func_name(self) -> str | None:
        found = contract.serving_method(type(self))
        return found[0] if found else None

    @property
    def is_runnable(self) -> bool:
        """Whether ``hub run`` may call it."""
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
    """Mark a class as the module of its file; ``meta`` is a class whose methods it gets as well."""
    mark = contract.moduleinfo(
        name=name,
        version=version,
        author=author,
        author_email=author_email,
        summary=summary,
        type=type,
        **others,
    )

    def wrap(cls: C) -> C:
        marked = mark(_with_base(cls, meta or RunModule))
        if _is_layer(marked):
            # A Layer reads its parameters through here thousands of times and needs no static mode.
            marked.__getattribute__ = object.__getattribute__  # type: ignore[method-assign,assignment]
        return marked

    return wrap


def settle(instance: object) -> None:
    """Leave Paddle in the mode that the module's methods run in, in a process that is its own.

    Turning the switch to and fro costs 0.2 ms at every call.
    """
    if isinstance(instance, RunModule) and not _is_layer(type(instance)):
        static_mode.switch(to_static=True)


def _is_layer(cls: type) -> bool:
    """Whether it derives from paddle.nn.Layer, asked without importing Paddle."""
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
        _let_super_mean(copy, value)
    return copy


def _let_super_mean(cls: type, value: Any) -> None:
    """Point the ``__class__`` cell, by which ``super()`` knows its class, of a method at ``cls``."""
    if isinstance(value, property):
        for function in (value.fget, value.fset, value.fdel):
            _let_super_mean(cls, function)
        return
    function = getattr(value, "__func__", value)
    while function is not None:
        if isinstance(function, types.FunctionType) and function.__closure__:
            for name, cell in zip(function.__code__.co_freevars, function.__closure__, strict=True):
                if name == "__class__":
                    cell.cell_contents = cls
        function = getattr(function, "__wrapped__", None)
