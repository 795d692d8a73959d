"""Commands about modules on this machine: install, uninstall, list, show, version, weights.

Each parses, calls one function of ``hub/registry/`` and hands the result to ``hub/cli/render.py``.
Everything but click is imported inside the commands, so that ``hub --help`` stays quick.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hub.registry.describe import Description
    from hub.registry.local import InstalledModule, LocalRegistry

_json_option = click.option("--json", "json_", is_flag=True, help="Print JSON instead of a table.")


@click.command()
@click.argument("directories", metavar="DIR...", nargs=-1, required=True)
def install(directories: tuple[str, ...]) -> None:
    """Install modules from their folders, and fetch the weights that they name.

    The folder is copied. Installing the same version again replaces it.
    """
    from hub.cli import render
    from hub.module.info import read_module_info
    from hub.registry import weights
    from hub.registry.local import LocalRegistry

    registry, progress = LocalRegistry(), render.ProgressBars()
    # All are looked at first: a misspelt one should not leave the others half done.
    found = [(directory, read_module_info(_folder(directory))) for directory in directories]
    for directory, info in found:
        # Before the module appears, so that an installed module can be served.
        weights.fetch(info.weights, progress=progress)
        module = registry.install(directory, progress=progress)
        render.line(f"Successfully installed {module.info.name}-{module.info.version}")


def _folder(given: str) -> str:
    from hub.errors import InvalidModuleError

    if Path(given).expanduser().is_dir():
        return given
    what = "is a file" if Path(given).exists() else "does not exist"
    near = [path for path in (Path("deploy/hubserving", given), Path("modules", given)) if path.is_dir()]
    hint = (
        f"Did you mean: hub install {near[0]}/"
        if near
        else "For example: hub install deploy/hubserving/ocr_system/"
    )
    raise InvalidModuleError(f"{given} {what}; hub install takes the folder of a module. {hint}")


@click.command()
@click.argument("names", metavar="NAME[==VERSION]...", nargs=-1, required=True)
@click.pass_context
def uninstall(context: click.Context, names: tuple[str, ...]) -> None:
    """Uninstall modules: one version, or all of a name. Weights stay, other modules may use them."""
    from hub.cli import render
    from hub.errors import ModuleNotInstalledError
    from hub.registry.local import LocalRegistry

    registry, missing = LocalRegistry(), 0
    for given in names:
        name, _, version = given.partition("==")
        try:
            registry.uninstall(name, version or None)
        except ModuleNotInstalledError as error:
            render.note(str(error))
            missing += 1
        else:
            render.line(f"Successfully uninstalled {name}" + (f"-{version}" if version else ""))
    if missing:
        context.exit(1)


@click.command("list")
@_json_option
def list_(json_: bool) -> None:
    """List the installed modules."""
    from hub.cli import render
    from hub.registry.local import LocalRegistry

    registry = LocalRegistry()
    modules = registry.list()
    if json_:
        render.as_json([_listed(module, registry) for module in modules])
        return
    rows = [(module.info.name, module.info.version, str(registry.location(module))) for module in modules]
    render.table(("ModuleName", "Version", "Path"), rows)
    if not modules:
        render.note(f"No module is installed in {registry.layout.home}. Install one with: hub install DIR")


def _listed(module: InstalledModule, registry: LocalRegistry) -> dict[str, object]:
    info = module.info
    return {
        "name": info.name,
        "version": info.version,
        "summary": info.summary,
        "location": str(registry.location(module)),
        "weights": list(info.weights),
    }


@click.command()
@click.argument("module", metavar="NAME[==VERSION]|DIR")
@_json_option
def show(module: str, json_: bool) -> None:
    """Show what a module says of itself, where it lies and which weights it has."""
    from hub.cli import render
    from hub.registry.describe import describe
    from hub.registry.local import LocalRegistry

    description = describe(module, LocalRegistry())
    if json_:
        render.as_json(_described(description))
    else:
        render.record(_rows(description))


def _described(description: Description) -> dict[str, object]:
    info = description.info
    return {
        "name": info.name,
        "version": info.version,
        "summary": info.summary,
        "author": info.author,
        "author_email": info.author_email,
        "location": str(description.location),
        "installed": description.installed,
        "serving": description.serving,
        "weights": {name: str(path) if path else None for name, path in description.weights.items()},
    }


def _rows(description: Description) -> list[tuple[str, str]]:
    info = description.info
    rows = [
        ("ModuleName", info.name),
        ("Version", info.version),
        ("Summary", info.summary),
        ("Author", info.author),
        ("Author-Email", info.author_email),
        ("Location", str(description.location) + ("" if description.installed else " (not installed)")),
        ("Serving", f"{description.serving}() at /predict/{info.name}" if description.serving else "-"),
    ]
    for name, path in description.weights.items():
        rows.append(("Weights", f"{name}: {path or f'not fetched (hub weights fetch {name})'}"))
    return rows


@click.command()
def version() -> None:
    """Print HubServing's version."""
    import hub
    from hub.cli import render

    render.line(hub.__version__)


@click.group()
def weights() -> None:
    """Model files by name, shared between modules."""


@weights.command("list")
@_json_option
def weights_list(json_: bool) -> None:
    """List the weights that modules may name, and which are on this machine."""
    from hub.cli import render
    from hub.registry.weights import catalogue, lookup

    found = [(entry, lookup(entry.name)) for entry in catalogue().values()]
    if json_:
        render.as_json(
            [
                {
                    "name": entry.name,
                    "kind": entry.kind,
                    "size": entry.size,
                    "license": entry.license,
                    "summary": entry.summary,
                    "location": str(path) if path else None,
                }
                for entry, path in found
            ]
        )
        return
    rows = [
        (
            entry.name,
            entry.kind,
            render.size(entry.size),
            "yes" if path else "no",
            entry.license,
            entry.summary,
        )
        for entry, path in found
    ]
    render.table(("Name", "Kind", "Size", "Fetched", "License", "Summary"), rows)


@weights.command("fetch")
@click.argument("names", metavar="NAME...", nargs=-1)
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True),
    help="Take them from this archive, or folder of archives, instead of the network.",
)
def weights_fetch(names: tuple[str, ...], source: str | None) -> None:
    """Fetch weights by name; with --from and no name, all that the archive holds."""
    from hub.cli import render
    from hub.registry.weights import fetch, names_in

    if not names and source is None:
        raise click.UsageError("which weights? Give their names (hub weights list), or --from ARCHIVE.")
    wanted = list(names) if names or source is None else names_in(source)
    for name, path in fetch(wanted, progress=render.ProgressBars(), source=source).items():
        render.line(f"{name} is in {path}")
