"""What ONNX Runtime is asked for on a card: by a fake of what its build has and of its session."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hub.engines import available, onnxruntime
from hub.engines.base import CENTERED, Engine, load
from hub.errors import EngineError

pytestmark = pytest.mark.unit

CUDA, TENSORRT, CPU = "CUDAExecutionProvider", "TensorrtExecutionProvider", "CPUExecutionProvider"


class Sessions:
    """A build of ONNX Runtime; the sessions that were opened get the providers that ``start`` here."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        self.build = [TENSORRT, CUDA, CPU]
        self.start = [TENSORRT, CUDA, CPU]
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.fallback: Any = None
        monkeypatch.setenv("HUB_HOME", str(home))
        monkeypatch.setattr(available, "has_driver", lambda: True)
        monkeypatch.setattr(onnxruntime.ort, "get_available_providers", lambda: self.build)
        monkeypatch.setattr(onnxruntime.ort, "InferenceSession", self.open)

    def open(self, path: str, options: Any, *, providers: Any, enable_fallback: bool) -> Any:
        self.asked, self.fallback = providers, enable_fallback
        names = [name for name, _ in providers if name in self.start]
        metadata = SimpleNamespace(custom_metadata_map={})
        inputs = [SimpleNamespace(name="x")]
        return SimpleNamespace(
            get_providers=lambda: names, get_modelmeta=lambda: metadata, get_inputs=lambda: inputs
        )

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.asked]


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Sessions:
    return Sessions(monkeypatch, tmp_path / "home")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "inference.onnx").touch()
    return tmp_path / "model"


@pytest.mark.parametrize("engine", ["auto", "hpip", "onnxruntime"])
def test_an_onnx_model_runs_on_cuda_and_never_on_tensorrt_unasked(
    sessions: Sessions, folder: Path, engine: Engine
) -> None:
    model = load(folder, normalize=CENTERED, engine=engine, device="gpu")

    assert (model.engine, model.provider) == ("onnxruntime", CUDA)
    assert sessions.names == [CUDA, CPU]
    # A page of another size must not have cuDNN try all algorithms anew, nor memory double.
    assert sessions.asked[0][1] == {
        "cudnn_conv_algo_search": "HEURISTIC",
        "arena_extend_strategy": "kSameAsRequested",
    }


def test_tensorrt_runs_where_it_is_asked_for_and_keeps_what_it_builds(
    sessions: Sessions, folder: Path, tmp_path: Path
) -> None:
    model = load(folder, normalize=CENTERED, engine="tensorrt", device="gpu")

    assert model.provider == TENSORRT
    assert sessions.names == [TENSORRT, CUDA, CPU]
    cache = tmp_path / "home" / "cache" / "tensorrt"
    assert sessions.asked[0][1] == {
        "trt_engine_cache_enable": True,
        "trt_engine_cache_path": str(cache),
        "trt_timing_cache_enable": True,
        "trt_timing_cache_path": str(cache),
    }
    assert cache.is_dir()


def test_in_a_home_that_cannot_be_written_tensorrt_keeps_nothing(
    sessions: Sessions, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "home").touch()  # not even root can make a folder in it
    load(folder, normalize=CENTERED, engine="tensorrt", device="gpu")

    assert sessions.asked[0] == (TENSORRT, {})


@pytest.mark.parametrize(
    ("engine", "build", "message"),
    [
        ("auto", [CPU], "needs a CUDA build of ONNX Runtime: install onnxruntime-gpu"),
        ("tensorrt", [CPU], "needs a CUDA build of ONNX Runtime: install onnxruntime-gpu"),
        ("tensorrt", [CUDA, CPU], "tensorrt is not in this build of ONNX Runtime: use auto"),
    ],
)
def test_a_build_without_the_provider_is_refused(
    sessions: Sessions, folder: Path, engine: Engine, build: list[str], message: str
) -> None:
    sessions.build = build
    with pytest.raises(EngineError, match=message):
        load(folder, normalize=CENTERED, engine=engine, device="gpu")


@pytest.mark.parametrize(
    ("engine", "start", "missing"),
    [("auto", [CPU], CUDA), ("tensorrt", [CUDA, CPU], TENSORRT), ("tensorrt", [CPU], TENSORRT)],
)
def test_a_card_whose_libraries_do_not_load_is_an_error_and_never_the_cpu(
    sessions: Sessions, folder: Path, engine: Engine, start: list[str], missing: str
) -> None:
    sessions.start = start
    with pytest.raises(EngineError, match=f"cannot start its {missing}.*doc/gpu.md"):
        load(folder, normalize=CENTERED, engine=engine, device="gpu")
    assert sessions.fallback is False


def test_on_the_cpu_no_provider_is_named(sessions: Sessions, folder: Path) -> None:
    model = load(folder, normalize=CENTERED, engine="onnxruntime")

    assert (sessions.asked, model.provider) == ([(CPU, {})], "")
