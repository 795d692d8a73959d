from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.engines import available, base
from hub.engines.base import CENTERED, Batch, LoadedModel, load
from hub.errors import EngineError, ModelNotFoundError
from hub.ocr.build import engine_options

pytestmark = pytest.mark.unit


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A folder that looks like a model and is none."""
    (tmp_path / "inference.pdmodel").write_bytes(b"nonsense")
    (tmp_path / "inference.pdiparams").write_bytes(b"nonsense")
    return tmp_path


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"engine": "tflite"},
            "engine is 'tflite'; allowed are auto, hpip, openvino, onnxruntime, tensorrt, paddle",
        ),
        ({"engine": "tensorrt"}, "tensorrt runs on NVIDIA cards: set use_gpu to true"),
        ({"engine": "tensorrt", "device": "gpu"}, "tensorrt cannot read .*openvino or paddle can"),
        ({"precision": "int4"}, "precision is 'int4'; allowed are auto, f32, bf16, int8"),
        ({"device": "tpu"}, "device is 'tpu'"),
        ({"engine": "onnxruntime"}, "onnxruntime cannot read .*openvino or paddle can"),
        ({"engine": "openvino"}, "OpenVINO cannot load"),
        ({"engine": "openvino", "device": "gpu"}, "runs on CPU here"),
        ({"engine": "paddle", "precision": "bf16"}, "bf16 is offered by engine openvino"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_with_the_reason(
    broken: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], message: str
) -> None:
    monkeypatch.setattr(available, "has_driver", lambda: True)
    with pytest.raises(EngineError, match=message):
        load(broken, normalize=CENTERED, **options)


def test_a_missing_folder_is_its_own_error(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError):
        load(tmp_path / "nowhere", normalize=CENTERED)


def test_an_engine_that_is_not_installed_is_named(broken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(available, "find_spec", lambda name: None)
    with pytest.raises(EngineError, match="pip install openvino"):
        load(broken, normalize=CENTERED, engine="openvino")


@pytest.mark.models
def test_auto_is_paddle_where_openvino_is_not_installed(
    weights: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(available, "find_spec", lambda name: name == "paddle" or None)
    assert load(weights["PP-OCRv4_mobile_det"], normalize=CENTERED).engine == "paddle"


@pytest.mark.models
def test_auto_is_openvino_where_it_is_installed(weights: dict[str, Path]) -> None:
    model = load(weights["PP-OCRv4_mobile_det"], normalize=CENTERED, threads=2)
    assert (model.engine, model.parallel) == ("openvino", 2)


@pytest.mark.models
def test_a_wide_model_runs_one_batch_on_up_to_four_threads(weights: dict[str, Path]) -> None:
    streams = [
        load(weights["PP-OCRv4_mobile_det"], normalize=CENTERED, threads=threads, wide=True).parallel
        for threads in (1, 2, 4, 8)
    ]
    assert streams == [1, 1, 1, 2]


@pytest.mark.models
@pytest.mark.parametrize(
    ("flags", "precision"),
    [("avx512_bf16 avx512_vnni", "bf16"), ("avx_vnni", "f32"), ("amx_bf16", "bf16"), ("", "f32")],
    ids=str,
)
def test_auto_is_the_fastest_that_the_cpu_has(
    weights: dict[str, Path], monkeypatch: pytest.MonkeyPatch, flags: str, precision: str
) -> None:
    from hub.engines.openvino import engine as openvino

    monkeypatch.setattr(openvino, "cpu_flags", lambda: frozenset(flags.split()))
    assert load(weights["PP-OCRv4_mobile_det"], normalize=CENTERED).precision == precision
    assert load(weights["PP-OCRv4_mobile_rec"], normalize=CENTERED, padded=True).precision == precision


@pytest.mark.parametrize("engine", ["auto", "openvino", "onnxruntime", "paddle"])
def test_int8_of_earlier_releases_is_auto_and_one_line_says_so(
    caplog: pytest.LogCaptureFixture, engine: Any
) -> None:
    base._say_that_int8_is_gone.cache_clear()
    found = [base.Execution(engine=engine, precision="int8").precision for _ in range(3)]

    assert found == ["auto"] * 3
    (line,) = caplog.messages
    assert line.startswith('precision "int8" no longer exists')


def test_int8_with_parity_is_what_parity_has(caplog: pytest.LogCaptureFixture) -> None:
    def precision(parity: bool) -> str:
        asked: Any = {"use_gpu": False, "enable_mkldnn": None, "engine": "auto", "precision": "int8"}
        return engine_options(**asked, parity=parity)["precision"]

    assert (precision(parity=False), precision(parity=True)) == ("auto", "f32")


@pytest.mark.models
def test_use_gpu_without_cuda_says_so(weights: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    import paddle

    monkeypatch.setattr(available, "has_driver", lambda: True)

    if paddle.is_compiled_with_cuda():
        pytest.skip("this is a CUDA build")
    with pytest.raises(EngineError, match="needs a CUDA build of Paddle"):
        load(weights["PP-OCRv4_mobile_det"], normalize=CENTERED, device="gpu")


@pytest.mark.parametrize("engine", ["auto", "paddle", "onnxruntime", "tensorrt", "openvino"])
def test_use_gpu_without_a_driver_is_refused_before_an_engine_is_touched(
    broken: Path, monkeypatch: pytest.MonkeyPatch, engine: Any
) -> None:
    monkeypatch.setattr(available, "has_driver", lambda: False)
    monkeypatch.setattr(base, "import_module", lambda name: pytest.fail(f"{name} was imported"))
    with pytest.raises(EngineError, match=r"no driver for one \(libcuda.so.1\).*set use_gpu to false"):
        load(broken, normalize=CENTERED, engine=engine, device="gpu")


@pytest.mark.parametrize("cards", ["", "-1", "-1,0"])
def test_cards_that_are_hidden_are_none(broken: Path, monkeypatch: pytest.MonkeyPatch, cards: str) -> None:
    monkeypatch.setattr(available, "has_driver", lambda: True)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", cards)
    with pytest.raises(EngineError, match="CUDA_VISIBLE_DEVICES is not set correctly"):
        load(broken, normalize=CENTERED, device="gpu")


def lines(count: int, width: int = 96) -> Batch:
    pixels = np.random.default_rng(width).integers(0, 256, (count, 48, width, 3), dtype=np.uint8)
    return Batch(pixels, tuple(width - 16 * i for i in range(count)))


def recognizer(weights: dict[str, Path], engine: Any) -> LoadedModel:
    return load(
        weights["PP-OCRv4_mobile_rec"],
        normalize=CENTERED,
        padded=True,
        top1=True,
        engine=engine,
        precision="f32",
    )


@pytest.mark.models
def test_openvino_inside_the_graph_equals_paddle_outside(weights: dict[str, Path]) -> None:
    outputs = [next(recognizer(weights, engine).run_many([lines(3)])) for engine in ("paddle", "openvino")]
    (ids, scores), (other_ids, other_scores) = outputs
    assert np.array_equal(ids, other_ids)
    assert np.allclose(scores, other_scores, atol=1e-3)


@pytest.mark.models
@pytest.mark.parametrize("engine", ["paddle", "openvino"])
def test_outputs_come_in_the_order_of_the_input(weights: dict[str, Path], engine: str) -> None:
    model = recognizer(weights, engine)
    widths = [320, 32, 160, 64, 256, 96, 128, 192]
    outputs = list(model.run_many(lines(1, width) for width in widths))
    assert [scores.shape[1] for _, scores in outputs] == [width // 8 for width in widths]


@pytest.mark.models
@pytest.mark.parametrize("engine", ["paddle", "openvino"])
def test_the_input_is_drawn_only_a_little_ahead(weights: dict[str, Path], engine: str) -> None:
    model = recognizer(weights, engine)
    drawn = 0

    def batches() -> Any:
        nonlocal drawn
        for _ in range(50):
            drawn += 1
            yield lines(1, 32)

    outputs = model.run_many(batches())
    next(outputs)
    assert drawn <= model.parallel + 2
    assert len(list(outputs)) == 49


@pytest.mark.models
def test_onnx_runtime_outside_the_graph_equals_openvino_inside(v6: dict[str, Path]) -> None:
    options: Any = {"normalize": CENTERED, "padded": True, "top1": True, "precision": "f32"}
    folder = v6["PP-OCRv6_small_rec"]
    models = [load(folder, engine=engine, **options) for engine in ("onnxruntime", "openvino")]
    (ids, scores), (other_ids, other_scores) = (next(model.run_many([lines(3)])) for model in models)
    assert np.array_equal(ids, other_ids)
    assert np.allclose(scores, other_scores, atol=1e-3)


# -- hpip: a faster engine than Paddle, wherever there can be one ------------------------------------------


@pytest.mark.models
@pytest.mark.parametrize("name", ["PP-OCRv4_mobile_det", "PP-OCRv6_small_det"])
def test_hpip_is_openvino_on_the_cpu(weights: dict[str, Path], v6: dict[str, Path], name: str) -> None:
    assert load({**weights, **v6}[name], normalize=CENTERED, engine="hpip").engine == "openvino"


@pytest.mark.models
def test_hpip_is_onnx_runtime_for_an_onnx_model_where_openvino_is_not_installed(
    v6: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(available, "find_spec", lambda name: name == "onnxruntime" or None)
    assert load(v6["PP-OCRv6_small_det"], normalize=CENTERED, engine="hpip").engine == "onnxruntime"


@pytest.mark.parametrize("by", ["engine", "PADDLEX_HPS_USE_HPIP", "PADDLEX_USE_HPIP"])
def test_hpip_without_a_fast_engine_names_what_to_install(
    broken: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    monkeypatch.setattr(available, "find_spec", lambda name: name == "paddle" or None)
    monkeypatch.setenv(by, "1")
    engine: Any = "hpip" if by == "engine" else "auto"
    with pytest.raises(EngineError, match=r"use_hpip needs openvino .*pip install openvino"):
        load(broken, normalize=CENTERED, engine=engine)


def test_hpip_runs_plainly_what_no_fast_engine_reads_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import paddle

    layer = paddle.nn.Conv2D(3, 4, 3)
    spec = [paddle.static.InputSpec([None, 3, 32, 32], "float32")]
    paddle.jit.save(layer, str(tmp_path / "inference"), input_spec=spec)  # as Paddle 3 writes: .json
    with caplog.at_level("INFO"):
        model = load(tmp_path, normalize=CENTERED, engine="hpip")

    assert model.engine == "paddle"
    assert "no engine faster than Paddle reads inference.json on cpu" in caplog.text
