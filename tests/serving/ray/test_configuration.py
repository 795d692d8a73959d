"""What config.json says about engine ray, and what is said where the extra is missing. Needs no Ray."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub.cli.main import hub
from hub.errors import ConfigError
from hub.serving.config import ray as options
from hub.serving.config.server_config import ServingConfig, build


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra were there."""
    monkeypatch.setattr(options, "find_spec", lambda name: name)


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra were not there."""
    monkeypatch.setattr(options, "find_spec", lambda name: None)


def configured(module: dict[str, Any] | None = None, **server: Any) -> ServingConfig:
    return build({"modules_info": {"echo": module or {}}, "engine": "ray", **server}, source="config.json")


def test_the_engine_is_local_unless_asked_otherwise() -> None:
    assert build({"modules_info": {"echo": {}}}, source="test").engine == "local"


@pytest.mark.usefixtures("missing")
def test_without_the_extra_it_is_said_what_installs_it() -> None:
    with pytest.raises(ConfigError, match=r"'engine'.*pip install 'ray\[serve\]"):
        configured()


@pytest.mark.usefixtures("missing")
def test_the_command_line_says_so_too(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"modules_info": {"echo": {}}}))
    for words in (["-m", "echo"], ["-c", str(path)]):
        ended = CliRunner().invoke(hub, ["serving", "start", *words, "--engine", "ray"])

        assert "pip install 'ray[serve]" in f"{ended.output}{ended.exception}"


def test_the_supervisors_and_gateways_own_code_imports_nothing_of_ray() -> None:
    modules = (
        "hub.serving.supervisor.planning",
        "hub.serving.gateway.__main__",
        "hub.serving.ray.supervisor_side.backend",
        "hub.serving.runner.__main__",
    )
    code = f"import {', '.join(modules)}, sys; sys.exit('ray' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("address", ["auto", "10.0.0.1:6379", "head.cluster:6379", "[fe80::1]:6379"])
def test_addresses_of_clusters(address: str) -> None:
    assert configured(ray_address=address).ray_address == address


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("address", ["", "10.0.0.1", "ray://10.0.0.1:10001", "http://head:8265"])
def test_what_is_no_address_is_refused_with_what_is(address: str) -> None:
    with pytest.raises(ConfigError, match=r"'ray_address'.*auto or host:port"):
        configured(ray_address=address)


def test_an_address_without_the_engine_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match=r"'ray_address'.*engine"):
        build({"modules_info": {"echo": {}}, "ray_address": "auto"}, source="test")


@pytest.mark.usefixtures("installed")
def test_a_modules_keys_for_ray() -> None:
    given = {"num_cpus": 2, "num_gpus": 0.5, "resources": {"fast": 1}}
    ray = configured({"ray": given}).modules_info["echo"].ray
    assert ray is not None

    assert (ray.num_cpus, ray.num_gpus, ray.resources, ray.autoscaling) == (2, 0.5, {"fast": 1}, None)


@pytest.mark.usefixtures("installed")
def test_autoscaling_keys_become_ray_serves() -> None:
    given = {"min_replicas": 2, "max_replicas": 5, "target_ongoing_requests": 3}
    ray = configured({"ray": given}).modules_info["echo"].ray
    autoscaling = ray.autoscaling if ray else None

    assert autoscaling is not None
    assert {key: autoscaling[key] for key in given} == given


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("ray", "message"),
    [
        ({"num_cpu": 1}, r"unknown key 'modules_info.echo.ray.num_cpu'; did you mean 'num_cpus'"),
        ({"num_cpus": 0}, "num_cpus.*above 0"),
        ({"min_replicas": 2}, "min_replicas needs max_replicas"),
        ({"min_replicas": 3, "max_replicas": 2}, r"max_replicas \(2\) is below min_replicas \(3\)"),
    ],
)
def test_mistakes_in_them_are_named(ray: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        configured({"ray": ray})


def test_the_local_engine_reads_the_same_file() -> None:
    config = build({"modules_info": {"echo": {"ray": {"num_cpus": 2}}}}, source="test")

    assert config.engine == "local"
