from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import hub
from hub.engines.base import CENTERED, load
from hub.errors import ConfigError, ModelNotFoundError, WeightsError
from hub.module.loader import create
from hub.ocr.ctc import characters_inside
from hub.ocr.geometry import Image
from hub.ocr.presets import with_models
from tests.ocr.conftest import MODULES, draw_line

pytestmark = pytest.mark.unit

CONFIG = SimpleNamespace(det_model_dir="mine", rec_model_dir="mine", drop_score=0.7)


def test_without_a_name_params_py_stays_as_it_is() -> None:
    assert with_models(CONFIG, None) is CONFIG


def test_a_set_replaces_the_models_and_keeps_the_thresholds() -> None:
    config: Any = with_models(CONFIG, "PP-OCRv6_small")
    assert (config.det_model_dir, config.rec_model_dir) == ("PP-OCRv6_small_det", "PP-OCRv6_small_rec")
    assert config.drop_score == 0.7
    assert CONFIG.det_model_dir == "mine"


def test_an_unknown_set_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match=r"'PP-OCRv6_smal'; allowed are .*Did you mean PP-OCRv6_small[?]"):
        with_models(CONFIG, "PP-OCRv6_smal")


def test_weights_that_were_not_fetched_are_named_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match="hub weights fetch PP-OCRv6_small_rec"):
        create(MODULES / "ocr_rec", {"model": "PP-OCRv6_small"})


@pytest.mark.models
@pytest.mark.parametrize(
    "init_args",
    [
        {"engine": "onnxruntime"},
        {"engine": "openvino"},
        {"engine": "openvino", "parity": True},
    ],
    ids=lambda init_args: " ".join(map(str, init_args.values())),
)
def test_pp_ocrv6_reads_a_page(
    v6: dict[str, Path], weights: dict[str, Path], page: Image, init_args: dict[str, Any]
) -> None:
    # The angle classifier is a Paddle model, which ONNX Runtime cannot read: engine goes to the others.
    module = create(MODULES / "ocr_system", {"model": "PP-OCRv6_small", **init_args})
    (items,) = module.predict(images=[page])
    assert [item["text"] for item in items] == ["INVOICE", "20261120", "RECEIPT"]


@pytest.mark.models
def test_the_single_steps_take_the_set_too(v6: dict[str, Path], page: Image) -> None:
    recognizer = create(MODULES / "ocr_rec", {"model": "PP-OCRv6_small"})
    assert recognizer.predict(images=[draw_line("NO 7")])[0][0]["text"].replace(" ", "") == "NO7"
    (regions,) = create(MODULES / "ocr_det", {"model": "PP-OCRv6_small"}).predict(images=[page])
    assert len(regions) == 3


@pytest.mark.models
def test_paddle_cannot_read_pp_ocrv6_and_says_what_can(v6: dict[str, Path]) -> None:
    with pytest.raises(hub.HubError, match="openvino or onnxruntime can"):
        create(MODULES / "ocr_rec", {"model": "PP-OCRv6_small", "engine": "paddle"})


@pytest.mark.models
def test_the_dictionary_inside_has_blank_first_and_the_space_last(v6: dict[str, Path]) -> None:
    folder = v6["PP-OCRv6_small_rec"]
    for engine in ("openvino", "onnxruntime"):
        model = load(folder, normalize=CENTERED, padded=True, engine=engine)
        characters = characters_inside(model, folder, use_space_char=True)
        assert (len(characters), characters[0], characters[-1]) == (18710, "", " ")


@pytest.mark.models
def test_a_model_without_a_dictionary_inside_needs_one_beside(
    v6: dict[str, Path], weights: dict[str, Path], tmp_path: Path
) -> None:
    for folder in (v6["PP-OCRv6_small_det"], weights["PP-OCRv4_mobile_rec"]):
        with pytest.raises(ModelNotFoundError, match="has no dictionary inside"):
            characters_inside(load(folder, normalize=CENTERED), folder, use_space_char=True)


@pytest.mark.models
def test_a_local_folder_is_another_language(weights: dict[str, Path], tmp_path: Path, page: Image) -> None:
    """As documented: a folder with a model and its dictionary, named in a copy's params.py."""
    module, model = tmp_path / "ocr_system", tmp_path / "my_language"
    shutil.copytree(MODULES / "ocr_system", module)
    shutil.copytree(weights["PP-OCRv4_mobile_rec"], model)
    (model / "ppocr_keys_v1.txt").rename(model / "my_dict.txt")
    params = (module / "params.py").read_text()
    params = params.replace('"PP-OCRv4_mobile_rec"', repr(str(model))).replace(
        "ppocr_keys_v1.txt", "my_dict.txt"
    )
    (module / "params.py").write_text(params)
    (items,) = create(module, {}).predict(images=[page])
    assert [item["text"] for item in items] == ["INVOICE", "20261120", "RECEIPT"]
