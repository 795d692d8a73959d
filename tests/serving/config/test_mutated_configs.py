"""Config files with random mistakes: each is read, or refused by an error that names the cause."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from hub.errors import ConfigError, HubError
from hub.serving.config import server_config

pytestmark = pytest.mark.unit

SEED: Final = 20261130
VARIANTS: Final = 400
SOUND: Final[dict[str, Any]] = {
    "modules_info": {
        "echo": {
            "init_args": {"version": "1.0.0", "prefix": "证书"},
            "predict_args": {"use_gpu": False},
            "instances": [{"count": 2, "kind": "KIND_CPU"}, {"count": 1, "kind": "gpu", "gpus": [0]}],
            "preferred_batch_sizes": [2, 4],
            "ray": {"num_cpus": 0.5, "max_replicas": 3},
        },
        "qrcode": {},
    },
    "host": "127.0.0.1",
    "port": 9001,
    "timeout": 30.5,
    "use_gpu": False,
    "gpu": "0,1",
    "max_body_mb": 10,
    "api_key_file": "keys",
    "cors_origins": ["*"],
    "status_style": "2.x",
}
VALUES: Final = (
    None, True, False, 0, -1, 1, 2.5, 10**30, 1e400, float("nan"), "", "yes", "none", "8866", "中文", "\0",
    "\ud800", [], [None], [[[]]], {}, {"a": {"b": 1}}, "x" * 10_000,
)  # fmt: skip
ENCODINGS: Final = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "gbk", "gb18030")


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key) below a value."""
    found: list[tuple[Any, Any]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += [(value, key), *places(inner)]
    return found


def change_value(config: dict[str, Any], choose: random.Random) -> None:
    container, key = choose.choice(places(config))
    container[key] = copy.deepcopy(choose.choice(VALUES))


def rename_key(config: dict[str, Any], choose: random.Random) -> None:
    container, key = choose.choice([each for each in places(config) if isinstance(each[0], dict)])
    at = choose.randrange(len(key) + 1)
    container[key[:at] + choose.choice("xX-_. 键") + key[at:]] = container.pop(key)


def remove(config: dict[str, Any], choose: random.Random) -> None:
    container, key = choose.choice(places(config))
    del container[key]


def move(config: dict[str, Any], choose: random.Random) -> None:
    container, key = choose.choice([each for each in places(config) if isinstance(each[0], dict)])
    target = choose.choice([each for each, _ in places(config) if isinstance(each, dict)])
    target[key] = copy.deepcopy(container[key])


CHANGES: Final[tuple[Callable[[dict[str, Any], random.Random], None], ...]] = (
    change_value,
    rename_key,
    remove,
    move,
)


def written(config: Any, choose: random.Random) -> tuple[str, bytes]:
    """Return a file's name and content, the content sometimes damaged."""
    name = choose.choice(("config.json", "config.yaml"))
    try:
        text = (
            json.dumps(config, ensure_ascii=choose.random() < 0.5)
            if name.endswith("json")
            else yaml.dump(config)
        )
    except (yaml.YAMLError, ValueError):
        name, text = "config.json", json.dumps(config)
    data = text.encode(choose.choice(ENCODINGS) if choose.random() < 0.3 else "utf-8", "replace")
    if choose.random() < 0.2:
        at = choose.randrange(len(data))
        damage = (
            data[:at],
            data[:at] + bytes([choose.randrange(256)]) + data[at + 1 :],
            data[at:] + data[:at],
        )
        data = choose.choice(damage)
    return name, data


def test_a_mutated_config_is_read_or_its_mistake_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    choose = random.Random(SEED)
    read = refused = 0
    for number in range(VARIANTS):
        config = copy.deepcopy(SOUND)
        for change in choose.choices(CHANGES, k=choose.choice((0, 1, 1, 2, 5))):
            if places(config):
                change(config, choose)
        name, data = written(config, choose)
        path = tmp_path / name
        path.write_bytes(data)
        try:
            server_config.from_file(name)
        except ConfigError as error:
            said = str(error)
            assert name in said, (number, said)
            assert "Traceback" not in said, (number, said)
            assert "Input should" not in said, (number, said)
            assert len(said) < 8000, (number, said)
            refused += 1
        except HubError as error:
            pytest.fail(f"variant {number}: {type(error).__name__}: {error}")
        else:
            read += 1
    assert read > VARIANTS / 10
    assert refused > VARIANTS / 3


def test_a_sound_config_is_read_in_every_form_of_utf_8(tmp_path: Path) -> None:
    for name, text in (("a.json", json.dumps(SOUND, ensure_ascii=False)), ("a.yaml", yaml.dump(SOUND))):
        for encoding in ("utf-8", "utf-8-sig"):
            (tmp_path / name).write_text(text, encoding=encoding)

            assert server_config.from_file(tmp_path / name).port == 9001
