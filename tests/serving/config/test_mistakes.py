"""Every mistake in a config file is told: a line for each, in the file's order, in our words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.errors import ConfigError
from hub.serving.config import server_config
from hub.serving.config.server_config import ServingConfig, build

pytestmark = pytest.mark.unit

MODULES: dict[str, Any] = {"modules_info": {"echo": {}}}
#: Words of pydantic, which nobody who writes a config file knows.
FOREIGN = ("Input should", "pydantic", "validation error", "valid integer", "unable to parse", "Extra inputs")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting comes from the environment of whoever runs the tests."""
    for key in ServingConfig.model_fields:
        monkeypatch.delenv(f"HUB_{key.upper()}", raising=False)


def refusal(values: dict[str, Any], source: str = "config.json") -> str:
    with pytest.raises(ConfigError) as refused:
        build(values, source)
    return str(refused.value)


FIVE = """{
  "port": 70000,
  "modules_info": {"echo": {"max_queue_size": 0, "init_arg": {}}},
  "use_gpu": "yes",
  "prot": 1,
  "timeout": "soon"
}"""


def test_mistakes_are_told_a_line_each_in_the_files_order(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(FIVE)
    with pytest.raises(ConfigError) as refused:
        server_config.from_file(path)

    assert str(refused.value).splitlines() == [
        f"{path}: 6 mistakes",
        "  'port': must be a whole number from 1 to 65535 (got 70000)",
        "  'modules_info.echo.max_queue_size': must be a whole number from 1 to 4000 (got 0)",
        "  unknown key 'modules_info.echo.init_arg'; did you mean 'init_args'?",
        "  'use_gpu': must be true or false (got \"yes\")",
        "  unknown key 'prot'; did you mean 'port'?",
        "  'timeout': must be a number, above 0 and at most 86400 (got \"soon\")",
    ]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"use_gpu": "true"}, "'use_gpu': must be true or false (got \"true\")"),
        ({"ui": 0}, "'ui': must be true or false (got 0)"),
        ({"access_log": None}, "'access_log': must be true or false (got null)"),
        ({"port": True}, "'port': must be a whole number from 1 to 65535 (got true)"),
        ({"workers": 1.5}, "'workers': must be a whole number, at least 1 (got 1.5)"),
        ({"max_body_mb": float("inf")}, "'max_body_mb': must be a number, above 0 (got Infinity)"),
        ({"timeout": float("nan")}, "'timeout': must be a number"),
        ({"engine": "rai"}, """'engine': must be "local" or "ray" (got "rai")"""),
        ({"host": 1}, "'host': must be text (got 1)"),
        ({"api_key_file": ["a"]}, """'api_key_file': must be text (got ["a"])"""),
        ({"cors_origins": {"a": 1}}, """'cors_origins': must be a list, […] (got {"a": 1})"""),
        ({"gpu": [0, "x"]}, "'gpu.1': must be a whole number, at least 0 (got \"x\")"),
        ({"modules_info": {}}, "'modules_info': must be an object, {…} that is not empty (got {})"),
        ({"modules_info": {"echo": []}}, "'modules_info.echo': must be an object, {…} (got [])"),
        ({"modules_info": {"echo": {"init_args": 1}}}, "'modules_info.echo.init_args': must be an object"),
        (
            {"modules_info": {"echo": {"instances": [{"count": True}]}}},
            "'modules_info.echo.instances.0.count': must be a whole number, at least 1 (got true)",
        ),
    ],
)
def test_a_wrong_value_is_told_what_is_allowed_in_our_words(values: dict[str, Any], said: str) -> None:
    message = refusal({**MODULES, **values})

    assert message.startswith(f"config.json: {said}")
    assert not any(word in message for word in FOREIGN)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("TIMEOUT", "abc", 'HUB_TIMEOUT: must be a number, above 0 and at most 86400 (got "abc")'),
        ("USE_GPU", "maybe", 'HUB_USE_GPU: must be true or false (got "maybe")'),
        ("GPU", "0,x", 'HUB_GPU: must be a whole number, at least 0 (got "x")'),
    ],
)
def test_a_mistake_in_a_variable_is_blamed_on_the_variable(
    monkeypatch: pytest.MonkeyPatch, key: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"HUB_{key}", value)

    assert refusal(MODULES, "command line") == said
    assert f"\n  {said}" in refusal({**MODULES, "port": 0})


@pytest.mark.parametrize(
    ("word", "meant"),
    [("1", True), ("true", True), ("Yes", True), ("on", True), ("0", False), ("FALSE", False)],
)
def test_a_variable_says_true_or_false_in_words(
    monkeypatch: pytest.MonkeyPatch, word: str, meant: bool
) -> None:
    monkeypatch.setenv("HUB_USE_GPU", word)

    assert build(MODULES, "test").use_gpu is meant


def test_dates_and_numbers_of_yaml_are_what_they_would_be_in_json(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("modules_info: {echo: {init_args: {since: 2024-01-31, 5: five}}}\n")

    assert server_config.from_file(path).modules_info["echo"].init_args == {
        "since": "2024-01-31",
        "5": "five",
    }


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "a: !!set {b}\n", "a: !!binary aGk=\n", "[" * 1000])
def test_yaml_that_no_json_could_be_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match="is not YAML"):
        server_config.from_file(path)


@pytest.mark.parametrize("modules", [{"echo": {}}, {"echo": {"init_args": {"version": "1.0.0"}}, "lac": {}}])
def test_watch_without_a_folder_says_what_is_watched(modules: dict[str, Any]) -> None:
    refused = refusal({"modules_info": modules, "watch": True})

    assert "served from a folder (hub serving start ./my_module" in refused
    assert f"installed ones are served here: {', '.join(modules)}" in refused


@pytest.mark.parametrize(
    ("ports", "said"),
    [
        ({"metrics_port": 8866}, "'metrics_port': must be another port than port (got 8866)"),
        ({"port": 9000, "grpc_port": 9000}, "'grpc_port': must be another port than port (got 9000)"),
        (
            {"grpc_port": 8001, "metrics_port": 8001},
            "'grpc_port': must be another port than metrics_port (got 8001)",
        ),
    ],
)
def test_each_door_has_a_port_of_its_own(ports: dict[str, Any], said: str) -> None:
    pytest.importorskip("grpc")

    assert refusal({**MODULES, **ports}) == f"config.json: {said}"
