"""The consequences of a runner's death, age or memory. Pure: no process, no clock.

    runner died while    its generation   it may be tried again   then
    ready                any              any                     RESTART at once
    loading              any              yes                     RETRY after a pause
    loading              incoming         no                      DROP_RELOAD: the old generation stays
    loading              serving          no                      FAIL: the module is given up
    loading as a spare   serving          any                     RETRY: the worn runner goes on meanwhile

A failure that the module itself calls final (a wrong config) ends the tries at once, but not those of a
module that has served: then something beside its configuration has changed.
"""

from __future__ import annotations

from enum import Enum


class AfterDeath(Enum):
    """The fleet's next step when a runner has died."""

    RESTART = "another takes over at once"
    RETRY = "another is tried after a pause"
    DROP_RELOAD = "the new generation does not come up, the old one stays"
    FAIL = "the module is given up"


def after_death(
    *,
    was_ready: bool,
    is_incoming: bool,
    has_served: bool,
    gives_up: bool,
    is_final: bool,
    was_spare: bool = False,
) -> AfterDeath:
    """Decide what follows from the death of a runner.

    Args:
        was_ready: it had loaded its module.
        is_incoming: it belongs to the generation that a reload brings up.
        has_served: the module has had a ready runner before.
        gives_up: too many died in a row while they loaded.
        is_final: it said that trying again would not help.
        was_spare: the runner that it was to take over from still works.
    """
    if was_ready:
        return AfterDeath.RESTART
    if was_spare:
        return AfterDeath.RETRY
    if is_incoming:
        return AfterDeath.DROP_RELOAD if gives_up or is_final else AfterDeath.RETRY
    if gives_up or (is_final and not has_served):
        return AfterDeath.FAIL
    return AfterDeath.RETRY


def is_worn(*, served: int, memory_mb: float, max_requests: int | None, max_memory_mb: int | None) -> bool:
    """Tell whether a runner is to be replaced by a fresh one; a limit of None is none."""
    return bool((max_requests and served >= max_requests) or (max_memory_mb and memory_mb > max_memory_mb))
