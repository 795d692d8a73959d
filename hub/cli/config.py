"""``hub config``: the registry's settings."""

from __future__ import annotations

import click

from hub.cli import completion, render
from hub.cli.groups import Group

_PADDLEHUB = {
    "server": "no server is ever asked; a private index is set with: hub config set index ADDRESS",
    "log.level": "a server's log is set with log_format in its config.json",
    "log.enable": "a server's log is set with log_format in its config.json",
}


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def config(context: click.Context) -> None:
    """Show or change the registry's settings; they are kept in $HUB_HOME/config.json.

    \b
    index            private indexes to install from by name: folders or http(s) addresses
    max_download_mb  the largest archive that is downloaded, in MB (default 4096)
    """
    if context.invoked_subcommand is None:
        _show()


def _show(*keys: str) -> None:
    """Print settings, with their names unless it is one alone."""
    from hub.registry.configuration import read
    from hub.registry.store.layout import Layout

    configuration = read(Layout())
    if not keys:
        render.note(f"The settings in {Layout().config} and the environment:")
    for key, value in configuration:
        shown = _shown(value)
        if key in keys:
            render.line(shown)
        elif not keys:
            render.line(f"{key}: {shown}".rstrip())


def _shown(value: tuple[str, ...] | int) -> str:
    """Return a setting as it is printed: addresses without their passwords."""
    from hub.registry.sources.pip_download import without_password

    return without_password(" ".join(value) if isinstance(value, tuple) else str(value))


@config.command("get")
@click.argument("key", type=completion.SETTING)
def get(key: str) -> None:
    """Print one setting."""
    from hub.registry.configuration import check_key

    _show(check_key(key))


@config.command("set")
@click.argument("key", type=completion.SETTING)
@click.argument("values", metavar="VALUE...", nargs=-1, required=True)
def set_(key: str, values: tuple[str, ...]) -> None:
    """Change one setting. `index` takes several values; they are asked in that order."""
    from hub.errors import ConfigError
    from hub.registry.configuration import change
    from hub.registry.store.layout import Layout

    if key in _PADDLEHUB:
        raise ConfigError(f"there is no setting {key!r} here: {_PADDLEHUB[key]}")
    render.line(f"{key}: {_shown(getattr(change(Layout(), key, values), key))}")


@config.command("reset")
@click.argument("key", required=False, type=completion.SETTING)
def reset(key: str | None) -> None:
    """Set one setting, or all, back to the default."""
    from hub.registry import configuration
    from hub.registry.store.layout import Layout

    configuration.reset(Layout(), configuration.check_key(key) if key else None)
    _show()
