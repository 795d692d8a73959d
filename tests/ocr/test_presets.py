from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import PIL.Image
import PIL.ImageDraw
import pytest

import hub
from hub import models_in_use
from hub.engines import available
from hub.engines.base import CENTERED, load
from hub.errors import ConfigError, EngineError, ModelNotFoundError, WeightsMissingError
from hub.module.loader import create
from hub.ocr import build
from hub.ocr.build import build_classifier, build_recognizer
from hub.ocr.ctc import characters_inside
from hub.ocr.detector import Detector
from hub.ocr.font import cjk_font
from hub.ocr.geometry import Image
from hub.ocr.presets import configured, with_models
from hub.registry.weights import fetch
from tests.ocr.conftest import KEPT, MODULES, draw_line

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
    with pytest.raises(WeightsMissingError, match=r"hub weights fetch PP-OCRv6_small_rec\Z"):
        create(MODULES / "ocr_rec", {"model": "PP-OCRv6_small"})


@pytest.mark.parametrize(
    ("init_args", "names"),
    [
        ({}, "PP-OCRv6_small_det PP-OCRv6_small_rec ch_ppocr_mobile_v2.0_cls"),
        ({"model": "PP-OCRv6_tiny"}, "PP-OCRv6_tiny_det PP-OCRv6_tiny_rec ch_ppocr_mobile_v2.0_cls"),
        ({"parity": True}, "PP-OCRv4_mobile_det PP-OCRv4_mobile_rec ch_ppocr_mobile_v2.0_cls"),
        ({"params": {"use_angle_cls": False}}, "PP-OCRv6_small_det PP-OCRv6_small_rec"),
        (
            {"params": {"page_orientation": True, "use_angle_cls": False}},
            "PP-OCRv6_small_det PP-OCRv6_small_rec PP-LCNet_x1_0_doc_ori",
        ),
    ],
    ids=str,
)
def test_all_weights_that_are_missing_are_named_in_one_line_with_one_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, init_args: dict[str, Any], names: str
) -> None:
    monkeypatch.setenv("HUB_HOME", str(tmp_path))
    with pytest.raises(WeightsMissingError) as raised:
        create(MODULES / "ocr_system", init_args)
    assert str(raised.value).endswith(f"Fetch them with: hub weights fetch {names}")
    assert "\n" not in str(raised.value)


def test_what_only_finds_text_needs_no_weights_for_the_orientation_of_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_HOME", str(tmp_path))
    with pytest.raises(WeightsMissingError, match=r"hub weights fetch PP-OCRv6_small_det\Z"):
        create(MODULES / "ocr_det", {"params": {"page_orientation": True}})


# -- which models, and whose thresholds --------------------------------------------------------------------

SHIPPED = SimpleNamespace(det_model_dir="PP-OCRv6_small_det", rec_model_dir="PP-OCRv6_small_rec")
EARLIER = SimpleNamespace(
    det_model_dir="PP-OCRv4_mobile_det",
    rec_model_dir="PP-OCRv4_mobile_rec",
    rec_char_dict_path="ppocr_keys_v1.txt",
    det_db_thresh=0.3,
)
V6, TINY, V4 = (
    (f"{name}_det", f"{name}_rec") for name in ("PP-OCRv6_small", "PP-OCRv6_tiny", "PP-OCRv4_mobile")
)


def models(config: Any, **how: Any) -> tuple[str, str]:
    """The models that a params.py comes to, on a machine where every folder is there."""
    found: Any = configured(config, lambda name: Path(name), **how)
    return found.det_model_dir, found.rec_model_dir


