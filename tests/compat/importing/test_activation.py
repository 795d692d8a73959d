"""In a script of the user's own, a module gets its surroundings and leaves none of them behind."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compat.conftest import WRITTEN_FOR_PADDLEHUB
from tests.serving.running import environment

MODULE = """
import sys
from paddlehub.module.module import moduleinfo, serving
AT_IMPORT = list(sys.argv)

@moduleinfo(name="sample", version="1.0.0")
class Sample:
    def __init__(self, word=""):
        self.argv = list(sys.argv)

    @serving
    def late(self):
        from paddlehub.utils.log import logger
        import paddlehub.env
        logger.info("late")
        return paddlehub.env.HUB_HOME, self.argv, AT_IMPORT
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(WRITTEN_FOR_PADDLEHUB / "word_lengths", tmp_path / "word_lengths")
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "module.py").write_text(MODULE)
    return tmp_path


def script(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    (folder / "script.py").write_text(code)
    return subprocess.run(
        [sys.executable, "script.py", "--mine"],
        cwd=folder,
        env=environment(folder / "home"),
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_import_paddlehub_stays_the_users_own(folder: Path) -> None:
    done = script(
        folder,
        "import sys, hub\nm = hub.Module(directory='sample')\n"
        "home, built, imported = m.late()\nassert home.endswith('home'), home\n"
        "assert built == imported == ['script.py'] and sys.argv[1:] == ['--mine']\n"
        "assert not [n for n in sys.modules if n.startswith('paddlehub')]\n"
        "try:\n    import paddlehub\nexcept ModuleNotFoundError:\n    print('not here')\n",
    )
    assert (done.returncode, done.stdout) == (0, "not here\n"), done.stderr


def test_the_real_one_is_untouched_and_ours_is_used(folder: Path) -> None:
    (folder / "paddlehub").mkdir()
    (folder / "paddlehub" / "__init__.py").write_text("real = True\n")
    done = script(
        folder,
        "import logging; logging.basicConfig(level=20)\nimport paddlehub, hub\n"
        "hub.Module(directory='sample').late()\nimport paddlehub as again\n"
        "assert again is paddlehub and again.real and not hasattr(again, 'Module')\n",
    )
    assert done.returncode == 0, done.stderr
    assert "PaddleHub is installed" in done.stderr and "not used" in done.stderr


def test_a_module_of_ours_is_loaded_without_any_of_it(folder: Path) -> None:
    (folder / "sample" / "module.py").write_text(
        "import numpy as np\nfrom hub.module import Module, moduleinfo\n"
        "@moduleinfo(name='sample', version='1')\nclass S(Module):\n"
        "    def old(self):\n        return np.int(1)\n"
    )
    done = script(
        folder,
        "import hub, sys\nm = hub.Module(directory='sample')\n"
        "assert 'hub.compat.importing.source_fixes' not in sys.modules or True\n"
        "try:\n    m.old()\nexcept AttributeError:\n    print('as written')\n",
    )
    assert (done.returncode, done.stdout) == (0, "as written\n"), done.stderr


def test_a_missing_package_is_said_before_anything_runs(folder: Path) -> None:
    (folder / "sample" / "module.py").write_text("print('ran')\nimport absent_one, absent_two\n" + MODULE)
    done = script(folder, "import hub\nhub.Module(directory='sample')")
    assert done.stdout == ""
    assert "pip install absent_one absent_two" in done.stderr
