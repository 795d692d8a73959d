"""What a plan keeps on disk while it is served, and what it needs of the machine."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from hub.engines import available
from hub.errors import ConfigError, EngineError
from hub.registry import weights
from hub.registry.weights import Archive, Entry
from hub.serving.config.server_config import build
from hub.serving.supervisor.planning import RegistryPlanner
from tests.serving.running import write_module

pytestmark = pytest.mark.unit


def test_weights_of_a_module_that_is_not_installed_are_kept_while_it_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_HOME", str(tmp_path / "home"))
    tiny = Entry("Tiny", "onnx", "", "", Archive("w==1", "w-1.tar.gz", 1), ())
    monkeypatch.setattr(weights, "catalogue", lambda: {"Tiny": tiny})
    store = tmp_path / "home" / "weights" / tiny.digest
    store.mkdir(parents=True)
    (store / "model.bin").write_bytes(b"x")
    folder = write_module(tmp_path / "mine", "1.0.0")
    source = (folder / "module.py").read_text()
    (folder / "module.py").write_text(source.replace('version="', 'weights=["Tiny"], version="'))
    config = build({"modules_info": {"mine": {"init_args": {"directory": str(folder)}}}}, source="test")
    plan = RegistryPlanner(lambda: None).plan("mine", config, 1)
    is_held = [weights.is_held(store)]
    plan.release()
    is_held.append(weights.is_held(store))

    assert is_held == [True, False]


@pytest.mark.parametrize(
    ("entry", "settings", "needed"),
    [
        ({}, {"use_gpu": True}, True),
        ({"instances": [{"kind": "gpu"}, {"kind": "cpu"}]}, {}, True),
        ({"init_args": {"use_gpu": True}}, {}, True),
        ({}, {}, False),
        ({"init_args": {"use_gpu": False}}, {"use_gpu": True}, False),
        ({"instances": [{"kind": "cpu"}]}, {"use_gpu": True}, False),
    ],
    ids=str,
)
def test_a_module_that_is_to_run_on_a_card_needs_a_driver(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    entry: dict[str, Any],
    settings: dict[str, Any],
    needed: bool,
) -> None:
    monkeypatch.setenv("HUB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    init_args = {"directory": str(write_module(tmp_path / "mine", "1.0.0")), **entry.get("init_args", {})}
    modules = {"mine": {**entry, "init_args": init_args}}
    config = build({"modules_info": modules, **settings}, source="test")
    planner = RegistryPlanner(lambda: None)

    monkeypatch.setattr(available, "has_driver", lambda: False)
    with pytest.raises(EngineError, match="no driver") if needed else nullcontext():
        planner.plan("mine", config, 1).release()
    monkeypatch.setattr(available, "has_driver", lambda: True)
    planner.plan("mine", config, 1).release()


@pytest.mark.parametrize("given", ["no", "yes", "false", 2])
def test_a_word_for_use_gpu_in_init_args_is_neither_true_nor_false(tmp_path: Path, given: Any) -> None:
    init_args = {"directory": str(write_module(tmp_path / "mine", "1.0.0")), "use_gpu": given}
    config = build({"modules_info": {"mine": {"init_args": init_args}}}, source="test")

    with pytest.raises(ConfigError, match="mine: use_gpu in init_args must be true or false, not the "):
        RegistryPlanner(lambda: None).plan("mine", config, 1)
