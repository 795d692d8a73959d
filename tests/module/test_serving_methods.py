"""Which methods of a module requests can call, and that each checks its arguments."""

from __future__ import annotations

from pathlib import Path

import pytest

import hub
from hub.errors import BindingError
from hub.module.contract import Module, serving, serving_method, serving_methods

pytestmark = pytest.mark.unit

WORDS = Path(__file__).parents[1] / "modules" / "words"


class Base(Module):
    @serving
    def serving_method(self) -> str:
        return "base"

    @serving(batch="texts")
    def other(self, texts: list[str]) -> list[str]:
        return texts


class Replaced(Base):
    @serving
    def read(self) -> str:
        return "read"


class Kept(Base):
    def other(self, texts: list[str]) -> list[str]:
        return [*texts, "again"]


class Overridden(Base):
    @serving(idempotent=False)
    def serving_method(self) -> str:
        return "mine"

    @serving
    def more(self) -> str:
        return "more"


class BothOfItsOwn(Module):
    @serving
    def read(self) -> str:
        return "read"

    @serving
    def serving_method(self) -> str:
        return "own"


@pytest.mark.parametrize(
    ("cls", "names"),
    [
        (Base, ["serving_method", "other"]),
        (Kept, ["serving_method", "other"]),
        (Replaced, ["read", "other"]),
        (Overridden, ["serving_method", "more", "other"]),
        (BothOfItsOwn, ["read", "serving_method"]),
        (Module, []),
    ],
)
def test_an_inherited_serving_method_that_another_replaced_is_none(cls: type, names: list[str]) -> None:
    found = serving_methods(cls)
    first = serving_method(cls)

    assert list(found) == names
    assert (first[0] if first else None) == next(iter(names), None)


def test_the_options_are_those_of_the_nearest_class() -> None:
    assert serving_methods(Overridden)["serving_method"].idempotent is False
    assert serving_methods(Replaced)["other"].batch == "texts"


@pytest.mark.parametrize(
    ("method", "arguments", "named"),
    [
        ("count", {"texts": [1]}, "texts"),
        ("split", {"texts": ["a"], "mark": 7}, "mark"),
        ("repeat", {"text": "a", "times": "x"}, "times"),
    ],
)
def test_each_serving_method_of_a_loaded_module_checks_its_arguments(
    method: str, arguments: dict[str, object], named: str
) -> None:
    module = hub.Module(directory=WORDS)

    with pytest.raises(BindingError, match=named):
        getattr(module, method)(**arguments)
