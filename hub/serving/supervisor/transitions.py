"""The consequences of a runner's failing to load, or of its age and memory. Pure: no process, no clock.

    did not load as      it may be tried again   then
    serving              yes                     RETRY after a pause
    serving              no                      FAIL: the module is given up for a while
    incoming             yes                     RETRY after a pause
    incoming             no                      DROP_RELOAD: the old generation stays

A module that has served is never given up: then something beside it has changed, and may change back. A
failure that the module itself calls final (a wrong config) ends the tries of any other at once.
"""

from __future__ import annotations

from enum import Enum


class AfterFailure(Enum):
    """The fleet's next step when a runner did not come up."""

    RETRY = "another is tried after a pause"
    DROP_RELOAD = "the new generation does not come up, the old one stays"
    FAIL = "the module is given up"


def after_failure(*, is_incoming: bool, has_served: bool, gives_up: bool, is_final: bool) -> AfterFailure:
    """Decide what follows when a runner did not load its module.

    Args:
        is_incoming: it belongs to the generation that a reload brings up.
        has_served: the module has had a ready runner before.
        gives_up: too many failed in a row, in each place of the plan.
        is_final: it said that trying again would not help.
    """
    if is_incoming:
        return AfterFailure.DROP_RELOAD if gives_up or is_final else AfterFailure.RETRY
    if not has_served and (gives_up or is_final):
        return AfterFailure.FAIL
    return AfterFailure.RETRY


def is_worn(*, served: int, memory_mb: float, max_requests: int | None, max_memory_mb: int | None) -> bool:
    """Tell whether a runner is to be replaced by a fresh one; a limit of None is none."""
    return bool((max_requests and served >= max_requests) or (max_memory_mb and memory_mb > max_memory_mb))
