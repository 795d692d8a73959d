"""``hub mcp``: modules as tools of the Model Context Protocol."""

from __future__ import annotations

import ctypes
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from hub.cli import completion
from hub.errors import ClientError, StartupError, UsageError

if TYPE_CHECKING:
    from hub import Client

#: prctl's PR_SET_PDEATHSIG.
_PARENT_DEATH_SIGNAL = 1
_ASK_SECONDS = 5.0
_PAUSE_SECONDS = 0.1
_STOP_SECONDS = 30.0
_DEFAULT_URL = "http://127.0.0.1:8866"


@click.command()
@click.argument("what", type=completion.MODULE, nargs=-1, metavar="[URL | NAME…]")
@click.option("--http", type=click.IntRange(1, 65535), metavar="PORT", help="Serve on 127.0.0.1 at /mcp.")
@click.option(
    "--timeout", type=click.FloatRange(0, min_open=True), default=60.0, show_default=True,
    help="Seconds for a call.",
)  # fmt: skip
@click.option(
    "--max_body_mb", type=click.IntRange(1), default=64, show_default=True, help="With --http: of a request."
)
def mcp(what: Sequence[str], http: int | None, timeout: float, max_body_mb: int) -> None:
    """Offer the modules of a server, or modules by name, as tools to a language model.

    Of a server (http://HOST:PORT, default http://127.0.0.1:8866) every module is a tool; modules by NAME, or
    by their folder, are served by this command itself. It speaks over stdin and stdout, as programs expect
    that start their servers; files may then be given by their path. With --http PORT it serves several
    programs, which send files in base64 and their API key; over stdio the key is HUB_API_KEY.
    """
    try:
        from hub.mcp import server
    except ModuleNotFoundError as error:
        raise UsageError(
            f"hub mcp needs the package {error.name}: "
            f"run {sys.executable} -m pip install 'mcp>=2.3,<3' uvicorn"
        ) from error
    urls = [word for word in what if "://" in word]
    if urls and len(what) > 1:
        raise UsageError(f"give one server's URL, or modules by name, not {' '.join(what)}")
    with _served(what) if what and not urls else _there(urls) as url:
        upstream = server.Upstream(url, timeout, max_body_mb << 20, may_read=http is None)
        if http is None:
            server.serve_stdio(upstream)
        else:
            click.echo(f"MCP at http://127.0.0.1:{http}/mcp, of {url}", err=True)
            server.serve_http(upstream, http)


@contextmanager
def _there(urls: Sequence[str]) -> Iterator[str]:
    yield urls[0] if urls else _DEFAULT_URL


@contextmanager
def _served(modules: Sequence[str]) -> Iterator[str]:
    """Serve the modules while the context is open, on a free port of 127.0.0.1; yield the URL."""
    from hub import Client

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "hub", "serving", "start", "--no_ui", "--port", str(port)]
    # Its words are for people; stdout belongs to the protocol.
    process = subprocess.Popen(
        [*command, "--modules", *modules],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        preexec_fn=_end_with_parent,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_loaded(process, Client(url, timeout=_ASK_SECONDS))
        yield url
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_loaded(process: subprocess.Popen[bytes], client: Client) -> None:
    """Return when no module loads any more; raises StartupError when the server has ended."""
    while process.poll() is None:
        try:
            states = client.health()["modules"].values()
        except ClientError:
            states = None
        if states is not None and all(each["state"] != "LOADING" for each in states):
            return
        time.sleep(_PAUSE_SECONDS)
    raise StartupError(f"the modules could not be served: exit code {process.returncode}; see above")


def _end_with_parent() -> None:
    """Have the kernel end this process when its parent is gone, however that happened."""
    ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM)