@pytest.mark.parametrize(
    ("config", "how", "expected"),
    [
        (SHIPPED, {}, V6),
        (SHIPPED, {"model": "PP-OCRv6_tiny"}, TINY),
        (SHIPPED, {"parity": True}, V4),
        (SHIPPED, {"parity": True, "model": "PP-OCRv6_small"}, V6),
        (SHIPPED, {"parity": True, "params": {"rec_model_dir": V6[1]}}, (V4[0], V6[1])),
        (SHIPPED, {"params": {"det_model_dir": "mine"}, "model": "PP-OCRv6_tiny"}, ("mine", TINY[1])),
        (EARLIER, {}, V4),
        (EARLIER, {"parity": True}, V4),
        (EARLIER, {"model": "PP-OCRv6_small"}, V6),
        (CONFIG, {"parity": True}, ("mine", "mine")),
    ],
    ids=str,
)
def test_init_args_then_params_py_then_the_default_choose_the_models(
    config: Any, how: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert models(config, **how) == expected


@pytest.mark.parametrize(
    ("engine", "device", "installed", "runs"),
    [
        ("auto", "cpu", ("openvino", "paddle"), V6),
        ("auto", "cpu", ("onnxruntime", "paddle"), V6),
        ("auto", "cpu", ("paddle",), V4),
        ("paddle", "cpu", ("openvino", "paddle"), V4),
        ("openvino", "cpu", ("openvino", "paddle"), V6),
        ("auto", "gpu", ("openvino", "paddle"), V4),
        ("auto", "gpu", ("openvino", "paddle", "onnxruntime"), V4),
        ("auto", "gpu", ("openvino", "paddle", "onnxruntime with CUDA"), V6),
    ],
)
def test_where_the_default_cannot_run_pp_ocrv4_does_and_one_line_says_why(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    engine: Any,
    device: Any,
    installed: tuple[str, ...],
    runs: tuple[str, str],
) -> None:
    names = {each.split()[0] for each in installed}
    monkeypatch.setattr(available, "find_spec", lambda name: name in names or None)
    monkeypatch.setattr("hub.engines.onnxruntime.has_cuda", lambda: "onnxruntime with CUDA" in installed)

    assert models(SHIPPED, engine=engine, device=device) == runs
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == (1 if runs == V4 else 0)
    assert all(line.endswith("PP-OCRv4_mobile runs instead") for line in said)


def test_a_model_by_its_name_is_never_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(available, "find_spec", lambda name: name == "paddle" or None)

    assert models(SHIPPED, model="PP-OCRv6_small") == V6
    assert "pip install openvino" in available.obstacle("onnx")
    assert available.obstacle("onnx", device="gpu").endswith("pip install onnxruntime-gpu")


def test_a_field_that_is_none_is_refused_with_a_guess() -> None:
    with pytest.raises(ConfigError, match=r"no field 'det_db_tresh'.*Did you mean det_db_thresh[?]"):
        models(SHIPPED, params={"det_db_tresh": 0.9})
    with pytest.raises(ConfigError, match="params must be an object"):
        models(SHIPPED, params=["det_db_thresh"])


@pytest.mark.models
def test_thresholds_are_init_args_then_params_pys_then_the_models_then_paddleocrs(
    weights: dict[str, Path], v6: dict[str, Path], others: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Detector, "warm_up", lambda _: None)  # nothing is read

    def thresholds(**how: Any) -> tuple[float, float, float]:
        params = create(MODULES / "ocr_det", how).detector.params
        return params.det_db_thresh, params.det_db_box_thresh, params.det_db_unclip_ratio

    assert thresholds() == (0.2, 0.45, 1.4)
    assert thresholds(model="PP-OCRv6_tiny") == (0.2, 0.4, 1.6), "its inference.yml but for the growth"
    assert thresholds(model="PP-OCRv5_mobile") == (0.3, 0.6, 1.5)
    assert thresholds(model="PP-OCRv4_mobile") == thresholds(parity=True) == (0.3, 0.5, 1.6)
    assert thresholds(parity=True, model="PP-OCRv6_small") == (0.2, 0.45, 1.4)
    assert thresholds(parity=True, model="PP-OCRv6_tiny") == (0.2, 0.4, 1.4)
    assert thresholds(model="PP-OCRv6_tiny", params={"det_db_unclip_ratio": 1.4}) == (0.2, 0.4, 1.4)
    assert thresholds(params={"det_db_thresh": 0.35}) == (0.35, 0.45, 1.4)
    earlier = create(KEPT / "ocr_det", {"model": "PP-OCRv6_small"}).detector.params
    assert (earlier.det_db_thresh, earlier.det_db_box_thresh) == (0.3, 0.5), "its params.py has them"


@pytest.mark.models
@pytest.mark.parametrize(
    "model",
    [
        "PP-OCRv6_tiny",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("PP-OCRv5_mobile", "PP-OCRv4_mobile")),
    ],
)
def test_every_set_reads_a_page(
    weights: dict[str, Path], others: dict[str, Path], page: Image, model: str
) -> None:
    module = create(MODULES / "ocr_system", {"model": model})
    (items,) = module.predict(images=[page])
    assert [item["text"] for item in items] == ["INVOICE", "20261120", "RECEIPT"]
    assert {f"{model}_det", f"{model}_rec"} <= set(models_in_use.names())


@pytest.mark.models
@pytest.mark.parametrize(
    "precision", ["auto", *(pytest.param(name, marks=pytest.mark.slow) for name in ("f32", "int8"))]
)
def test_the_default_reads_columns_in_every_precision(weights: dict[str, Path], precision: str) -> None:
    columns = ["天地玄黄宇宙洪荒", "日月盈昃辰宿列张", "寒来暑往秋收冬藏", "闰余成岁律吕调阳"]
    (lines,) = create(MODULES / "ocr_system", {"precision": precision}).predict(images=[drawn(columns)])
    assert sorted(line["text"] for line in lines) == sorted(columns)


