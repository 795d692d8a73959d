"""Where a setting comes from, which one wins, and how a mistake is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.errors import ConfigError
from hub.serving.config import server_config
from hub.serving.config.module_config import ModuleConfig
from hub.serving.config.server_config import ServingConfig, build
from hub.serving.messages.message import OtherVersionError

pytestmark = pytest.mark.unit

MODULES: dict[str, Any] = {"modules_info": {"echo": {}}}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting comes from the environment of whoever runs the tests."""
    for key in ServingConfig.model_fields:
        monkeypatch.delenv(f"HUB_{key.upper()}", raising=False)
    monkeypatch.delenv("PADDLEX_HPS_DEVICE_TYPE", raising=False)


def write(folder: Path, value: Any, name: str = "config.json") -> Path:
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


# -- precedence ------------------------------------------------------------------------------------


def test_without_anything_a_key_has_its_default() -> None:
    assert (build(MODULES, "test").port, build(MODULES, "test").timeout) == (8866, 60.0)


def test_the_environment_wins_over_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_PORT", "9000")

    assert build(MODULES, "test").port == 9000


def test_a_file_wins_over_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_PORT", "9000")
    monkeypatch.setenv("HUB_TIMEOUT", "5")
    config = server_config.from_file(write(tmp_path, {**MODULES, "port": 9001}))

    assert (config.port, config.timeout) == (9001, 5.0)


def test_the_command_line_wins_over_a_file(tmp_path: Path) -> None:
    path = write(tmp_path, {**MODULES, "port": 9001, "timeout": 5})
    config = server_config.from_file(path, {"port": 9002})

    assert (config.port, config.timeout) == (9002, 5.0)


def test_paddlexs_device_type_loses_to_everything_but_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PADDLEX_HPS_DEVICE_TYPE", "gpu")
    by_type = build(MODULES, "test").use_gpu
    monkeypatch.setenv("HUB_USE_GPU", "false")

    assert (by_type, build(MODULES, "test").use_gpu) == (True, False)


def test_a_callers_own_defaults_lose_to_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    own = build(MODULES, "test", defaults={"port": 8080}).port
    monkeypatch.setenv("HUB_PORT", "9000")

    assert (own, build(MODULES, "test", defaults={"port": 8080}).port) == (8080, 9000)


def test_an_empty_variable_counts_as_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_PORT", "")

    assert build(MODULES, "test").port == 8866


def test_modules_do_not_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_MODULES_INFO", '{"other": {}}')

    assert list(build(MODULES, "test").modules_info) == ["echo"]


# -- files -----------------------------------------------------------------------------------------


def test_yaml_says_the_same_as_json(tmp_path: Path) -> None:
    as_yaml = write(tmp_path, "modules_info:\n  echo: {timeout: 5}\nport: 9001\n", "config.yaml")
    as_json = write(tmp_path, {"modules_info": {"echo": {"timeout": 5}}, "port": 9001})

    assert server_config.from_file(as_yaml) == server_config.from_file(as_json)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(MODULES), encoding="utf-8-sig")

    assert list(server_config.from_file(path).modules_info) == ["echo"]


def test_a_key_of_paddlehub_that_never_did_anything_is_passed_over(tmp_path: Path) -> None:
    path = write(tmp_path, {**MODULES, "use_singleprocess": True})

    assert server_config.from_file(path) == build(MODULES, "test")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("config.json", "{", "is not JSON"),
        ("config.json", "[1]", "must hold a JSON object, not a list of 1"),
        ("config.yaml", "a: [", "is not YAML"),
        (
            "config.yaml",
            "a: 1\n b: 2\n",
            "is not YAML: mapping values are not allowed here: line 2 column 3",
        ),
        ("config.yml", "a:\n\tb: 2\n", r"cannot start any token: line 2 column 1"),
        ("config.json", " \n", "is empty"),
        ("config.yaml", "", "is empty"),
        ("config.yaml", "pipeline_name: OCR\n", "start it with: hub serving start --pipeline"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, text: str, said: str) -> None:
    path = write(tmp_path, text, name)
    with pytest.raises(ConfigError) as refused:
        server_config.from_file(path)

    assert str(path) in str(refused.value)
    assert said in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.json: No such file"):
        server_config.from_file(tmp_path / "none.json")


