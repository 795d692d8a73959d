"""A group of commands that knows what was probably meant."""

from __future__ import annotations

import click

from hub.suggestion import closest


class Group(click.Group):
    """A group that answers a slip in a command's name with the name that is near."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        names = self.list_commands(ctx)
        if args and args[0] not in names and not args[0].startswith("-"):
            near = closest(args[0], names)
            hint = f" Did you mean '{ctx.command_path} {near}'?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)
