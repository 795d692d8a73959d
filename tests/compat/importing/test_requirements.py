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


def refusal(folder: Path) -> str:
    with pytest.raises(InvalidModuleError) as caught:
        requirements.check(folder)
    return str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        "from night_sky.processor import x\n",
        "import night_sky.module as other\n",
        "import night_sky\nhub = None\ndef late():\n    hub.Module(name='night_sky')\n",
    ],
)
def test_a_module_that_is_missing_is_installed_by_hub_and_not_by_pip(folder: Path, source: str) -> None:
    write(folder, {"module.py": source + "import absent_one\n"})
    assert refusal(folder).endswith(
        "it needs other modules that are not installed: night_sky. Install them first with: hub install "
        "night_sky (by name, or the path of each folder); and it needs packages that are not installed: "
        "absent_one. Install them with: pip install absent_one"
    )


def test_paddle_fluid_is_no_requirement(folder: Path) -> None:
    pytest.importorskip("paddle")
    write(
        folder, {"module.py": "from paddle.fluid.core import AnalysisConfig\nimport paddle.fluid as fluid\n"}
    )
    requirements.check(folder)


@pytest.fixture
def checkout(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of PaddleOCR whose files import what is not installed, and a module that imports those."""
    top = folder.parent / "PaddleOCR"
    for name, source in {
        "tools/infer/utility.py": "from ppocr.data import create_operators\nimport absent_clipper\n",
        "ppocr/data/__init__.py": "from .imaug import transform\nfrom ppocr.data import imaug\n",
        "ppocr/data/imaug/__init__.py": "from .operators import *\n",
        "ppocr/data/imaug/operators.py": "import absent_augment.x\ndef late():\n    import absent_late\n",
        "ppstructure/layout/predict_layout.py": "from beside import x\nimport absent_shapes\n",
        "ppstructure/layout/beside.py": "",
    }.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(source)
    monkeypatch.chdir(top)
    return top


def test_what_a_checkouts_own_files_lack_is_in_the_one_message_too(folder: Path, checkout: Path) -> None:
    imports = (
        "from tools.infer.utility import x\nfrom ppstructure.layout.predict_layout import LayoutPredictor\n"
    )
    write(folder, {"module.py": imports + "import absent_own\n"})
    assert refusal(folder).endswith(
        "packages that are not installed: absent_augment, absent_clipper, absent_own, absent_shapes. "
        "Install them with: pip install absent_augment absent_clipper absent_own absent_shapes"
    )


def test_files_of_a_checkout_that_the_module_does_not_reach_are_not_looked_at(
    folder: Path, checkout: Path
) -> None:
    write(folder, {"module.py": "from ppocr.data.imaug import transform\n"})
    assert refusal(folder).endswith("pip install absent_augment")
