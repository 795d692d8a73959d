"""Shared by command families: the option --json, and a group that names the nearest command."""

from __future__ import annotations

import click

from hub.suggestion import closest

#: Commands of other tools, and of people's habits, and what does the same here.
_MEANT = {
    **dict.fromkeys(("ps", "top", "status"), "serving status"),
    **dict.fromkeys(("serve", "server", "start", "up"), "serving start"),
    **dict.fromkeys(("stop", "kill", "down"), "serving stop"),
    **dict.fromkeys(("restart", "reload"), "serving reload"),
    **dict.fromkeys(("log", "logs"), "serving logs"),
    **dict.fromkeys(("pull", "add"), "install"),
    **dict.fromkeys(("ls", "modules", "models"), "list"),
    **dict.fromkeys(("rm", "remove", "delete"), "uninstall"),
    **dict.fromkeys(("info", "inspect", "describe"), "show"),
    **dict.fromkeys(("lint", "validate"), "check"),
    "env": "doctor",
    **dict.fromkeys(("clean", "prune"), "clear"),
    **dict.fromkeys(("create", "new"), "init"),
    "get": "download",
    "infer": "predict",
}
#: The same below `hub serving`.
_MEANT_OF_SERVING = {
    **dict.fromkeys(("list", "ls", "ps", "show"), "status"),
    **dict.fromkeys(("kill", "end", "down"), "stop"),
    **dict.fromkeys(("run", "serve", "up"), "start"),
    "restart": "reload",
    "log": "logs",
}

#: For commands that show a table, or JSON to programs.
json_option = click.option("--json", "json_", is_flag=True, help="Print JSON instead of a table.")


class Group(click.Group):
    """A group that answers a misspelt command, or another tool's, with the one that is meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        names = self.list_commands(ctx)
        if args and args[0] not in names and not args[0].startswith("-"):
            habits = _MEANT_OF_SERVING if ctx.info_name == "serving" else {} if ctx.parent else _MEANT
            meant = habits.get(args[0]) or closest(args[0], names)
            hint = f" Did you mean '{ctx.command_path} {meant}'?" if meant else ""
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)
