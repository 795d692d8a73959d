"""config.pbtxt and the model repository: what the files say is what runs."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from hub.errors import ConfigError
from hub.serving.config import pbtxt, server_config, triton
from hub.serving.runner.batcher import BatchPolicy
from hub.serving.supervisor import placement

pytestmark = pytest.mark.unit

GPU_0_FOUR_TIMES = """
instance_group [
{
    count: 4
    kind: KIND_GPU
    gpus: [ 0 ]
}
]
"""
THREE_GPUS = """
instance_group [
{
    count: 2
    kind: KIND_GPU
    gpus: [ 1 ]
},
{
    count: 1
    kind: KIND_GPU
    gpus: [ 2, 3 ]
}
]
"""


def devices(text: str) -> list[str]:
    """Where the runners of a configuration go, as the supervisor plans it."""
    given = triton.read(text, "config.pbtxt", name="ocr", device="cpu")
    built = server_config.build({"modules_info": {"ocr": given}}, source="test").modules_info["ocr"]
    assert built.instances is not None
    return [plan.device for plan in placement.plan(built.instances, cores=8, visible_gpus=None)]


def read(text: str, device: str = "cpu") -> dict[str, Any]:
    return triton.read(text, "config.pbtxt", name="ocr", device=device)


def test_the_documents_first_example_puts_four_instances_on_gpu_0() -> None:
    assert devices(GPU_0_FOUR_TIMES) == ["gpu:0"] * 4


def test_the_documents_second_example_puts_two_on_gpu_1_and_one_each_on_2_and_3() -> None:
    assert devices(THREE_GPUS) == ["gpu:1", "gpu:1", "gpu:2", "gpu:3"]


def test_batching_is_read_with_its_delay_sizes_and_queue() -> None:
    text = """
    max_batch_size: 8  # at most
    dynamic_batching {
      preferred_batch_size: [ 4, 2 ]
      max_queue_delay_microseconds: 2500
      default_queue_policy { max_queue_size: 16 }
    }
    """

    assert read(text) == {
        "max_batch_size": 8,
        "max_queue_delay_ms": 2.5,
        "preferred_batch_sizes": [2, 4],
        "max_queue_size": 16,
    }


def test_without_dynamic_batching_requests_are_not_joined() -> None:
    assert "max_batch_size" not in read("max_batch_size: 8")


def test_waiting_ends_at_a_preferred_size() -> None:
    policy = BatchPolicy("images", max_batch_size=8, max_queue_delay_ms=50, preferred_batch_sizes=(4,))

    assert policy.wait(3, waited_ms=10, was_idle=False) == 40
    assert policy.wait(4, waited_ms=10, was_idle=False) == 0


@pytest.mark.parametrize(
    ("kind", "device", "expected"),
    [
        pytest.param("KIND_AUTO", "gpu", "gpu", id="auto, gpu"),
        pytest.param("KIND_AUTO", "cpu", "cpu", id="auto, cpu"),
        pytest.param("KIND_MODEL", "cpu", "cpu", id="model"),
        pytest.param("KIND_CPU", "gpu", "cpu", id="cpu"),
    ],
)
def test_a_kind_that_leaves_the_choice_follows_the_device_type(kind: str, device: str, expected: str) -> None:
    assert read(f"instance_group {{ kind: {kind} }}", device)["instances"] == [{"count": 1, "kind": expected}]


def test_standard_keys_without_effect_are_accepted_with_a_notice(caplog: pytest.LogCaptureFixture) -> None:
    text = """
    name: "ocr"  backend: "python"
    input [ { name: "input" data_type: TYPE_STRING dims: [ 1 ] } ]
    version_policy: { latest { num_versions: 1 } }
    parameters: { key: "k", value: { string_value: "v" } }
    instance_group < rate_limiter: { resources [ { name: "R" count: 4 } ] } >
    """
    with caplog.at_level(logging.WARNING):
        read(text)

    said = caplog.text
    assert "version_policy" in said and "parameters" in said and "rate_limiter" in said
    assert "backend" not in said and "input" not in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("instanse_group { }", "did you mean 'instance_group'", id="misspelt"),
        pytest.param('name: "other"', "'ocr'", id="another name"),
        pytest.param("instance_group { count: -1 }", "instance_group.count", id="negative"),
        pytest.param("instance_group { kind: KIND_TPU }", "KIND_TPU", id="unknown kind"),
        pytest.param("instance_group { kind: KIND_CPU gpus: [0] }", "gpus [0]", id="cards of a CPU"),
        pytest.param('max_batch_size: "8"', "max_batch_size must be a whole number", id="type"),
        pytest.param("max_batch_size: 2\nmax_batch_size: 4", "2 times", id="twice"),
        pytest.param(
            "max_batch_size: 4 dynamic_batching { preferred_batch_size: 8 }", "max_batch_size, 4", id="size"
        ),
        pytest.param("instance_group [\n{ count: 1\n", "config.pbtxt:3: '}' is missing", id="unfinished"),
        pytest.param("name 4", "config.pbtxt:1: after 'name'", id="no colon"),
        pytest.param("a: [1 2]", "',' or ']'", id="no comma"),
        pytest.param("a: ~", "'~'", id="no token"),
        pytest.param("a {" * 50, "too many", id="too deep"),
    ],
)
def test_a_mistake_is_named_with_file_and_place(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"config\.pbtxt") as error:
        read(text)

    assert said in str(error.value)


def test_text_format_is_read_in_all_its_forms() -> None:
    text = "a: 'it\\'s' \"!\" b: [1, -2.5, 0x10] c { d: true } c: < d: false >; e: NAME, # end"

    assert pbtxt.parse(text, "x") == {
        "a": ["it's!"],
        "b": [1, -2.5, 16],
        "c": [{"d": [True]}, {"d": [False]}],
        "e": ["NAME"],
    }


# -- the repository ------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "model_repo"
    for name, file, count in (
        ("greet", "config_cpu.pbtxt", 2),
        ("greet", "config_gpu.pbtxt", 3),
        ("probe", "config.pbtxt", 5),
    ):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / file).write_text(f"instance_group {{ count: {count} }}")
    return folder


@pytest.mark.parametrize(
    ("device", "counts"),
    [
        pytest.param("cpu", {"greet": ("cpu", 2), "probe": ("cpu", 5)}, id="cpu"),
        pytest.param("gpu", {"greet": ("gpu", 3), "probe": ("gpu", 5)}, id="gpu"),
    ],
)
def test_the_device_types_file_applies_else_the_general_one(
    repository: Path, monkeypatch: pytest.MonkeyPatch, device: str, counts: dict[str, tuple[str, int]]
) -> None:
    monkeypatch.setenv("PADDLEX_HPS_DEVICE_TYPE", device)

    built = server_config.build({"model_repo": str(repository)}, source="test")

    found = {name: entry.instances or () for name, entry in built.modules_info.items()}
    assert {name: (groups[0].kind, groups[0].count) for name, groups in found.items()} == counts


def test_what_modules_info_says_wins_over_the_repository(repository: Path) -> None:
    values = {"model_repo": str(repository), "modules_info": {"greet": {"instances": [{"count": 1}]}}}

    built = server_config.build(values, source="test").modules_info

    assert list(built) == ["greet"]
    assert built["greet"].instances is not None and built["greet"].instances[0].count == 1


def test_a_module_in_the_newest_version_folder_is_the_one_that_is_served(repository: Path) -> None:
    for version in ("2", "10"):
        package = repository / "greet" / version / "greet"
        package.mkdir(parents=True)
        (package / "module.py").touch()

    built = server_config.build({"model_repo": str(repository)}, source="test").modules_info["greet"]

    assert built.directory == str(repository / "greet" / "10" / "greet")


def test_a_repository_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere is not a folder"):
        server_config.build({"model_repo": str(tmp_path / "nowhere")}, source="test")
    with pytest.raises(ConfigError, match=r"config\.pbtxt"):
        server_config.build({"model_repo": str(tmp_path)}, source="test")
