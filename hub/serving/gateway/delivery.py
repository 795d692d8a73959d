"""One request on its way through possibly several runners, whatever carries it there.

What is sent and what comes back, how often it is sent again, and when it is blamed for a death.
"""

from __future__ import annotations

import time
from typing import Any, Final

from hub import errors
from hub.serving.gateway.dispatcher import ModuleReply, ModuleRequest
from hub.serving.gateway.quarantine import Quarantine
from hub.serving.messages import wire
from hub.serving.messages.state import ModuleState

#: A request is sent at most this often.
MAX_ATTEMPTS: Final = 5
#: Deaths under a request that ran alone, after which it counts as their cause.
POISON_STRIKES: Final = 2


class Attempt:
    """A request and what became of it so far.

    Attributes:
        number: of the present attempt, from 1.
        has_started: whether the runner has begun with it; what carries it finds out.
    """

    def __init__(self, module: ModuleState, request: ModuleRequest) -> None:
        self.module = module
        self.request = request
        self.number = 1
        self.has_started = False
        self._strikes = 0
        once = module.manifest.get("once", ())
        self._is_idempotent = module.manifest.get("idempotent", True) and request.endpoint not in once

    @property
    def remaining(self) -> float:
        """Seconds until the deadline, below 0 after it."""
        return self.request.deadline - time.monotonic()

    def frame(self) -> wire.Frame:
        """The call, as every runner understands it."""
        blobs: list[wire.Buffer] = [self.request.arguments]
        numbers: dict[str, Any] = {}
        for name, images in self.request.images.items():
            if isinstance(images, bytes):
                numbers[name] = len(blobs)
                blobs.append(images)
            else:
                numbers[name] = list(range(len(blobs), len(blobs) + len(images)))
                blobs.extend(images)
        files: dict[str, int] = {}
        for name, content in self.request.files.items():
            files[name] = len(blobs)
            blobs.append(content)
        header = {
            "id": self.request.request_id,
            "deadline": self.request.deadline,
            "sent": time.monotonic(),
            "images": numbers,
            "endpoint": self.request.endpoint,
            "files": files,
            "strict": self.request.strict,
            "alone": self.number > 1,
            "announce": self.number > 1 or not self._is_idempotent,
        }
        return wire.Frame(wire.CALL, header, blobs)

    def reply(self, frame: wire.Frame) -> ModuleReply:
        """What a runner's frame says; raises the RequestError that it reports."""
        if frame.kind == wire.OK:
            fields = {
                key: frame.header[key] for key in ModuleReply.__dataclass_fields__ if key in frame.header
            }
            return ModuleReply(bytes(frame.blobs[0]), attempts=self.number, **fields)
        error: type[errors.RequestError] = getattr(errors, wire.ERROR_KINDS[frame.kind])
        raise error(str(frame.header.get("message", "")))

    def runner_died(self, quarantine: Quarantine) -> None:
        """Count a death under it; returns when it is to be sent again.

        A request that was running, and running alone, when its runner died is blamed for that.

        Raises:
            PoisonError: it killed its runners.  RunnerLostError: it may not be sent again.  DeadlineError.
        """
        if self.has_started and self.number > 1:
            self._strikes += 1
        if self._strikes >= POISON_STRIKES:
            raise quarantine.add(self.module, self.request)
        name = self.module.name
        if self.has_started and not self._is_idempotent:
            raise errors.RunnerLostError(
                f"the runner died while {name} was handling this request; it may have taken effect, "
                "and the module forbids sending it twice"
            )
        if self.number >= MAX_ATTEMPTS:
            raise errors.RunnerLostError(f"{name}'s runners died under this request {self.number} times")
        self.check_deadline(0.0)
        self.number += 1

    def check_deadline(self, ahead: float) -> None:
        """Raises DeadlineError unless there are more than ``ahead`` seconds left."""
        if self.remaining <= ahead:
            raise self.too_late()

    def pause(self, seconds: float) -> None:
        """Wait before it knocks again; raises DeadlineError where the deadline comes first."""
        self.check_deadline(seconds)
        time.sleep(seconds)

    def queue_full(self) -> errors.QueueFullError:
        limit = self.module.limits["max_queue_size"]
        return errors.QueueFullError(
            f"{self.module.name} has {limit} requests waiting, its max_queue_size", retry_after=1
        )

    def too_late(self) -> errors.DeadlineError:
        return errors.DeadlineError(f"{self.module.name} did not answer within the request's time")