def drawn(columns: list[str]) -> Image:
    """Columns of Chinese, from the right to the left."""
    font = cjk_font(36, fetch(("NotoSansCJKsc",))["NotoSansCJKsc"])
    sheet = PIL.Image.new("RGB", (700, 520), "white")
    draw = PIL.ImageDraw.Draw(sheet)
    for number, column in enumerate(columns):
        for place, character in enumerate(column):
            draw.text((560 - 140 * number, 40 + 50 * place), character, font=font, fill=(20, 20, 20))
    return np.ascontiguousarray(np.asarray(sheet)[:, :, ::-1])


@pytest.mark.parametrize(
    ("has_cuda", "device", "loaded"),
    [
        ("onnxruntime", "gpu", "ch_ppocr_mobile_v2.0_cls_onnx"),
        ("onnxruntime paddle", "gpu", "ch_ppocr_mobile_v2.0_cls"),
        ("onnxruntime", "cpu", "ch_ppocr_mobile_v2.0_cls"),
    ],
)
def test_on_a_card_where_only_onnx_runtime_has_cuda_the_classifier_is_its_own(
    monkeypatch: pytest.MonkeyPatch, has_cuda: str, device: Any, loaded: str
) -> None:
    def load(folder: Path, **options: Any) -> None:
        raise EngineError(f"{folder} on {options['device']}")

    engines = {"onnx": "onnxruntime", "pdmodel": "paddle"}
    monkeypatch.setattr(build, "load", load)
    monkeypatch.setattr(build, "obstacle", lambda kind, device: "" if engines[kind] in has_cuda else "none")
    params = SimpleNamespace(cls_model_dir="ch_ppocr_mobile_v2.0_cls")

    with pytest.raises(EngineError, match=f"^{loaded} on {device}$"):
        build_classifier(params, lambda name: Path(name), device=device)


@pytest.mark.models
def test_a_classifier_for_onnx_runtime_tells_what_the_other_does(
    weights: dict[str, Path], others: dict[str, Path]
) -> None:
    lines = [draw_line("INVOICE 2026"), draw_line("RECEIPT")]
    lines += [cv2.rotate(line, cv2.ROTATE_180) for line in lines]
    names = ("ch_ppocr_mobile_v2.0_cls", "ch_ppocr_mobile_v2.0_cls_onnx")
    found = [
        build_classifier(SimpleNamespace(cls_model_dir=name), hub.model_path, precision="f32").classify(lines)
        for name in names
    ]
    assert (
        [angle.label for angle in found[0]] == [angle.label for angle in found[1]] == ["0", "0", "180", "180"]
    )


@pytest.mark.models
def test_a_dictionary_of_paddlexs_yml_is_found_though_params_py_keeps_paddleocrs_name(
    others: dict[str, Path], page: Image
) -> None:
    module = create(KEPT / "ocr_rec", {})
    params = SimpleNamespace(
        rec_model_dir=str(others["PP-OCRv6_tiny_rec"]), rec_char_dict_path="ppocr_keys_v1.txt"
    )
    recognizer = build_recognizer(params, partial(hub.model_path, directory=module.directory), parity=False)
    assert recognizer.recognize([[draw_line("NO 7")]])[0][0].text.replace(" ", "") == "NO7"


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
        with pytest.raises(ModelNotFoundError, match="there is no dictionary for the model"):
            characters_inside(load(folder, normalize=CENTERED), folder, use_space_char=True)


@pytest.mark.models
def test_a_local_folder_is_another_language(weights: dict[str, Path], tmp_path: Path, page: Image) -> None:
    """As documented: a folder with a model and its dictionary, named in a copy's params.py."""
    module, model = tmp_path / "ocr_system", tmp_path / "my_language"
    shutil.copytree(MODULES / "ocr_system", module)
    shutil.copytree(weights["PP-OCRv4_mobile_rec"], model)
    (model / "ppocr_keys_v1.txt").rename(model / "my_dict.txt")
    params = (module / "params.py").read_text()
    params = params.replace(
        'rec_model_dir = "PP-OCRv6_small_rec"',
        f'rec_model_dir = {str(model)!r}\n    rec_char_dict_path = "my_dict.txt"',
    )
    (module / "params.py").write_text(params)
    (items,) = create(module, {}).predict(images=[page])
    assert [item["text"] for item in items] == ["INVOICE", "20261120", "RECEIPT"]
