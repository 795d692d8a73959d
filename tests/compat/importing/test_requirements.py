"""What a module needs and is not installed is said at once, in one message, before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.compat.importing import requirements
from hub.errors import InvalidModuleError

pytestmark = pytest.mark.unit


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUB_HOME", str(tmp_path / "home"))
    (tmp_path / "sample").mkdir()
    return tmp_path / "sample"


def write(folder: Path, files: dict[str, str]) -> None:
    for name, source in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)


def test_all_are_named_with_the_command(folder: Path) -> None:
    write(
        folder,
        {
            "module.py": "import json, numpy\nimport nosuchskimage.io\nfrom sample.parts import inner\n",
            "parts/inner.py": "class A:\n    import absent_nlp\n",
            "parts/__init__.py": "from .other import x\n",
            "parts/other.py": "from absentyaml import load\n",
        },
    )
    with pytest.raises(InvalidModuleError) as caught:
        requirements.check(folder)
    assert str(caught.value).endswith(
        "it needs packages that are not installed: absent_nlp, absentyaml, nosuchskimage. "
        "Install them with: pip install absent_nlp absentyaml nosuchskimage"
    )


def test_packages_are_named_as_they_are_installed() -> None:
    assert requirements._DISTRIBUTIONS["skimage"] == "scikit-image"


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    import absent\nexcept ImportError:\n    absent = None\n",
        "def late():\n    import absent\n",
        "if __name__ == '__main__':\n    import absent\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import absent\n",
        "import paddlehub\nfrom paddlehub.x import y\n",
        "import own_helper\n",
        "from .own_helper import x\nfrom sample import own_helper\n",
        "from . import own_helper\n",
    ],
)
def test_what_loading_does_not_need_is_not_asked_for(folder: Path, source: str) -> None:
    write(folder, {"module.py": source, "own_helper.py": ""})
    requirements.check(folder)


def test_a_file_that_nothing_imports_is_not_looked_at(folder: Path) -> None:
    write(folder, {"module.py": "import json", "train.py": "import absent"})
    requirements.check(folder)


def test_paddle_fluid_is_explained(folder: Path) -> None:
    pytest.importorskip("paddle")
    write(folder, {"module.py": "from paddle.fluid.core import AnalysisConfig\n"})
    with pytest.raises(InvalidModuleError, match=r"uses paddle\.fluid, which Paddle dropped in version 2\.5"):
        requirements.check(folder)
