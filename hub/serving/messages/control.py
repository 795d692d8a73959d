"""Command line or gateway ↔ supervisor: one JSON line asks, one JSON line answers, some time later.

The socket is in the run dir, which only the user who started the server can enter.
"""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from hub.errors import ServerError
from hub.serving.messages import message
from hub.serving.messages.message import Message, MessageError

Command = Literal["reload", "load", "unload", "scale"]


@dataclass(frozen=True)
class ControlRequest(Message):
    """A request to the supervisor.

    Attributes:
        module: whose; "" for all that changed in the config file (reload).
        version: of the module to load; "" for the newest that is installed.
        runners: how many (scale).
    """

    do: str
    module: str = ""
    version: str = ""
    runners: int = 0

    @classmethod
    def parse(cls, line: bytes) -> ControlRequest:
        """Read a request; raises MessageError for anything else."""
        try:
            who = "the server runs HubServing {ours}, and {other} asks it; "
            request = cls.from_json(message.check_version(json.loads(line), who))
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            raise MessageError(f"the request is not JSON: {error}") from error
        if request.do not in get_args(Command):
            raise MessageError(f"unknown request {request.do!r}; known: {', '.join(get_args(Command))}")
        if request.do != "reload" and not request.module:
            raise MessageError(f"{request.do} needs a module")
        return request


@dataclass(frozen=True)
class ControlAnswer(Message):
    """How it ended, in words for people."""

    ok: bool
    message: str


def ask(path: Path, request: ControlRequest, timeout: float) -> ControlAnswer:
    """Send a request and wait for its answer.

    Raises:
        ServerError: the server does not answer, or its answer is that the request failed.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(str(path))
            connection.sendall(json.dumps(message.stamp(request)).encode() + b"\n")
            with connection.makefile("rb") as lines:
                line = lines.readline()
    except OSError as error:
        raise ServerError(f"the server does not answer on its control socket {path}: {error}") from error
    if not line:
        raise ServerError("the server ended before it answered")
    answer = ControlAnswer.from_json(json.loads(line))
    if not answer.ok:
        raise ServerError(answer.message)
    return answer
