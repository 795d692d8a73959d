"""init_args that a module does not take are answered with those that it takes."""

from __future__ import annotations

from pathlib import Path

import pytest

import hub
from hub.errors import ConfigError
from hub.module import loader

pytestmark = pytest.mark.unit

HEAD = "from hub.module import Module, moduleinfo\n\n@moduleinfo(name='taker', version='1.0.0')\nclass Taker"
BODIES = {
    "_initialize": f"{HEAD}(Module):\n    def _initialize(self, model, prefix=''): self.model = model\n",
    "__init__": f"{HEAD}:\n    def __init__(self, model, prefix=''): self.model = model\n",
}


@pytest.fixture(params=list(BODIES))
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    made = tmp_path / "taker"
    made.mkdir()
    (made / "module.py").write_text(BODIES[request.param])
    return made


@pytest.mark.parametrize(
    ("init_args", "said"),
    [
        (
            {"model": 1, "prefx": "a"},
            "init_args has no 'prefx'. Did you mean prefix? The module takes: model, prefix",
        ),
        ({"model": 1, "a": 1, "b": 2}, "init_args has no 'a', 'b'. The module takes: model, prefix"),
        ({"prefix": "a"}, "init_args lacks 'model'. The module takes: model, prefix"),
    ],
)
def test_the_names_that_a_module_takes_are_told(
    folder: Path, init_args: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        loader.create(folder, dict(init_args))

    assert str(refused.value) == said


def test_arguments_that_fit_are_passed_on(folder: Path) -> None:
    assert loader.create(folder, {"model": "m", "prefix": "p"}).model == "m"


def test_a_module_that_takes_any_argument_gets_any(tmp_path: Path) -> None:
    (tmp_path / "taker").mkdir()
    source = f"{HEAD}(Module):\n    def _initialize(self, **rest): self.rest = rest\n"
    (tmp_path / "taker" / "module.py").write_text(source)

    assert loader.create(tmp_path / "taker", {"whatever": 1}).rest == {"whatever": 1}


def test_a_module_that_takes_none_says_so(tmp_path: Path) -> None:
    (tmp_path / "taker").mkdir()
    (tmp_path / "taker" / "module.py").write_text(f"{HEAD}(Module):\n    pass\n")
    with pytest.raises(ConfigError, match=r"init_args has no 'volume'\. The module takes: none"):
        loader.create(tmp_path / "taker", {"volume": 1})


def test_what_a_module_raises_by_itself_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "taker").mkdir()
    source = f"{HEAD}(Module):\n    def _initialize(self): len(1)\n"
    (tmp_path / "taker" / "module.py").write_text(source)
    with pytest.raises(TypeError, match="has no len"):
        loader.create(tmp_path / "taker", {})


def test_hub_module_tells_the_same(folder: Path) -> None:
    with pytest.raises(ConfigError, match="The module takes: model, prefix"):
        hub.Module(directory=str(folder), prefx="a")
