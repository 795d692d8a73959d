"""``hub jobs``: the jobs of a server that runs, here or elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hub.cli import render
from hub.cli.groups import Group, json_option
from hub.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from hub.client.blocking import Client

F = TypeVar("F", bound=Callable[..., Any])


def _server_options(command: F) -> F:
    """Add the options that say which server is meant."""
    for option in (
        click.option("--insecure", is_flag=True, help="Do not check the server's certificate."),
        click.option("--ca_file", type=click.Path(path_type=Path), help="Certificates to trust (PEM)."),
        click.option("--key_file", type=click.Path(path_type=Path), help="A file with the server's API key."),
        click.option(
            "--url", "-u", default="http://127.0.0.1:8866", show_default=True, help="The server's address."
        ),
    ):
        command = option(command)
    return command


@click.group(cls=Group)
def jobs() -> None:
    """Show and cancel the jobs of a server: long documents that it reads in the background."""


@jobs.command("list")
@_server_options
@json_option
def list_(json_: bool, **server: Any) -> None:
    """List the jobs that were made with this key, oldest first."""
    with _client(server) as client:
        found = client.jobs()
    if json_:
        render.as_json(found)
        return
    rows = [
        (each["id"], each["name"], each["state"], _pages(each), f"{each['seconds']:.0f} s", each["created"])
        for each in found
    ]
    render.table(("Job", "Name", "State", "Pages", "Time", "Created"), rows)


@jobs.command("show")
@click.argument("job")
@_server_options
@json_option
def show(job: str, json_: bool, **server: Any) -> None:
    """Say how a job is doing."""
    with _client(server) as client:
        found = client.job(job).info()
    if json_:
        render.as_json(found)
        return
    words = [(name, str(value)) for name, value in found.items() if value is not None and name != "pages"]
    render.record([*words, ("pages", _pages(found))])


@jobs.command("cancel")
@click.argument("names", metavar="JOB...", nargs=-1, required=True)
@_server_options
def cancel(names: tuple[str, ...], **server: Any) -> None:
    """Cancel jobs; one that has ended is removed, with its result."""
    with _client(server) as client:
        for job in names:
            was = client.job(job).info()["state"]
            now = client.job(job).cancel()["state"]
            render.line(f"{job} was {was} and is {'removed' if was == now else now}")


@jobs.command("clear")
@_server_options
def clear(**server: Any) -> None:
    """Remove the jobs that have ended, with their results."""
    from hub.client.job_steps import ENDED

    with _client(server) as client:
        ended = [each["id"] for each in client.jobs() if each["state"] in ENDED]
        for job in ended:
            client.job(job).cancel()
    render.line(f"{len(ended)} job{'s' * (len(ended) != 1)} removed")


def _pages(job: dict[str, Any]) -> str:
    pages = job["pages"]
    total = "?" if pages["total"] is None else pages["total"]
    failed = f", {pages['failed']} failed" if pages["failed"] else ""
    return f"{pages['done']} of {total}{failed}"


@contextmanager
def _client(server: dict[str, Any]) -> Iterator[Client]:
    from hub import text_file
    from hub.client.blocking import Client

    verify = not server["insecure"] if server["ca_file"] is None else server["ca_file"]
    try:
        key = text_file.read(server["key_file"], "--key_file").strip() if server["key_file"] else None
    except ConfigError as error:
        raise UsageError(str(error)) from error
    with Client(server["url"], api_key=key, verify=verify) as client:
        yield client
