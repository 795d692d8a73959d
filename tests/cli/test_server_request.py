"""From options, environment and config file to one request, without a server."""

from __future__ import annotations

import json
import shutil
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from hub.cli.server_request import ServerRequest, from_options
from hub.cli.start import start
from hub.errors import ConfigError, InvalidModuleError, UsageError
from hub.paddlex.plan import BRIDGE
from hub.serving.config import server_config
from tests.paddlex.files import CLASSIFIER, OCR, written
from tests.serving.running import ROOT

pytestmark = pytest.mark.unit


def request(*words: str) -> ServerRequest:
    """What ``hub serving start`` asks for with these words."""
    options = start.make_context("start", list(words)).params
    options.pop("daemon")
    return from_options(options)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUB_HOME", str(tmp_path / "home"))
    return tmp_path


def config_file(folder: Path, **keys: Any) -> str:
    path = folder / "config.json"
    path.write_text(json.dumps({"modules_info": {"greet": {}}, **keys}))
    return str(path)


def test_a_request_is_frozen_and_leaves_the_options_as_they_are() -> None:
    options = start.make_context("start", ["-m", "a", "--device", "gpu:1"]).params
    options.pop("daemon")
    before = dict(options)
    found = from_options(options)

    assert options == before
    with pytest.raises(FrozenInstanceError):
        found.warning = "x"  # type: ignore[misc]


def test_modules_are_named_with_options_of_the_command_line() -> None:
    found = request("-m", "a", "b==1.0.0", "-p", "9000", "--device", "gpu:0,1", "--engine", "local")

    assert list(found.config.modules_info) == ["a", "b"]
    assert found.config.modules_info["b"].version == "1.0.0"
    assert (found.config.port, found.config.use_gpu, found.config.gpu) == (9000, True, (0, 1))
    assert (found.notes, found.warning, found.plan, found.reread()) == ((), "", None, None)


@pytest.mark.parametrize("word", ["./greet", "modules/greet/", "."])
def test_a_folder_is_served_as_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    folder = tmp_path / ("modules/greet" if word.startswith("m") else "greet")
    shutil.copytree(ROOT / "tests/modules/greet", folder)
    monkeypatch.chdir(folder if word == "." else tmp_path)
    entry = request(word, "-m", "a").config.modules_info

    assert list(entry) == ["a", "greet"]
    assert entry["greet"].directory == str(folder)


def test_a_folder_that_holds_no_module_is_named() -> None:
    with pytest.raises(InvalidModuleError, match="is not a folder"):
        request("./nothing")


def test_the_environment_counts_below_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_PORT", "9001")
    monkeypatch.setenv("HUB_TIMEOUT", "7")

    assert (request("-m", "a").config.port, request("-m", "a", "-p", "9000").config.port) == (9001, 9000)
    assert request("-m", "a").config.timeout == 7


def test_a_config_file_overrides_paddlehub_s_flags_and_not_ours(home: Path) -> None:
    path = config_file(home, port=8868, workers=2)
    found = request("-c", path, "-m", "b", "-p", "9000", "-w", "4", "--device", "gpu", "--host", "0.0.0.0")

    assert list(found.config.modules_info) == ["greet"]
    assert (found.config.port, found.config.workers, found.config.use_gpu) == (8868, 2, False)
    assert found.config.host == "0.0.0.0"
    assert found.warning == f"--modules, --port, --device, --workers ignored; with --config, {path} decides"


def test_without_such_flags_there_is_no_warning(home: Path) -> None:
    assert request("-c", config_file(home), "--host", "0.0.0.0").warning == ""