# -- mistakes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({**MODULES, "prot": 1}, "unknown key 'prot'; did you mean 'port'?"),
        ({**MODULES, "Max-Pixels": 1}, "unknown key 'Max-Pixels'; did you mean 'max_pixels'?"),
        (
            {"modules_info": {"echo": {"batch_size": 1}}},
            "unknown key 'modules_info.echo.batch_size'; did you mean 'max_batch_size'?",
        ),
        (
            {"modules_info": {"echo": {"instances": [{"cuont": 1}]}}},
            "unknown key 'modules_info.echo.instances.0.cuont'; did you mean 'count'?",
        ),
        (
            {**MODULES, "predict_args": {}},
            "unknown key 'predict_args'; did you mean 'modules_info.<name>.predict_args'?",
        ),
        ({**MODULES, "xyzzy": 1}, "unknown key 'xyzzy'; allowed: modules_info, engine, "),
    ],
)
def test_an_unknown_key_is_named_with_what_was_probably_meant(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        build(values, "config.json")

    assert str(refused.value).startswith("config.json: ")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "'modules_info' is missing"),
        ({"modules_info": {}}, "'modules_info': "),
        ({"modules_info": ["echo"]}, "PaddleHub 1.x's list is not read"),
        ({"modules_info": {"a/b": {}}}, "'a/b' cannot be part of a URL"),
        ({**MODULES, "port": 70000}, "'port': must be a whole number from 1 to 65535 (got 70000)"),
        ({**MODULES, "timeout": "soon"}, "'timeout': "),
        ({"modules_info": {"echo": {"max_queue_size": 0}}}, "'modules_info.echo.max_queue_size': "),
        ({**MODULES, "ray_address": "auto"}, 'give "engine": "ray" too'),
    ],
)
def test_a_wrong_value_is_named_with_its_key(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        build(values, "config.json")

    assert said in str(refused.value)


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(ConfigError) as refused:
        build({**MODULES, "port": 0, "prot": 1}, "config.json")

    assert "'port'" in str(refused.value)
    assert "'prot'" in str(refused.value)


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_PORT", "eighty")
    with pytest.raises(ConfigError) as refused:
        build(MODULES, "command line")

    assert str(refused.value) == 'HUB_PORT: must be a whole number from 1 to 65535 (got "eighty")'


# -- single keys -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "cards"), [("0,2", (0, 2)), ("1", (1,)), (1, (1,)), ([0, 1], (0, 1)), (None, ()), ("", ())]
)
def test_cards_are_given_as_text_a_number_or_a_list(given: Any, cards: tuple[int, ...]) -> None:
    assert build({**MODULES, "gpu": given}, "test").gpu == cards


@pytest.mark.parametrize("kind", ["gpu", "GPU", "KIND_GPU"])
def test_a_kind_is_read_in_tritons_spelling(kind: str) -> None:
    config = build({"modules_info": {"echo": {"instances": [{"kind": kind}]}}}, "test")

    assert [group.kind for group in config.modules_info["echo"].instances or ()] == ["gpu"]


def test_init_args_without_what_says_which_module_it_is_go_to_the_module() -> None:
    entry = ModuleConfig(init_args={"version": 1.5, "directory": "/m", "name": "echo", "prefix": "a"})

    assert (entry.version, entry.directory, entry.installed_name) == ("1.5", "/m", "echo")
    assert entry.module_args == {"prefix": "a"}


# -- in the run dir --------------------------------------------------------------------------------


def test_a_configuration_in_the_run_dir_comes_back_as_it_was(tmp_path: Path) -> None:
    config = build(
        {
            "modules_info": {"echo": {"instances": [{"count": 2}], "preferred_batch_sizes": [2, 4]}},
            "api_key_file": str(tmp_path / "keys"),
            "cors_origins": ["*"],
        },
        "test",
    )
    server_config.save(config, tmp_path / "config.json")

    assert server_config.load(tmp_path / "config.json") == config


def test_a_configuration_of_another_version_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, {**MODULES, "version_of_hubserving": "9.8.7"})
    with pytest.raises(OtherVersionError, match=r"HubServing 9\.8\.7"):
        server_config.load(path)
