"""Folders that are modules, and a home of one's own for every test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hub.registry.local import LocalRegistry

MODULE = """\
from hub.module import Module, moduleinfo, serving
{imports}

@moduleinfo(name="{name}", version="{version}", summary="{summary}", author="someone", weights={weights})
class Sample(Module):
    def _initialize(self, **options):
        self.options = options

    @serving
    def answer(self, texts):
        return [{answer!r} for _ in texts]
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUB_HOME", str(tmp_path / "home"))
    # Programs that tests start should meet this checkout, installed or not.
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    return tmp_path / "home"


@pytest.fixture
def registry(home: Path) -> LocalRegistry:
    return LocalRegistry()


@pytest.fixture
def make_module(tmp_path: Path) -> Callable[..., Path]:
    """Write a module's folder; equal names and versions land in different folders by ``answer``."""

    def make(
        name: str = "sample",
        version: str = "1.0.0",
        *,
        answer: str = "a",
        imports: str = "",
        summary: str = "",
        weights: tuple[str, ...] = (),
    ) -> Path:
        folder = tmp_path / "sources" / f"{name}-{version}-{answer}" / name.replace("-", "_")
        folder.mkdir(parents=True)
        source = MODULE.format(
            name=name, version=version, answer=answer, imports=imports, summary=summary, weights=list(weights)
        )
        (folder / "module.py").write_text(source, encoding="utf-8")
        (folder / "__init__.py").touch()
        (folder / "data.txt").write_text(answer * 1000, encoding="utf-8")
        return folder

    return make
