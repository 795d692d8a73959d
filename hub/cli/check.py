"""``hub check``: is the folder of a module as it should be, and does a call of it work?"""

from __future__ import annotations

import binascii
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from hub.cli import render


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@click.pass_context
def check(context: click.Context, folder: Path) -> None:
    """Look at a module's folder, and call it once with its own example.

    Tells each problem in a line, with what to do: no @serving, @serving that names arguments which its method
    does not have, packages that are missing, an example that fails. Notes tell what is not checked. `hub
    install` does the same, but for the call. The exit code is 1 if there is a problem.
    """
    from hub.registry.authoring.check import check as look_at

    with render.waiting(f"Looking at {folder} …"):
        report = look_at(folder)
        problems, notes = list(report.problems), list(report.notes)
        if report.info is not None and report.example is not None and not problems:
            for text, is_problem in _trial(folder, report.info.name, report.example):
                (problems if is_problem else notes).append(text)
    for word, found in (("problem", problems), ("note", notes)):
        for text in found:
            render.line(f"{render.styled(word, 'bold red' if word == 'problem' else 'bold')}: {text}")
    name = f"{report.info.name} {report.info.version}" if report.info else str(folder)
    render.line(f"{name}: {len(problems) or 'no'} problem{'' if len(problems) == 1 else 's'}")
    if problems:
        context.exit(1)


def _trial(folder: Path, name: str, example: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Call the module as a server would; yield what there is to say, and whether it is a problem."""
    from hub.errors import HubError
    from hub.testing import served

    try:
        with served(folder.absolute(), **_init_args(folder, name)) as module:
            reply = module.reply(**_with_files(example))
    except HubError as error:
        yield f"the trial call with its example fails: {type(error).__name__}: {error}", True
    else:
        if reply.message:
            yield f"the trial call says: {reply.message}", False


def _init_args(folder: Path, name: str) -> dict[str, Any]:
    """Return the init_args of the folder's own config.json, if it has one."""
    from hub.serving.config import server_config

    path = folder / "config.json"
    if not path.is_file():
        return {}
    entry = server_config.from_file(path).modules_info.get(name)
    return entry.module_args if entry is not None else {}


def _with_files(example: Mapping[str, Any]) -> dict[str, Any]:
    """Return the example's arguments for a call in Python, in which a text under ``images`` is a path."""
    from hub.client.payload import PATH_ARGUMENTS

    return {
        name: _decoded(value, name) if name in PATH_ARGUMENTS else value for name, value in example.items()
    }


def _decoded(value: Any, name: str) -> Any:
    if isinstance(value, list):
        return [_decoded(each, name) for each in value]
    if not isinstance(value, str):
        return value
    from hub.errors import InvalidInputError

    try:
        return binascii.a2b_base64(value, strict_mode=True)
    except binascii.Error as error:
        raise InvalidInputError(f"{name} in the example is not a file in base64: {error}") from error
