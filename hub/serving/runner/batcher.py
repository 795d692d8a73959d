"""Which waiting requests run as one call, and how long to wait for more.

Policy only: no sockets, no clock. Requests join when the module named a batch argument (a list of independent
items) and all their other arguments are equal. Sizes count items, not requests: a request that brings several
is never split, and a batch never exceeds ``max_batch_size`` unless one request alone does.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar


@dataclass(frozen=True)
class BatchPolicy:
    """How a module's requests are batched.

    Attributes:
        argument: name of the batch argument; None means requests always run one by one.
        max_batch_size: largest number of items in one call.
        max_queue_delay_ms: longest wait for more items after the first request of a batch.
        preferred_batch_sizes: numbers of items at which that wait ends early.
    """

    argument: str | None = None
    max_batch_size: int = 1
    max_queue_delay_ms: float = 0.0
    preferred_batch_sizes: tuple[int, ...] = ()

    @property
    def batches(self) -> bool:
        return self.argument is not None and self.max_batch_size > 1

    def wait(self, items: int, waited_ms: float, was_idle: bool) -> float:
        """Return the milliseconds to wait for another request; 0.0 means run what is there.

        A runner that was idle when the first request came, with nothing else waiting, runs it at
        once: batching must not slow down light traffic.
        """
        if not self.batches or was_idle or items >= self.max_batch_size:
            return 0.0
        if items in self.preferred_batch_sizes:
            return 0.0
        return max(0.0, self.max_queue_delay_ms - waited_ms)


class Joinable(Protocol):
    """The part of a request that the policy needs: its bound keyword arguments."""

    @property
    def arguments(self) -> dict[str, Any]: ...


R = TypeVar("R", bound=Joinable)


def group(requests: Sequence[R], policy: BatchPolicy) -> list[list[R]]:
    """Split requests into lists that each run as one call, in order of arrival."""
    groups: list[list[R]] = []
    for request in requests:
        for members in groups:
            if _fits(members, request, policy):
                members.append(request)
                break
        else:
            groups.append([request])
    return groups


def join(requests: Sequence[Joinable], argument: str) -> dict[str, Any]:
    """Return the keyword arguments of one call for all: the batch argument concatenated, the rest shared."""
    joined = dict(requests[0].arguments)
    joined[argument] = [item for request in requests for item in request.arguments[argument]]
    return joined


def split(results: Any, requests: Sequence[Joinable], argument: str) -> list[Any]:
    """Share a call's results out again; raises ValueError unless there is one per item."""
    sizes = [len(request.arguments[argument]) for request in requests]
    if not isinstance(results, (list, tuple)) or len(results) != sum(sizes):
        got = len(results) if isinstance(results, (list, tuple)) else type(results).__name__
        raise ValueError(f"a batched module returns one result per item: {sum(sizes)} items gave {got}")
    remaining = iter(results)
    return [list(itertools.islice(remaining, size)) for size in sizes]


def item_count(request: Joinable, argument: str | None) -> int:
    """Count the items that a request brings; 1 where its batch argument is absent or not a list."""
    items = request.arguments.get(argument) if argument else None
    return len(items) if isinstance(items, list) else 1


def _fits(members: Sequence[Joinable], request: Joinable, policy: BatchPolicy) -> bool:
    argument = policy.argument
    if not policy.batches or argument is None:
        return False
    lists = [each.arguments.get(argument) for each in (*members, request)]
    # An empty list is an error in most modules: it must fail alone.
    if not all(isinstance(items, list) and items for items in lists):
        return False
    if sum(item_count(each, argument) for each in (*members, request)) > policy.max_batch_size:
        return False
    try:
        return _others(members[0].arguments, argument) == _others(request.arguments, argument)
    except ValueError:  # arrays do not compare to one truth value: such requests run apart
        return False


def _others(arguments: dict[str, Any], batch_argument: str) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name != batch_argument}
