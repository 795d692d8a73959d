"""``@moduleinfo`` of PaddleHub: classes of any descent become modules without losing what they are."""

from __future__ import annotations

from typing import Any

import pytest

from hub.compat.paddlehub_api.contract import RunModule, moduleinfo, runnable, serving
from hub.module.contract import Module, is_module_class, runnable_method, serving_method
from hub.module.info import read_module_info

pytestmark = pytest.mark.unit


class Meta(RunModule):
    @serving
    def inherited(self, images: list[str]) -> str:
        return "inherited"


def described(**more: Any) -> Any:
    return moduleinfo(name="m", version="1.0", author="a", **more)


def test_a_plain_class_keeps_super_with_and_without_arguments() -> None:
    class Base:
        def __init__(self, word: str) -> None:
            super().__init__()
            self.word = word

    class Plain(Base):
        def __init__(self) -> None:
            super().__init__("said")

        @property
        def loud(self) -> str:
            return super().__getattribute__("word").upper() + "!"

    marked = described()(Plain)
    assert marked().loud == "SAID!"
    assert isinstance(marked(), RunModule) and is_module_class(marked)


def test_a_class_of_nothing_but_object_does_too() -> None:
    @described(meta=Meta)
    class Alone:
        def __init__(self, **kwargs: Any) -> None:
            super().__init__()
            self.kwargs = kwargs

        @classmethod
        def made(cls) -> Any:
            return super().__new__(cls)

        @staticmethod
        def still() -> int:
            return 1

    one = Alone(a=1)
    assert (one.kwargs, one.name, one.version, Alone.still()) == ({"a": 1}, "m", "1.0", 1)
    assert isinstance(Alone.made(), Alone)
    assert one.inherited([]) == "inherited"


def test_the_class_itself_is_kept_where_python_lets_it() -> None:
    class Base:
        pass

    class Child(Base):
        pass

    assert described(meta=Meta)(Child) is Child and issubclass(Child, Meta)


def test_the_serving_method_is_its_own_before_the_inherited_one() -> None:
    @described(meta=Meta)
    class Own:
        @serving
        @runnable
        def own(self, **kwargs: Any) -> None:
            return None

    @described(meta=Meta)
    class Heir:
        pass

    assert serving_method(Own)[0] == "own" and runnable_method(Own) == "own"  # type: ignore[index]
    assert serving_method(Heir)[0] == "inherited"  # type: ignore[index]
    assert Heir().serving_func_name == "inherited" and not Heir().is_runnable


def test_an_override_without_the_mark_is_still_served() -> None:
    class Override(Meta):
        def inherited(self, images: list[str]) -> str:
            return "overridden"

    found = serving_method(Override)
    assert found is not None and getattr(Override(), found[0])([]) == "overridden"


def test_a_hub_module_gets_both_ancestors() -> None:
    @described()
    class Both(Module):
        def _initialize(self) -> None:
            return None

    assert issubclass(Both, RunModule)
    assert Both(directory="/x").directory == "/x"


@pytest.mark.parametrize(
    ("decorator", "expected"),
    [
        ('@moduleinfo("m", "1.0", "who", "mail", "what", "cv")', ("m", "1.0", "who", "what", "cv")),
        ('@moduleinfo("m", version="1.0", summary="wh" "at")', ("m", "1.0", "", "what", "")),
        ('@moduleinfo(name="m", version=VERSION, summary="wh" + "at")', ("m", "2.0", "", "what", "")),
        ('@moduleinfo(name="m", version="1.0", summary=text(), meta=Meta)', ("m", "1.0", "", "", "")),
        ('@module.moduleinfo(name="m", version="1.0", author=None)', ("m", "1.0", "", "", "")),
        ('@other\n@moduleinfo(name="m", version="1.0", type="cv")', ("m", "1.0", "", "", "cv")),
    ],
)
def test_every_way_to_write_it_is_read(tmp_path: Any, decorator: str, expected: tuple[str, ...]) -> None:
    (tmp_path / "module.py").write_text(f'VERSION = "2.0"\n{decorator}\nclass M:\n    pass\n')
    info = read_module_info(tmp_path)
    assert (info.name, info.version, info.author, info.summary, info.type) == expected
