"""``hub completion``: what a shell needs to complete commands, options and names; and which names there are.

The script that is printed asks ``hub`` itself at each Tab (click's own mechanism), so it never grows old.
Names come from what is on disk; a mistake there must not end in a traceback between two words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import click
from click.shell_completion import CompletionItem, ShellComplete, get_completion_class

from hub.errors import HubError

SHELLS = ("bash", "zsh", "fish")
#: By which the script tells ``hub`` that it is a Tab; click makes the same of the program's name.
_VARIABLE = "_HUB_COMPLETE"

#: Finds the names that may be meant, each with a help text, by the other words and the beginning of this one.
Find = Callable[[click.Context, str], Mapping[str, str | None]]


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print a script that makes a shell complete hub's commands, options, modules, weights and ports.

    \b
    bash   echo 'eval "$(hub completion bash)"' >> ~/.bashrc
    zsh    echo 'eval "$(hub completion zsh)"' >> ~/.zshrc
    fish   hub completion fish > ~/.config/fish/completions/hub.fish
    """
    from hub.cli.main import hub

    kind = get_completion_class(shell)
    assert kind is not None
    # The base class's source(): bash's own starts bash to look at its version, and fails where there is none.
    click.echo(ShellComplete.source(kind(hub, {}, "hub", _VARIABLE)), nl=False)


class Name(click.types.StringParamType):
    """A word that Tab completes with the names that ``find`` knows; with files, where none of them fits.

    The help shows it as ``usage``, or without one by the parameter's name.
    """

    def __init__(self, find: Find, usage: str | None = None, *, or_files: bool = False) -> None:
        self._find = find
        self._usage = usage
        self._or_files = or_files

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str | None:
        return self._usage

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        try:
            found = self._find(ctx, incomplete)
        except (HubError, OSError):  # there is a command to say what is wrong; Tab is not it
            found = {}
        items = [CompletionItem(name, help=found[name]) for name in found if name.startswith(incomplete)]
        return items or [CompletionItem(incomplete, type="file")] if self._or_files else items


def _installed(context: click.Context, incomplete: str) -> Mapping[str, str | None]:
    """Find installed modules, with their versions once ``==`` is there."""
    from hub.registry.local import LocalRegistry

    infos = [module.info for module in LocalRegistry().list()]
    return dict.fromkeys(
        f"{info.name}=={info.version}" if "==" in incomplete else info.name for info in infos
    )


def _bundled(context: click.Context, incomplete: str) -> Mapping[str, str | None]:
    from hub.registry.sources import bundled

    return dict.fromkeys(info.name for info, _ in bundled.infos())


def _weights(context: click.Context, incomplete: str) -> Mapping[str, str | None]:
    from hub.registry.weights import names

    return dict.fromkeys(names())


def _settings(context: click.Context, incomplete: str) -> Mapping[str, str | None]:
    from hub.registry.configuration import KEYS

    return dict.fromkeys(KEYS)


def _ports(context: click.Context, incomplete: str) -> Mapping[str, str | None]:
    from hub.serving.process import pidfile

    running = [record for record in pidfile.records() if record.is_running()]
    return {str(record.port): ", ".join(record.module) for record in running}


def _served(context: click.Context, incomplete: str) -> Mapping[str, str | None]:
    """Find the modules of the server that ``--port`` names."""
    from hub.serving.process import pidfile

    port = context.params.get("port")
    records = [record for record in pidfile.records() if port in (None, record.port)]
    return dict.fromkeys(name for record in records for name in record.module)


MODULE = Name(_installed, "NAME[==VERSION]")
MODULE_OR_FOLDER = Name(_installed, "NAME[==VERSION]|DIR", or_files=True)
TARGET = Name(_installed, "URL|NAME[==VERSION]|DIR", or_files=True)
FILE = Name(lambda context, incomplete: {}, "FILE|DIR|PATTERN", or_files=True)
ARGUMENT = Name(lambda context, incomplete: {}, "ARGUMENT", or_files=True)
SOURCE = Name(_bundled, "DIR|ARCHIVE|URL|NAME[==VERSION]", or_files=True)
OFFERED = Name(_bundled, "NAME[==VERSION]", or_files=True)
WEIGHT = Name(_weights)
SETTING = Name(_settings)
PORT = Name(_ports)
SERVED = Name(_served)
