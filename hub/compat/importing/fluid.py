"""``paddle.fluid``, which Paddle dropped in version 2.5: what is left of it, so that modules load.

A module's files are rewritten to import ``hub.compat.paddle_fluid``, which nobody else uses. A name in it is
today's name of the same thing, or what Paddle still has under ``paddle.base`` (predictors, programs, places).
Every other name can be imported, inherited from and passed around; to call it is the error.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import re
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any, Final, NoReturn

from hub.compat.importing.successors import OWN_FLUID, OWN_PADDLE
from hub.errors import InvalidModuleError


def _initializers() -> dict[str, str]:
    """Return the entries of fluid's initializers, each of which has a short name and a long one."""
    here = {name: f"{OWN_PADDLE}:{name}" for name in ("MSRA", "Xavier", "Normal", "TruncatedNormal")}
    there = {name: f"paddle.nn.initializer:{name}" for name in ("Constant", "Uniform", "Bilinear")}
    both = here | there
    return {
        "initializer.NumpyArrayInitializer": "paddle.nn.initializer:Assign",
        **{f"initializer.{name}": value for name, value in both.items()},
        **{f"initializer.{name}Initializer": value for name, value in both.items()},
    }


#: Name below ``paddle.fluid`` → ``"module:name"`` of what it is today, where ``paddle.base`` has it not.
_TODAY: Final = {
    **_initializers(),
    "dygraph.Layer": "paddle.nn:Layer",
    "dygraph.layers.Layer": "paddle.nn:Layer",
    "dygraph.LayerList": "paddle.nn:LayerList",
    "dygraph.ParameterList": "paddle.nn:ParameterList",
    "dygraph.Sequential": "paddle.nn:Sequential",
    "dygraph.to_variable": "paddle:to_tensor",
    "dygraph.base.to_variable": "paddle:to_tensor",
    "regularizer.L1Decay": "paddle.regularizer:L1Decay",
    "regularizer.L2Decay": "paddle.regularizer:L2Decay",
    "regularizer.L1DecayRegularizer": "paddle.regularizer:L1Decay",
    "regularizer.L2DecayRegularizer": "paddle.regularizer:L2Decay",
}


class Absent:
    """A name of paddle.fluid that Paddle has no more: harmless until it is called."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return resolve(f"{self._name}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise InvalidModuleError(
            f"paddle.fluid.{self._name} is not in the installed Paddle, which dropped paddle.fluid in "
            "version 2.5. Rewrite this part of the module for paddle.static, paddle.nn or paddle.inference"
        )

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type]:
        """Let a class name this as its base; to build an instance is the error."""
        return (type(self._name.rpartition(".")[2], (), {"__new__": lambda *_, **__: self()}),)


class FluidModule(ModuleType):
    """One Python module of paddle.fluid; its names are looked for when they are asked for."""

    def __init__(self, fluid_name: str) -> None:
        super().__init__(
            f"{OWN_FLUID}.{fluid_name}".rstrip("."), f"What is left of paddle.fluid.{fluid_name}."
        )
        self.__dict__["_below"] = f"{fluid_name}.".lstrip(".")
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return resolve(self.__dict__["_below"] + name)


def resolve(name: str) -> Any:
    """Return what ``paddle.fluid.<name>`` is today, or :class:`Absent`."""
    name = re.sub(r"^core_(no)?avx\b", "core", name)
    if name in _TODAY:
        module, _, attribute = _TODAY[name].partition(":")
        return getattr(importlib.import_module(module), attribute)
    value: Any = importlib.import_module("paddle.base")
    for part in name.split("."):
        value = getattr(value, part, None)
    known = isinstance(value, ModuleType) or any(entry.startswith(f"{name}.") for entry in _TODAY)
    if known and not name.startswith("core"):
        return FluidModule(name)
    return Absent(name) if value is None else value


class FluidFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds every module of paddle.fluid, also those that Paddle has no more."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not f"{fullname}.".startswith(f"{OWN_FLUID}."):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return FluidModule(spec.name.removeprefix(OWN_FLUID).lstrip("."))

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: names are looked for when they are asked for."""


finder: Final = FluidFinder()


def install() -> None:
    """Put the finder into place, once."""
    if finder not in sys.meta_path:
        sys.meta_path.insert(0, finder)
