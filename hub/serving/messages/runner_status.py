"""Runner → supervisor: the one line on a runner's status pipe, when its module is loaded or is not."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.serving.messages.manifest import Manifest
from hub.serving.messages.message import Message


@dataclass(frozen=True)
class RunnerStatus(Message):
    """How loading ended.

    Attributes:
        ready: the module is loaded; else ``reason`` says why not.
        final: trying again would not help.
        concurrency: threads that take requests, each with a slot of the heartbeat.
    """

    ready: bool
    reason: str = ""
    final: bool = False
    manifest: Manifest = field(default_factory=Manifest)
    concurrency: int = 1