def test_a_config_file_is_parsed_once_and_read_again_by_a_reload(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = config_file(home, timeout=5)
    parsed, read_keys = [], server_config.read_keys
    monkeypatch.setattr(server_config, "read_keys", lambda path: [parsed.append(path), read_keys(path)][1])
    found = request("-c", path, "--host", "0.0.0.0")
    assert parsed == [path]

    config_file(home, timeout=6, modules_info={"look": {}})
    again = found.reread()
    assert again is not None
    assert (list(again.modules_info), again.timeout, again.host) == (["look"], 6, "0.0.0.0")
    assert found.config.timeout == 5


@pytest.mark.parametrize("suffix", ["json", "yaml", "YML"])
def test_a_config_file_may_be_yaml(home: Path, suffix: str) -> None:
    path = home / f"config.{suffix}"
    path.write_text(json.dumps({"port": 9000, "modules_info": {"greet": {}}}))

    assert request("-c", str(path)).config.port == 9000


def test_a_model_repository_names_modules_and_is_read_again(home: Path) -> None:
    folder = home / "repository"
    (folder / "greet").mkdir(parents=True)
    (folder / "greet" / "config.pbtxt").write_text("instance_group { count: 2 }")
    found = request("--model_repo", str(folder))
    (folder / "greet" / "config.pbtxt").write_text("instance_group { count: 3 }")
    again = found.reread()

    assert again is not None
    counts = [config.modules_info["greet"].instances[0].count for config in (found.config, again)]  # type: ignore[index]
    assert counts == [2, 3]


@pytest.mark.parametrize("named_by", ["-c", "--pipeline", "PADDLEX_HPS_PIPELINE_CONFIG_PATH"])
def test_a_pipeline_s_file_is_known_by_what_it_says(
    home: Path, monkeypatch: pytest.MonkeyPatch, named_by: str
) -> None:
    path = written(home, CLASSIFIER, device="cpu", **{"SubModules.ImageClassification.model_dir": "None"})
    if named_by.startswith("-"):
        found = request(named_by, path, "-m", "greet", "-p", "9000")
    else:
        monkeypatch.setenv(named_by, path)
        found = request("-p", "9000")

    assert found.plan is not None
    assert (found.plan.pipeline, found.plan.module) == ("image_classification", BRIDGE)
    assert next(iter(found.config.modules_info)) == BRIDGE
    assert (found.config.port, found.config.use_gpu) == (9000, False)
    again = found.reread()
    assert again is not None and again.modules_info == found.config.modules_info


def test_a_pipeline_has_paddlex_s_port_and_may_have_modules_beside_it() -> None:
    found = request("--pipeline", "OCR", "--device", "cpu", "-m", "greet")

    assert (found.config.port, found.notes) == (8080, ())
    assert list(found.config.modules_info) == ["ocr_pipeline", "greet"]


def test_keys_of_a_pipeline_s_file_without_effect_are_noted(home: Path) -> None:
    path = written(home, OCR, batch_size=2, device="cpu")

    assert request("--pipeline", path).notes == (f"Note: {path}: these keys have no effect here: batch_size",)


def test_variables_of_the_licence_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PADDLEX_HPS_SERIAL_NUMBER", "1")
    (note,) = request("-m", "a").notes

    assert note.startswith("Note: PADDLEX_HPS_SERIAL_NUMBER does nothing")


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (["-m", "a", "a==1"], UsageError, "named twice"),
        (["--pipeline", "OCR", "-c", "x.json"], UsageError, "--pipeline and --config"),
        (["-m", "a", "--device", "gpu", "--gpu", "0"], UsageError, "--device gpu says what"),
        (["-m", "a", "--allow_urls"], UsageError, "--allow_urls is for a pipeline"),
        (["--pipeline", "OCR", "-m", "ocr_pipeline"], UsageError, "leave -m ocr_pipeline out"),
        ([], UsageError, "name the modules"),
        (["-c", "absent.json"], ConfigError, "config file absent.json: No such file"),
        (["-c", "BAD.json"], ConfigError, "BAD.json is not JSON"),
        (["-c", "BAD.yaml"], ConfigError, "BAD.yaml is not YAML"),
        (["-c", "LIST.json"], ConfigError, "must hold a JSON object, not a list of 0"),
        (["-c", "BYTES.json"], ConfigError, "BYTES.json is not UTF-8 text"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], error: type[Exception], said: str
) -> None:
    monkeypatch.chdir(home)
    for name, data in (("BAD", b"{a: ["), ("LIST", b"[]"), ("BYTES", b'"\xff"')):
        for suffix in ("json", "yaml"):
            (home / f"{name}.{suffix}").write_bytes(data)

    with pytest.raises(error, match=said.replace("(", r"\(")):
        request(*words)
