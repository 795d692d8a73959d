"""``hub paddlex`` and ``hub serving start --pipeline``: command lines of the documents, up to the start."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from hub.cli.main import main
from hub.paddlex import ready
from tests.paddlex.files import CLASSIFIER, OCR, written

pytestmark = pytest.mark.unit


class Said(NamedTuple):
    code: int
    out: str
    err: str


Typed = Callable[..., Said]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def typed(home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Typed:
    """Runs ``hub`` with these words, in this process: none of them gets as far as to serve."""

    def run(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["hub", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return Said(int(ended.value.code or 0), *capfd.readouterr())

    return run


def test_install_takes_paddlex_s_options_with_it(typed: Typed) -> None:
    done = typed("paddlex", "--install", "serving", "--platform", "gitee.com", "-y", "--no_deps")

    assert done.out.startswith("Nothing to install")


def test_install_serving_says_what_is_needed_and_is_done(typed: Typed) -> None:
    done = typed("paddlex", "--install", "serving")

    assert done.out.startswith("Nothing to install")
    assert "hub install --isolated paddlex_pipeline" in done.out
    assert "pip install 'paddlex[base,serving]" in done.out


@pytest.mark.parametrize(
    ("plugin", "said"), [("hpi-cpu", "pip install openvino"), ("paddle2onnx", "Nothing to install")]
)
def test_other_plugins_of_serving_are_told_too(typed: Typed, plugin: str, said: str) -> None:
    assert said in typed("paddlex", "--install", plugin).out


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--install serving hpi-cpu", "one at a time"),
        ("--install PaddleDetection", "paddlex --install PaddleDetection"),
        ("--install", "Known here: serving"),
        ("--serve", "--pipeline NAME"),
        ("--serve --pipelin OCR", "unknown option --pipelin; did you mean --pipeline?"),
        ("--serve --pipeline OCR --use_hpi", "did you mean --use_hpip?"),
        ("--serve --pipeline OCR --port many", "many"),
        ("--serve --pipeline OCR extra", "unknown option extra"),
        ("--pipeline OCR", "say --serve"),
        ("--pipeline OCR --input a.png --use_doc_unwarping False", "hub run ocr_system"),
        ("--get_pipeline_config OCR --save_path .", "paddlex --get_pipeline_config"),
        ("--paddle2onnx --paddle_model_dir a --onnx_model_dir b", "paddlex --paddle2onnx"),
        ("", "Usage: hub paddlex"),
    ],
)
def test_what_is_no_serving_ends_with_code_2_and_says_where_to_go(typed: Typed, line: str, said: str) -> None:
    done = typed("paddlex", *line.split())

    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_the_document_s_mistyped_line_gets_a_did_you_mean(typed: Typed) -> None:
    """Document 000 as it is, with ``image_classfication``; also the licence's options in one line."""
    line = "--serve --pipeline image_classfication --use_hpip --serial_number {序列号} --update_license"
    done = typed("paddlex", *line.split())

    assert done.code == 1
    assert "Did you mean image_classification?" in done.err
    assert done.err.count("nothing: HubServing needs no licence") == 1
    assert "--serial_number and --update_license do nothing" in done.err


@pytest.mark.parametrize(
    "line",
    [
        "--serve --pipeline image_classification",
        "--serve --pipeline image_classification --use_hpip",
        "--serve --pipeline image_classification --use_hpip --serial_number {serial_number}",
        "--serve --pipeline image_classification --use_hpip --serial_number {serial_number} --update_license",
        "--serve --pipeline image_classification --device gpu:0 --host 0.0.0.0 --port 8080",
    ],
)
def test_a_pipeline_of_paddlex_without_paddlex_names_the_commands_that_install_it(
    typed: Typed, home: Path, line: str
) -> None:
    if ready.has_paddlex():
        pytest.skip("the real PaddleX is installed here")
    done = typed("paddlex", *line.split())

    assert done.code == 1
    assert "image_classification is served by the real PaddleX, which is not installed: paddlex[" in done.err
    assert "hub install --isolated paddlex_pipeline" in done.err
    assert not list((home / "modules").glob("*"))


def test_an_ocr_file_that_asks_for_more_says_what_before_it_asks_for_paddlex(
    typed: Typed, tmp_path: Path
) -> None:
    if ready.has_paddlex():
        pytest.skip("the real PaddleX is installed here")
    path = written(tmp_path, OCR, use_doc_preprocessor=True)
    done = typed("serving", "start", "--pipeline", path)

    assert done.code == 1
    assert "OCR here does not do this:\n  SubPipelines.DocPreprocessor.use_doc_unwarping: pages" in done.err
    assert "hub install --isolated paddlex_pipeline" in done.err


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("--pipeline OCR -c x.json", 2, "--pipeline and --config"),
        ("--pipeline OCR --device gpu --use_gpu", 2, "--device gpu says what"),
        ("--pipeline OCR --device gpux", 1, "allowed: cpu, gpu"),
        ("--pipeline OCR -p 70000", 1, "'port'"),
        ("--pipeline OCR -m ocr_pipeline", 2, "leave -m ocr_pipeline out"),
        ("--pipeline ocr", 1, "Did you mean OCR?"),
        ("--pipeline nowhere.yaml", 1, "nowhere.yaml: No such file"),
        ("-m probe --use_hpip", 2, '"engine": "hpip"'),
        ("-m probe --allow_urls", 2, "--allow_urls is for a pipeline"),
        ("-m probe --device cpu:1", 1, "device 'cpu:1'"),
    ],
)
def test_mistakes_of_hub_serving_start_are_told(typed: Typed, line: str, code: int, said: str) -> None:
    done = typed("serving", "start", *line.split())

    assert done.code == code
    assert said in done.err


def test_with_a_config_file_the_device_is_ignored_aloud(typed: Typed, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"modules_info": {"nobody": {}}}')
    done = typed("serving", "start", "-c", str(path), "--device", "gpu:0")

    assert done.code == 1
    assert f"Warning: --device ignored; with --config, {path} decides" in done.err
    assert "nobody" in done.err.splitlines()[-1]


@pytest.mark.parametrize("flag", ["-c", "--pipeline", "PADDLEX_HPS_PIPELINE_CONFIG_PATH"])
def test_a_pipeline_file_is_one_however_it_is_named(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flag: str
) -> None:
    path = written(tmp_path, CLASSIFIER, workers=2)
    if flag.startswith("-"):
        words = [flag, path]
    else:
        words = []
        monkeypatch.setenv(flag, path)
    done = typed("serving", "start", *words)

    assert done.code == 1
    assert "unknown key 'workers'" in done.err
