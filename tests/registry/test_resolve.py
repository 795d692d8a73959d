"""hub.Module(…) and hub.model_path(…): from a name to what lies on disk, never over the network."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import hub
from hub.errors import ConfigError, ModelNotFoundError, ModuleNotInstalledError, WeightsError
from hub.registry import weights
from hub.registry.local import LocalRegistry

pytestmark = pytest.mark.unit

MakeModule = Callable[..., Path]


def test_init_args_reach_initialize(registry: LocalRegistry, make_module: MakeModule) -> None:
    registry.install(make_module())
    assert hub.Module(name="sample", enable_mkldnn=True).options == {"enable_mkldnn": True}


def test_a_directory_loads_without_being_installed(home: Path, make_module: MakeModule) -> None:
    source = make_module(answer="from the folder")
    module = hub.Module(directory=str(source))
    assert module.answer(["x"]) == ["from the folder"]
    assert module.directory == str(source)


def test_a_name_comes_before_a_directory(registry: LocalRegistry, make_module: MakeModule) -> None:
    registry.install(make_module(answer="installed"))
    assert hub.Module(name="sample", directory=str(make_module(answer="folder"))).answer(["x"]) == [
        "installed"
    ]


def test_paddlehub_s_other_keywords_are_accepted(registry: LocalRegistry, make_module: MakeModule) -> None:
    registry.install(make_module())
    assert hub.Module(name="sample", update=True, ignore_env_mismatch=True).options == {}


def test_a_git_source_is_refused(home: Path) -> None:
    with pytest.raises(ConfigError, match="git repository is not supported"):
        hub.Module(name="sample", source="somewhere")


def test_nothing_to_load_is_an_error_that_names_both_ways(home: Path) -> None:
    with pytest.raises(ConfigError, match=r"name='…'.*directory='…'"):
        hub.Module()


def test_a_module_that_is_not_installed_names_the_command(home: Path) -> None:
    with pytest.raises(ModuleNotInstalledError, match=r"lac is not installed.*hub install"):
        hub.Module(name="lac")


def test_a_script_s_module_survives_being_uninstalled_by_another_process(
    registry: LocalRegistry, make_module: MakeModule
) -> None:
    source = make_module()
    (source / "later.py").write_text("WORD = 'later'", encoding="utf-8")
    registry.install(source)
    script = (
        "import hub; from hub.registry.local import LocalRegistry; m = hub.Module(name='sample');"
        "print('loaded', flush=True); input(); import sample.later; print(sample.later.WORD)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "loaded\n"
        registry.uninstall("sample")
        output, _ = process.communicate("\n", timeout=20)
    assert output == "later\n"


def test_a_path_is_looked_for_here_and_then_in_the_module(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, module = tmp_path / "here", tmp_path / "module"
    (module / "inference" / "det").mkdir(parents=True)
    here.mkdir()
    monkeypatch.chdir(here)
    assert hub.model_path("./inference/det", directory=module) == module / "inference" / "det"
    (here / "inference" / "det").mkdir(parents=True)
    assert hub.model_path("./inference/det", directory=module) == here / "inference" / "det"
    assert hub.model_path(str(module)) == module


def test_a_missing_path_is_answered_with_every_place(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelNotFoundError) as caught:
        hub.model_path("./inference/det", directory="/the/module")
    assert str(tmp_path / "inference" / "det") in str(caught.value)
    assert "/the/module/inference/det" in str(caught.value)


def test_a_misspelt_weights_name_is_answered_with_a_suggestion(home: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="Did you mean the weights name PP-OCRv4_mobile_det"):
        hub.model_path("PP-OCRv4_mobil_det")


def test_weights_that_are_not_fetched_name_the_command(home: Path) -> None:
    with pytest.raises(WeightsError, match="hub weights fetch LAC"):
        hub.model_path("LAC")


def test_fetched_weights_resolve_to_their_folder(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(weights, "lookup", lambda name: tmp_path if name == "LAC" else None)
    assert hub.model_path("LAC") == tmp_path


def test_an_empty_value_is_an_error(home: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="empty"):
        hub.model_path("")
