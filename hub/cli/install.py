"""Modules from elsewhere: install, search, download."""

from __future__ import annotations

import re
from pathlib import Path

import click

from hub.cli import completion, render
from hub.cli.groups import json_option


@click.command()
@click.argument("sources", type=completion.SOURCE, nargs=-1, required=True)
@click.option("--sha256", metavar="DIGEST", help="The archive's SHA-256; required for a URL.")
@click.option("--isolated", is_flag=True, help="Give each module a Python environment of its own.")
@click.option(
    "--install_requirements", is_flag=True, help="Let pip install what requirements.txt asks for, here."
)
@click.option("--force", is_flag=True, help="Install again what is installed already, or was edited.")
@click.option(
    "--ignore_env_mismatch",
    is_flag=True,
    hidden=True,
    expose_value=False,
    help="PaddleHub's; changes nothing.",
)
def install(sources: tuple[str, ...], sha256: str | None, **how: bool) -> None:
    """Install modules, and fetch the weights that they name.

    From a folder; from an archive (.tar.gz, .tar, .zip, or what hub pack made); from a URL with --sha256; or
    by name, from those bundled with HubServing and then from the indexes that `hub config set index` names.
    A file or folder on this machine wins over a name.

    Installing the same version again replaces it. By name, a bundled module is replaced only where its files
    are as HubServing installed them, or with --force.
    """
    from hub.registry.install import Installer
    from hub.registry.local import LocalRegistry

    registry = LocalRegistry()
    installer = Installer(registry, render.ProgressBars(), **how)
    for outcome in installer.install(sources, sha256=sha256):
        info = outcome.module.info
        if outcome.edited:
            render.note(
                f"Note: {info.name} was edited after it was installed, and stays as it is; "
                f"hub install {info.name} --force replaces it with the bundled one."
            )
        if outcome.already:
            version = f"-{info.version}" if any("==" in source for source in sources) else ""
            render.line(
                f"Module {info.name}{version} already installed in {registry.location(outcome.module)}"
            )
        else:
            render.line(f"Successfully installed {info.name}-{info.version}")
            if outcome.module.note:
                render.problem("Warning", f"{info.name}: {outcome.module.note}")


@click.command()
@click.argument("words", metavar="[REGEX]...", nargs=-1)
@json_option
@click.pass_context
def search(context: click.Context, words: tuple[str, ...], json_: bool) -> None:
    """List the modules that can be installed by name.

    Each REGEX is looked for in names, summaries and types; a module is shown that has all of them.
    """
    from hub.errors import HubError
    from hub.registry.configuration import read
    from hub.registry.local import LocalRegistry
    from hub.registry.sources import catalog

    wanted = [_pattern(word) for word in words]
    found, failed = catalog.bundled_modules(), False
    for location in read(LocalRegistry().layout).index:
        try:
            found += catalog.indexed(location)
        except HubError as error:  # the other places may still have what is looked for
            render.problem("Warning", str(error))
            failed = True
    shown = [
        each
        for each in found
        if all(word.search(f"{each.info.name} {each.info.summary} {each.info.type}") for word in wanted)
    ]
    if json_:
        keys = ("name", "version", "summary", "type")
        render.as_json([{**render.fields(each.info, *keys), "from": each.where} for each in shown])
    else:
        rows = [(each.info.name, each.info.version, each.info.summary, each.where) for each in shown]
        if shown:
            render.table(("ModuleName", "Version", "Summary", "From"), rows)
        else:
            asked = " and ".join(map(repr, words))
            render.note(f"No module's name, summary or type has {asked}; hub search lists all of them.")
    if failed:
        context.exit(1)


def _pattern(word: str) -> re.Pattern[str]:
    from hub.errors import UsageError

    try:
        return re.compile(word, re.IGNORECASE)
    except re.error as error:
        raise UsageError(f"{word!r} is not a regular expression: {error}") from error


@click.command()
@click.argument("names", type=completion.OFFERED, nargs=-1, required=True)
@click.option(
    "--output_dir",
    "-o",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Where to put the archives.  [default: here]",
)
@click.pass_context
def download(context: click.Context, names: tuple[str, ...], output_dir: Path) -> None:
    """Get modules' archives by name, without installing them."""
    from hub.errors import ModuleNotInstalledError
    from hub.registry.install import download as get
    from hub.registry.local import LocalRegistry

    missing = 0
    for name in names:
        try:
            render.line(str(get(name, output_dir, LocalRegistry(), render.ProgressBars())))
        except ModuleNotInstalledError as error:
            render.problem("Error", str(error))
            missing += 1
    if missing:
        context.exit(1)
