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

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
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


def _completing(find: Find, *, or_files: bool = False) -> Complete:
    """Return click's callback for an argument that is one of these names, or else a file."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        try:
            found = find(context, incomplete)
        except (HubError, OSError):  # there is a command to say what is wrong; Tab is not it
            found = {}
        items = [CompletionItem(name, help=found[name]) for name in found if name.startswith(incomplete)]
        return items or [CompletionItem(incomplete, type="file")] if or_files else items

    return complete


def _installed(context: click.Context, incomplete: str) -> Mapping[str, str | None]:
    """Find installed modules, with their versions once ``==`` is there."""
    from hub.registry.local import LocalRegistry

    infos = [module.info for module in LocalRegistry().list()]
    if "==" in incomplete:
        return dict.fromkeys(f"{info.name}=={info.version}" for info in infos)
    return dict.fromkeys(info.name for info in infos)


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


modules = _completing(_installed)
modules_or_files = _completing(_installed, or_files=True)
files = _completing(lambda context, incomplete: {}, or_files=True)
sources = _completing(_bundled, or_files=True)
weights = _completing(_weights)
settings = _completing(_settings)
ports = _completing(_ports)
served = _completing(_served)
