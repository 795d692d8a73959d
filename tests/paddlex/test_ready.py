"""What a start installs: the bundled module, where it is missing or older, and nothing else."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from hub.cli.server_request import for_pipeline
from hub.errors import ModuleNotInstalledError
from hub.paddlex import device, ready
from hub.paddlex.plan import BRIDGE, NATIVE, PipelineOptions, plan
from hub.registry.local import LocalRegistry
from hub.registry.progress import Silent
from hub.registry.weights import fetch
from tests.paddlex.files import OCR, changed, written
from tests.serving.running import ROOT

pytestmark = pytest.mark.models


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, but for the weights."""
    home = tmp_path / "home"
    home.mkdir()
    name = "PP-OCRv4_mobile_det"
    (home / "weights").symlink_to(fetch([name])[name].parent)
    monkeypatch.setenv("HUB_HOME", str(home))
    return home


def install_own(folder: Path, *, version: str = "1.0.0") -> None:
    """Install an ocr_pipeline of one's own, with another params.py."""
    shutil.copytree(ROOT / "modules" / NATIVE, folder / NATIVE, ignore=shutil.ignore_patterns("__pycache__"))
    module = folder / NATIVE / "module.py"
    module.write_text(re.sub(r'version="[^"]+"', f'version="{version}"', module.read_text()))
    with (folder / NATIVE / "params.py").open("a") as params:
        params.write("\n# mine\n")
    LocalRegistry().install(folder / NATIVE)


def is_mine() -> bool:
    return "# mine" in (LocalRegistry().find(NATIVE).directory / "params.py").read_text()


def test_the_module_is_installed_once() -> None:
    planned = plan("OCR", PipelineOptions())
    first, second = (ready.make_ready(planned, Silent()) for _ in range(2))

    assert first is not None
    assert (first.info.name, second) == (NATIVE, None)


def test_a_module_of_one_s_own_making_stays_as_it_is(tmp_path: Path) -> None:
    install_own(tmp_path)

    assert ready.make_ready(plan("OCR", PipelineOptions()), Silent()) is None
    assert is_mine()


def test_an_older_one_gives_way_to_the_one_that_comes_along(tmp_path: Path) -> None:
    install_own(tmp_path, version="0.0.1")

    assert ready.make_ready(plan("OCR", PipelineOptions()), Silent()) is not None
    assert not is_mine()


def test_an_edited_file_is_what_a_reload_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, OCR)
    request = for_pipeline(path, PipelineOptions(), {"port": 9000})
    # A supervisor that looks for cards would keep everybody waiting.
    monkeypatch.setattr(device, "default", lambda python: pytest.fail("nobody should look again"))
    Path(path).write_text(changed(OCR, {"SubModules.TextDetection.thresh": 0.2}))
    after = request.reread()

    assert after is not None
    thresholds = [
        each.modules_info[NATIVE].init_args["text_detection"]["thresh"] for each in (request.config, after)
    ]
    assert (thresholds, after.port) == ([0.3, 0.2], 9000)


def test_paddlex_is_never_installed_unasked(tmp_path: Path) -> None:
    if ready.has_paddlex():
        pytest.skip("the real PaddleX is installed here")
    planned = plan(written(tmp_path, OCR, text_type="seal"), PipelineOptions())
    with pytest.raises(ModuleNotInstalledError, match=r"(?s)text_type is seal.*hub install --isolated"):
        ready.make_ready(planned, Silent())
    with pytest.raises(ModuleNotInstalledError):
        LocalRegistry().find(BRIDGE)
