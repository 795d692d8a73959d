"""Commands about the modules on this machine: uninstall, list, show, verify, clear, version.

Each parses, calls one function of ``hub/registry/`` and hands the result to ``hub/cli/render.py``.
Everything but click is imported inside the commands, so that ``hub --help`` stays quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hub.cli import completion, render
from hub.cli.groups import json_option

if TYPE_CHECKING:
    from hub.registry.describe import Description


@click.command()
@click.argument("names", type=completion.MODULE, nargs=-1, required=True)
@click.pass_context
def uninstall(context: click.Context, names: tuple[str, ...]) -> None:
    """Uninstall modules: one version, or all of a name. Weights stay, other modules may use them."""
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
@json_option
def list_(json_: bool) -> None:
    """List the installed modules."""
    from hub.registry.local import LocalRegistry

    registry = LocalRegistry()
    found = [
        {
            **render.fields(module.info, "name", "version", "summary"),
            "location": str(registry.location(module)),
            "weights": module.info.weights,
        }
        for module in registry.list()
    ]
    if json_:
        render.as_json(found)
        return
    rows = [(each["name"], each["version"], each["location"]) for each in found]
    render.table(("ModuleName", "Version", "Path"), rows)
    if not found:
        render.note(
            f"No module is installed in {registry.layout.home}. Install one with: hub install DIR, "
            "or by its name (hub search lists those)"
        )


@click.command()
@click.argument("module", type=completion.MODULE_OR_FOLDER)
@json_option
def show(module: str, json_: bool) -> None:
    """Show a module's description, its location and its weights."""
    from hub.registry.describe import describe
    from hub.registry.local import LocalRegistry

    description = describe(module, LocalRegistry())
    if not json_:
        render.record(_rows(description))
        return
    render.as_json(
        {
            **render.fields(description.info, "name", "version", "summary", "author", "author_email"),
            **render.fields(description, "installed", "serving"),
            "location": str(description.location),
            "interpreter": str(description.interpreter) if description.interpreter else None,
            "weights": {name: str(path) if path else None for name, path in description.weights.items()},
        }
    )


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
    if description.interpreter:
        rows.append(("Python", f"{description.interpreter} (its own environment)"))
    for name, path in description.weights.items():
        rows.append(("Weights", f"{name}: {path or f'not fetched (hub weights fetch {name})'}"))
    return rows


@click.command()
@click.argument("names", type=completion.MODULE, nargs=-1)
@json_option
@click.pass_context
def verify(context: click.Context, names: tuple[str, ...], json_: bool) -> None:
    """Compare installed files with the digests recorded when they were installed; all modules, or some.

    A module's weights are compared with the catalogue. Exit code 1 if anything differs.
    """
    from hub.registry.local import LocalRegistry
    from hub.registry.verify import verify as look_at

    registry, progress = LocalRegistry(), render.ProgressBars()
    wanted = [name.partition("==") for name in names]
    modules = [registry.find(name, version or None) for name, _, version in wanted]
    verdicts = []
    for module in modules if names else registry.list():
        with progress.task(f"Reading {module.info.name} {module.info.version}"):
            verdict = look_at(module, registry)
        found = render.fields(verdict, "files", "problems")
        verdicts.append({**render.fields(module.info, "name", "version"), **found})
    if json_:
        render.as_json(verdicts)
    else:
        for each in verdicts:
            lines = each["problems"]
            what = "is not as installed:" if lines else f"is as installed ({each['files']} files)"
            render.line("\n  ".join((f"{each['name']} {each['version']} {what}", *lines)))
    if any(each["problems"] for each in verdicts):
        context.exit(1)


@click.command()
@click.option("--weights", is_flag=True, help="Remove also weights that no installed module names.")
def clear(weights: bool) -> None:
    """Remove what nothing needs: leftovers of killed commands, files of replaced and removed modules."""
    from hub.registry.clear import clear as clear_up
    from hub.registry.local import LocalRegistry

    done = clear_up(LocalRegistry(), unused_weights=weights)
    if done.files:
        files = f"{done.files} file{'s' * (done.files != 1)}"
        render.line(f"Removed {files}, which frees {render.size(done.size)}.")
    else:
        render.line("There is nothing to remove.")
    if done.unused_weights:
        render.note(
            f"No installed module names the weights {', '.join(done.unused_weights)} "
            f"({render.size(done.unused_size)}). Remove them with: hub clear --weights"
        )


@click.command()
def version() -> None:
    """Print HubServing's version."""
    from hub.version import __version__

    render.line(__version__)
