"""Every name of PaddleHub that the public modules import is answered, and by something that works."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from hub import compat
from hub.compat.importing.name_table import NAMES
from tests.serving.running import ROOT

#: What the 199 public modules with a serving method import, and the meta classes of the other 194.
CORPUS = [
    "paddlehub.module.module.moduleinfo",
    "paddlehub.module.module.serving",
    "paddlehub.module.module.runnable",
    "paddlehub.Module",
    "paddlehub.utils.log.logger",
    "paddlehub.env.MODULE_HOME",
    "paddlehub.NLPPredictionModule",
    "paddlehub.common.logger.logger",
    "paddlehub.module.nlp_module.DataFormatError",
    "paddlehub.module.nlp_module.EmbeddingModule",
    "paddlehub.module.nlp_module.TransformerModule",
    "paddlehub.common.paddle_helper.add_vars_prefix",
    "paddlehub.common.paddle_helper.get_variable_info",
    "paddlehub.vision.segmentation_transforms",
    "paddlehub.vision.transforms",
    "paddlehub.process.transforms.Resize",
    "paddlehub.compat.task.tokenization",
    "paddlehub.utils.parser.txt_parser",
    "paddlehub.utils.utils.logger",
    "paddlehub.utils.utils.sys_stdin_encoding",
    "paddlehub.common.dir.THIRD_PARTY_HOME",
    "paddlehub.common.downloader.default_downloader",
    "paddlehub.common.utils.mkdir",
    "paddlehub.common.utils.sys_stdin_encoding",
    "paddlehub.module.cv_module.ImageClassifierModule",
    "paddlehub.module.cv_module.ImageSegmentationModule",
    "paddlehub.module.cv_module.ImageColorizeModule",
    "paddlehub.module.cv_module.StyleTransferModule",
    "paddlehub.io.parser.txt_parser",
    "paddlehub.TransformerModule",
    "paddlehub.reader.batching.pad_batch_data",
    "paddlehub.reader.tokenization.FullTokenizer",
    "paddlehub.reader.tokenization.convert_to_unicode",
]


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("HUB_HOME", str(tmp_path_factory.mktemp("home")))
    compat.install()


@pytest.mark.parametrize("name", CORPUS)
def test_the_public_modules_names_are_answered(name: str) -> None:
    module, _, attribute = f"hub.compat.{name}".rpartition(".")
    assert getattr(importlib.import_module(module), attribute) is not None


@pytest.mark.parametrize("module", NAMES)
def test_every_listed_name_is_there(module: str) -> None:
    facade = importlib.import_module(f"hub.compat.{module}")
    for name in NAMES[module]:
        assert getattr(facade, name) is not None


def test_a_submodule_is_an_attribute_without_being_imported() -> None:
    facade = importlib.import_module("hub.compat.paddlehub")
    assert facade.env.HUB_HOME


def test_what_is_not_answered_says_so() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"paddlehub.finetune is not in it"):
        importlib.import_module("hub.compat.paddlehub.finetune.trainer")


def test_the_decorators_need_the_standard_library_only() -> None:
    code = (
        "import sys; third_party = 'numpy cv2 paddle orjson filelock packaging requests';"
        "sys.modules.update(dict.fromkeys(third_party.split()));"
        "from hub import compat; compat.install(for_good=True);"
        "import paddlehub as hub; from paddlehub.module.module import moduleinfo, serving, runnable;"
        "from paddlehub.utils.log import logger; hub.Module; from paddlehub.env import MODULE_HOME"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)
