"""What a module is, what its source says of it, and how its folder becomes an instance."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.errors import BindingError, InvalidModuleError
from hub.module import Module, loader, moduleinfo, runnable, serving
from hub.module.contract import runnable_method, serving_method
from hub.module.info import read_module_info
from hub.serving.runner.binding import Binding

pytestmark = pytest.mark.unit

HEAD = "from hub.module import Module, moduleinfo, runnable, serving\n"
BODY = '@moduleinfo(name="{name}", version="1.0.0")\nclass It(Module):\n    x = 1\n'

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """``write(source)`` makes a module folder; what its import does to this process is undone."""
    monkeypatch.setattr(sys, "path", list(sys.path))

    def folder(source: str, name: str = "written_module") -> Path:
        made = tmp_path / name
        made.mkdir(exist_ok=True)
        (made / "module.py").write_text(HEAD + source)
        return made

    return folder


# -- the marks -------------------------------------------------------------------------------------


def test_serving_may_be_plain_or_have_options() -> None:
    class Plain(Module):
        @serving
        def one(self) -> None: ...

    class Full(Module):
        @serving(batch="images", images="images", idempotent=False, thread_safe=True)
        def two(self) -> None: ...

    plain, full = serving_method(Plain), serving_method(Full)

    assert plain is not None
    assert full is not None
    assert (plain[0], plain[1].batch, plain[1].images, plain[1].idempotent) == ("one", None, (), True)
    assert (full[0], full[1].batch, full[1].images, full[1].idempotent) == (
        "two",
        "images",
        ("images",),
        False,
    )


def test_the_nearest_class_decides_which_method_is_served() -> None:
    class Base(Module):
        @serving
        def base(self) -> None: ...

        @runnable
        def run(self) -> None: ...

    class Derived(Base):
        @serving
        def derived(self) -> None: ...

    class Silent(Base): ...

    assert [(serving_method(cls) or "?")[0] for cls in (Base, Derived, Silent)] == ["base", "derived", "base"]
    assert runnable_method(Derived) == "run"
    assert serving_method(Module) is None


def test_a_module_by_name_needs_the_registry_s_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(Module), "resolver", None)
    with pytest.raises(InvalidModuleError, match="import hub"):
        Module(name="anything")


# -- what the source says --------------------------------------------------------------------------


def test_info_is_read_without_running_the_file(write: Write) -> None:
    folder = write("raise SystemExit('it was run')\n" + BODY.format(name="calm"))

    assert read_module_info(folder).name == "calm"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        pytest.param("class It(Module): pass", "no class marked", id="no mark"),
        pytest.param("def broken(:", "cannot be read as Python", id="syntax"),
        pytest.param("x = '\0'", "cannot be read as Python", id="NUL"),
        pytest.param('@moduleinfo(name="a")\nclass It(Module): pass', "needs version", id="no version"),
        pytest.param('@moduleinfo(name=NAME, version="1")\nclass It(Module): pass', "literal", id="computed"),
        pytest.param(BODY.format(name="../up"), "not allowed", id="a path for name"),
        pytest.param(BODY.format(name=""), "not allowed", id="empty name"),
    ],
)
def test_a_source_that_says_too_little_is_refused(write: Write, source: str, said: str) -> None:
    with pytest.raises(InvalidModuleError, match=said):
        read_module_info(write(source))


@pytest.mark.parametrize("what", ["nowhere", "file"])
def test_what_is_no_module_folder_is_refused(tmp_path: Path, what: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidModuleError):
        read_module_info(tmp_path / what)


# -- from the folder to an instance ----------------------------------------------------------------


def test_a_folder_that_is_gone_is_an_error_and_no_namesake_is_taken(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write("", name="written_module")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InvalidModuleError, match="elsewhere/written_module is not there any more"):
        loader.load_class(tmp_path / "elsewhere" / folder.name)


def test_initialize_gets_the_init_args(write: Write) -> None:
    source = BODY.format(name="a") + "    def _initialize(self, size=1):\n        self.size = size\n"
    made = loader.create(write(source), {"size": 7})

    assert made.size == 7
    assert Path(made.directory).name == "written_module"


def test_a_class_without_initialize_gets_them_in_its_constructor(write: Write) -> None:
    source = BODY.format(name="a") + "    def __init__(self, size):\n        self.size = size\n"
    made = loader.create(write(source), {"size": 7})

    assert (made.size, Path(made.directory).name) == (7, "written_module")


def test_an_edited_folder_is_imported_afresh(write: Write) -> None:
    first = loader.load_class(write(BODY.format(name="a")))
    second = loader.load_class(write(BODY.format(name="a").replace("x = 1", "x = 2")))

    assert (first.x, second.x) == (1, 2)


def test_files_beside_the_module_are_imported_from_its_own_folder(write: Write) -> None:
    folder = write(
        "from written_module.params import SIZE\n" + BODY.format(name="a").replace("1\n", "SIZE\n")
    )
    (folder / "params.py").write_text("SIZE = 5\n")

    assert loader.load_class(folder).x == 5


def test_an_imported_module_class_is_not_taken_for_the_folder_s_own(write: Write) -> None:
    other = '@moduleinfo(name="other", version="1")\nclass Aaa(Module): pass\n'
    folder = write("from .other import Aaa\n" + BODY.format(name="mine"))
    (folder / "other.py").write_text(HEAD + other)

    assert loader.load_class(folder).name == "mine"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import nothing_of_this_name\n" + BODY.format(name="a"), "nothing_of_this_name"),
        ("1 / 0\n" + BODY.format(name="a"), "ZeroDivisionError"),
        ("class It(Module): pass\n", "no class marked"),
    ],
)
def test_a_folder_that_does_not_import_says_why_and_leaves_no_trace(
    write: Write, source: str, said: str
) -> None:
    with pytest.raises(InvalidModuleError, match=said):
        loader.load_class(write(source))

    assert "written_module.module" not in sys.modules or "no class" in said


# -- a request's keys and the method's parameters --------------------------------------------------


class Served:
    @moduleinfo(name="inner", version="1")
    class Unused(Module): ...

    def strict(self, a: int, b: int = 2, *, c: int = 3) -> Any:
        return a, b, c

    def lenient(self, a: int = 1, **rest: Any) -> Any:
        return a, rest


def test_a_request_s_keys_win_over_predict_args_and_those_over_defaults() -> None:
    binding = Binding(Served().strict, {"a": 10, "c": 30})

    assert binding.bind({"a": 1}) == {"a": 1, "c": 30}
    assert binding.method(**binding.bind({})) == (10, 2, 30)


@pytest.mark.parametrize("arguments", [{"a": 1, "d": 1}, {}, {"self": 1, "a": 1}])
def test_unknown_and_missing_keys_are_refused_with_the_accepted_ones(arguments: dict[str, Any]) -> None:
    with pytest.raises(BindingError, match="accepted: `a`, `b`, `c`"):
        Binding(Served().strict, {}).bind(arguments)


def test_a_method_with_kwargs_takes_any_key_but_self() -> None:
    binding = Binding(Served().lenient, {})

    assert binding.method(**binding.bind({"x": 1, "": 2})) == (1, {"x": 1, "": 2})
    with pytest.raises(BindingError, match="`self`"):
        binding.bind({"self": 1})
