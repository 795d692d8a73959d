"""The ``hub`` group: finds each command's file when the command is used, reports errors in one place.

``hub --help`` imports click and nothing else: no NumPy, no Flask, no engine.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from importlib import import_module

import click

from hub import output, settings
from hub.cli import render
from hub.cli.groups import Group
from hub.errors import HubError, UsageError
from hub.version import __version__

#: Command → (file, attribute, the line in the help). The line is here so that help imports nothing.
COMMANDS: Mapping[str, tuple[str, str, str]] = {
    "install": ("hub.cli.install", "install", "Install modules: folder, archive, URL or name."),
    "uninstall": ("hub.cli.registry", "uninstall", "Uninstall modules."),
    "list": ("hub.cli.registry", "list_", "List the installed modules."),
    "show": ("hub.cli.registry", "show", "Describe a module, installed or in a folder."),
    "search": ("hub.cli.install", "search", "List the modules that can be installed by name."),
    "download": ("hub.cli.install", "download", "Get modules' archives by name."),
    "run": ("hub.cli.run", "run", "Call a module once and print what it returns."),
    "predict": ("hub.cli.predict", "predict", "Send many files to a module; go on where it was stopped."),
    "jobs": ("hub.cli.jobs", "jobs", "Show and cancel a server's jobs."),
    "serving": ("hub.cli.serving", "serving", "Start, stop, watch and change servers."),
    "paddlex": ("hub.cli.paddlex", "paddlex", "Take PaddleX's serving command lines as they are."),
    "mcp": ("hub.cli.mcp", "mcp", "Offer modules as tools to language models (MCP)."),
    "weights": ("hub.cli.weights", "weights", "List and fetch weights."),
    "init": ("hub.cli.author", "init", "Start a new module."),
    "check": ("hub.cli.check", "check", "Look at a module's folder, and call it with its example."),
    "convert": ("hub.cli.author", "convert", "Make a module of an exported model."),
    "pack": ("hub.cli.author", "pack", "Put a module and all it needs into one archive."),
    "index": ("hub.cli.author", "index", "Make a private index of modules."),
    "verify": ("hub.cli.registry", "verify", "Compare installed files with their digests."),
    "config": ("hub.cli.config", "config", "Show or change the registry's settings."),
    "clear": ("hub.cli.registry", "clear", "Remove what nothing needs."),
    "doctor": ("hub.cli.doctor", "doctor", "Look at this machine: what is there, what is wrong, what to do."),
    "completion": ("hub.cli.completion", "completion", "Make a shell complete commands and modules."),
    "version": ("hub.cli.registry", "version", "Show the version of HubServing."),
}


class LazyGroup(Group):
    """A group whose commands live in files that are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        file, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(file), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in COMMANDS.items()])


def _plain(word: str) -> str:
    """Return an option's name as it is declared: with underscores, which people write as hyphens."""
    return word.replace("-", "_")


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "token_normalize_func": _plain}
)
@click.version_option(__version__, message="%(version)s")
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="Colours: on a terminal unless NO_COLOR is set (auto), or as it says.",
)
def hub(color: render.Colours) -> None:
    """Serve model modules on your own machine."""
    render.choose_colours(color)


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.platform != "linux":
        click.echo("HubServing runs on Linux; on Windows use WSL2 or Docker, elsewhere Docker.", err=True)
        sys.exit(1)
    output.open_what_is_closed()
    output.accept_all_text()
    settings.provide_home()
    if os.getpid() == 1:  # of a container: the kernel drops a SIGTERM for which there is no handler
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        code = hub(prog_name="hub", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("aborted", err=True)
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except HubError as error:
        render.problem("Usage error" if isinstance(error, UsageError) else "Error", str(error))
        sys.exit(error.exit_code)
    except BrokenPipeError:  # hub list | head
        sys.stderr.close()
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
