"""``hub weights``: the weights catalogue, and what of it is on this machine."""

from __future__ import annotations

import click

from hub.cli import completion, render
from hub.cli.groups import Group, json_option


@click.group(cls=Group)
def weights() -> None:
    """Model files by name, shared between modules."""


@weights.command("list")
@json_option
def weights_list(json_: bool) -> None:
    """List the weights that modules may name, and which are on this machine."""
    from hub.registry.weights import catalogue, lookup

    found = [(entry, lookup(entry.name)) for entry in catalogue().values()]
    if json_:
        shown = ("name", "kind", "size", "license", "summary")
        render.as_json(
            [
                {**render.fields(entry, *shown), "location": str(path) if path else None}
                for entry, path in found
            ]
        )
        return
    rows = []
    for entry, path in found:
        fetched = "yes" if path else "no"
        rows.append((entry.name, entry.kind, render.size(entry.size), fetched, entry.license, entry.summary))
    render.table(("Name", "Kind", "Size", "Fetched", "License", "Summary"), rows)


@weights.command("fetch")
@click.argument("names", type=completion.WEIGHT, nargs=-1, metavar="NAME...")
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True),
    help="Take them from this archive, or folder of archives, instead of the network.",
)
def weights_fetch(names: tuple[str, ...], source: str | None) -> None:
    """Fetch weights by name; with --from and no name, all that the archive holds."""
    from hub.registry.weights import fetch, names_in

    if not names and source is None:
        raise click.UsageError("which weights? Give their names (hub weights list), or --from ARCHIVE.")
    wanted = list(names) if names or source is None else names_in(source)
    for name, path in fetch(wanted, progress=render.ProgressBars(), source=source).items():
        render.line(f"{name} is in {path}")
