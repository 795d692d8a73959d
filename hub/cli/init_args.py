"""``hub serving start --set KEY=VALUE``: entries of ``init_args``, over those of a config file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING, Any

from hub.errors import UsageError

if TYPE_CHECKING:
    from hub.serving.config.server_config import ServingConfig


@dataclass(frozen=True)
class Setting:
    """One ``--set``: ``given`` as it was typed, the words of its key, and the value."""

    given: str
    words: tuple[str, ...]
    value: Any


def parse(given: Sequence[str]) -> tuple[Setting, ...]:
    """Read what was typed; a value that is JSON is taken as that, any other as text. Raises UsageError."""
    return tuple(_parse(each) for each in given)


def _parse(given: str) -> Setting:
    key, separator, text = given.partition("=")
    words = tuple(word.strip() for word in key.split("."))
    if not separator or not all(words):
        raise UsageError(f"--set {given}: write KEY=VALUE, such as --set model=PP-OCRv6_tiny")
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    return Setting(given, words, value)


def applied(config: ServingConfig, settings: Sequence[Setting]) -> ServingConfig:
    """Return the configuration with settings in the ``init_args`` of their modules.

    ``model=x`` is for the only module that is served, ``ocr_rec.model=x`` for that one, and
    ``params.drop_score=0`` for an entry of an object.

    Raises:
        UsageError: it is not clear which module is meant, or a word in between is for a value, not an object.
    """
    modules = dict(config.modules_info)
    for setting in settings:
        name, words = _target(setting, tuple(modules))
        init_args = _with(modules[name].init_args, words, setting)
        modules[name] = modules[name].model_copy(update={"init_args": init_args})
    return config.model_copy(update={"modules_info": modules})


def _target(setting: Setting, served: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    first, *rest = setting.words
    if rest and first in served:
        return first, tuple(rest)
    if len(served) > 1:
        raise UsageError(
            f"--set {setting.given}: for which module? Write --set {served[0]}.{setting.given}; "
            f"served are {', '.join(served)}"
        )
    return served[0], setting.words


def _with(values: dict[str, Any], words: tuple[str, ...], setting: Setting) -> dict[str, Any]:
    first, *rest = words
    if not rest:
        return {**values, first: setting.value}
    inner = values.get(first)
    if not isinstance(inner, dict | NoneType):
        raise UsageError(f"--set {setting.given}: {first} is {inner!r} already, which has no {rest[0]}")
    return {**values, first: _with(inner or {}, tuple(rest), setting)}
