"""Shared by command families: the option --json, and a group that names the nearest command."""

from __future__ import annotations

import click

from hub.suggestion import closest

#: For commands that show a table, or JSON to programs.
json_option = click.option("--json", "json_", is_flag=True, help="Print JSON instead of a table.")


class Group(click.Group):
    """A group that answers a misspelt command with the nearest name."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        names = self.list_commands(ctx)
        if args and args[0] not in names and not args[0].startswith("-"):
            near = closest(args[0], names)
            hint = f" Did you mean '{ctx.command_path} {near}'?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)
