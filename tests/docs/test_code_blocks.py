"""Commands, Python and JSON in the documents are of this version: they parse, and name what there is."""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from hub.cli.main import hub
from tests.docs.blocks import read
from tests.docs.test_links import DOCUMENTS, FENCED
from tests.serving.running import ROOT

pytestmark = pytest.mark.unit

#: By hand, that is.
WRITTEN = [path for path in DOCUMENTS if path.parent.name != "reference"]
#: In prose: `hub install NAME`, but not `hub` alone or `hub --help`.
SPAN = re.compile(r"`(hub [a-z][^`]*)`")
#: Where a command line ends and something else begins.
END = re.compile(r"\s(?:\||&&|;|>|<|#)(?:\s|$)")


def in_blocks(document: Path) -> Iterator[str]:
    """Command lines that begin with ``hub``."""
    for block in read(document):
        if block.language == "shell":
            for line in block.text.replace("\\\n", " ").splitlines():
                yield from (
                    part.strip() for part in re.split(r"&&|;|\|", line) if part.strip().startswith("hub ")
                )


def in_prose(document: Path) -> list[str]:
    return SPAN.findall(FENCED.sub("", document.read_text("utf-8")))


def parse(line: str) -> None:
    """Parse a command line as the program does.

    Raises:
        click.UsageError: there is no such command or option, or a word is missing.
    """
    words = shlex.split(
        END.split(line)[0].replace(" [", " ").replace("] ", " ").removesuffix("]"), comments=True
    )
    command: click.Command = hub
    context = click.Context(hub, info_name="hub")
    words = words[1:]
    while isinstance(command, click.Group) and words:
        name = words.pop(0)
        found = command.get_command(context, name)
        if found is None:
            raise click.UsageError(f"no command {name}")
        command, context = found, click.Context(found, info_name=name, parent=context)
    if words:
        command.make_context(command.name, words)


def problem(line: str, *, whole: bool = True) -> str | None:
    """What is wrong with a command line. One that is not ``whole`` may lack words, or have placeholders."""
    if "…" in line:
        return None
    try:
        parse(line)
    except click.BadParameter as error:
        return f"{line}: {error.format_message()}" if whole else None
    except click.ClickException as error:
        return f"{line}: {error.format_message()}"
    except click.exceptions.Exit:  # --help
        return None
    return None


@pytest.mark.parametrize("document", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_hub_command_is_one(document: Path) -> None:
    assert not list(filter(None, map(problem, in_blocks(document))))


@pytest.mark.parametrize("document", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_hub_command_that_is_spoken_of_is_one(document: Path) -> None:
    assert not [said for line in in_prose(document) if (said := problem(line, whole=False))]


def test_a_command_that_is_none_is_noticed() -> None:
    for line in ("hub instal x", "hub serving start --prt 1", "hub serving scale a"):
        assert problem(line)
    assert problem("hub serving scale --prt", whole=False)
    assert not problem("hub serving scale NAME N", whole=False)


@pytest.mark.parametrize("document", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_python_and_json_parse(document: Path) -> None:
    for block in read(document):
        if block.language == "python":
            compile(block.text, str(document), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        elif block.language == "json" and "…" not in block.text:
            json.loads(block.text)
