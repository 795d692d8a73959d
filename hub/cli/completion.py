"""``hub completion``: what a shell needs to complete commands, options and names; and which names there are.

The script that is printed asks ``hub`` itself at each Tab (click's own mechanism), so it never grows old.
Names come from what lies on disk; a mistake there must not end in a traceback between two words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem, ShellComplete, get_completion_class

SHELLS = ("bash", "zsh", "fish")
#: By which the script tells ``hub`` that it is a Tab; click makes the same of the program's name.
_VARIABLE = "_HUB_COMPLETE"

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


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


def modules(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Installed modules, with their versions once ``==`` is there."""
    return _items(_installed, incomplete)


def modules_or_files(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Installed modules, or else files."""
    return modules(context, parameter, incomplete) or [CompletionItem(incomplete, type="file")]


def files(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files."""
    return [CompletionItem(incomplete, type="file")]


def sources(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Modules that come along, or else files."""
    return _items(_shipped, incomplete) or [CompletionItem(incomplete, type="file")]


def weights(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names in the catalogue of weights."""
    return _items(_catalogue, incomplete)


def settings(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The registry's settings."""
    return _items(_settings, incomplete)


def ports(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ports of running servers, with their modules."""
    from hub.serving.process import pidfile

    records = pidfile.records()
    return [
        CompletionItem(str(record.port), help=", ".join(record.module))
        for record in records
        if record.is_running() and str(record.port).startswith(incomplete)
    ]


def served(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Modules of the server that ``--port`` names."""
    from hub.serving.process import pidfile

    port = context.params.get("port")
    names = [name for record in pidfile.records() if port in (None, record.port) for name in record.module]
    return _items(lambda _: names, incomplete)


def _items(names: Callable[[str], Iterable[str]], incomplete: str) -> list[CompletionItem]:
    from hub.errors import HubError

    try:
        return [CompletionItem(name) for name in names(incomplete) if name.startswith(incomplete)]
    except (HubError, OSError):  # there is a command to say what is wrong; Tab is not it
        return []


def _installed(incomplete: str) -> list[str]:
    from hub.registry.local import LocalRegistry

    infos = [module.info for module in LocalRegistry().list()]
    if "==" in incomplete:
        return [f"{info.name}=={info.version}" for info in infos]
    return list(dict.fromkeys(info.name for info in infos))


def _shipped(incomplete: str) -> list[str]:
    from hub.registry.sources import bundled

    return [info.name for info, _ in bundled.infos()]


def _catalogue(incomplete: str) -> list[str]:
    from hub.registry.weights import names

    return names()


def _settings(incomplete: str) -> list[str]:
    from hub.registry.configuration import KEYS

    return list(KEYS)
