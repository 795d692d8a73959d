"""The registry's own settings: ``$HUB_HOME/config.json``, changed with ``hub config``.

    index              private indexes to install modules from by name: folders or http(s) addresses
    max_download_mb    the largest archive that is downloaded

Each may also be given as ``HUB_<KEY>`` in the environment, which comes first. Nothing else is in the file,
and nothing is ever reported to anybody, so there is no switch for that.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub import atomic_file, settings, text_file
from hub.errors import ConfigError
from hub.registry.sources.pip_download import without_password
from hub.registry.store.layout import Layout
from hub.suggestion import did_you_mean


class Configuration(BaseModel):
    """Validated settings of the registry."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    index: tuple[str, ...] = Field((), description="private indexes: folders or http(s) addresses")
    max_download_mb: int = Field(4096, ge=1, description="the largest archive that is downloaded, in MB")


KEYS: dict[str, str] = {name: field.description or "" for name, field in Configuration.model_fields.items()}


def read(layout: Layout) -> Configuration:
    """Return the file's settings, the environment's over them.

    Raises:
        ConfigError: a key or value that is not allowed; it names which, and where.
    """
    given = _from_environment()
    return _validated({**_stored(layout), **given}, str(layout.config), variables=given)


def check_key(key: str) -> str:
    """Return ``key``, if it is a setting.

    Raises:
        ConfigError: it is not a setting; the message names all.
    """
    if key in KEYS:
        return key
    hint = did_you_mean(key, KEYS)
    raise ConfigError(f"there is no setting {key!r}.{hint} The settings are: {', '.join(KEYS)}")


def change(layout: Layout, key: str, values: Sequence[str]) -> Configuration:
    """Set one key and write the file; a key that takes one value must get exactly one."""
    check_key(key)
    takes_many = key == "index"
    if not takes_many and len(values) != 1:
        raise ConfigError(f"{key} takes one value, not {len(values)}: {' '.join(values)}")
    for value in values if takes_many else ():
        if not value.startswith(("https://", "http://", "/", "~")):
            raise ConfigError(
                f"index {without_password(value)!r} is neither an absolute folder nor an http(s) address, "
                "like /srv/hub or https://models.example.org/hub"
            )
    stored = {**_stored(layout), key: list(values) if takes_many else values[0]}
    checked = _validated(stored, f"hub config set {key}")
    _write(layout, {name: getattr(checked, name) for name in stored})
    return checked


def reset(layout: Layout, key: str | None = None) -> None:
    """Set one key, or all, back to the default."""
    kept = {name: value for name, value in _stored(layout).items() if key is not None and name != key}
    _write(layout, kept)


def _from_environment() -> dict[str, Any]:
    given = {key: value for key in KEYS if (value := settings.from_environment(key)) is not None}
    return {key: value.split() if key == "index" else value for key, value in given.items()}


def _stored(layout: Layout) -> dict[str, Any]:
    try:
        values = json.loads(text_file.decoded(layout.config.read_bytes(), str(layout.config)))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"{layout.config} cannot be read: {error}. Correct it, or delete it to have the defaults"
        ) from error
    if not isinstance(values, dict):
        raise ConfigError(
            f"{layout.config} must hold a JSON object like {{}}, not {without_password(repr(values))}"
        )
    return values


def _validated(values: dict[str, Any], source: str, *, variables: Collection[str] = ()) -> Configuration:
    """Check values of ``source``, those of ``variables`` from the environment; raises ConfigError."""
    for key in values:
        check_key(key)
    try:
        return Configuration(**values)
    except ValidationError as error:
        first = error.errors()[0]
        key, given = str(first["loc"][0]), without_password(repr(first["input"]))
        what = f"HUB_{key.upper()}" if key in variables else f"{source}: {key}"
        kind = "a list of texts" if key == "index" else "a whole number, at least 1"
        raise ConfigError(f"{what} = {given} is not allowed: it is {KEYS[key]}; {kind}") from error


def _write(layout: Layout, values: dict[str, Any]) -> None:
    try:
        layout.home.mkdir(parents=True, exist_ok=True)
        content = json.dumps(values, ensure_ascii=False, indent=1) + "\n"
        atomic_file.write(layout.config, content, mode=0o600)  # an index's address may have a password
    except OSError as error:
        raise ConfigError(f"{layout.config} cannot be written: {error}") from error
