"""Messages over a stream: one JSON line each, and the bytes that it names behind it."""

from __future__ import annotations

import json
from typing import IO, TypeVar

from hub.serving.messages import message
from hub.serving.messages.job_inputs import ReadReply
from hub.serving.messages.jobs import JobReply
from hub.serving.messages.message import Message

M = TypeVar("M", bound=Message)
#: Messages that ``size`` bytes follow.
Answer = TypeVar("Answer", JobReply, ReadReply)


def send(stream: IO[bytes], told: Message, content: bytes = b"") -> None:
    """Write a message and the bytes that follow it."""
    stream.write(json.dumps(message.stamp(told)).encode() + b"\n" + content)
    stream.flush()


def receive(stream: IO[bytes], kind: type[M]) -> M | None:
    """Read a message that no bytes follow; None at the end.  Raises ValueError for anything else."""
    line = stream.readline()
    return message.unstamp(kind, json.loads(line)) if line else None


def receive_answer(stream: IO[bytes], kind: type[Answer], sender: str) -> tuple[Answer, bytes]:
    """Read a message and the bytes that follow it.

    Raises:
        ConnectionError: the stream is cut off; ``sender`` says who ended.  ValueError: something else came.
    """
    line = stream.readline()
    if line.endswith(b"\n"):
        found = message.unstamp(kind, json.loads(line))
        content = stream.read(found.size) if found.size else b""
        if len(content) == found.size:
            return found, content
    raise ConnectionError(f"{sender} ended before it answered")
