"""The limits of sizes that follow from the memory that a server may use, where no others are given.

On a machine with 16 GB or more they are the usual ones; doc/tuning.md shows how they add up. All sizes in MB.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any, Final

from hub import container, settings

#: The usual limits.
MAX_INFLIGHT_MB: Final = 512.0
MAX_BODY_MB: Final = 64.0
MAX_JSON_VALUES: Final = 2_000_000
PDF_MEMORY_MB: Final = settings.DEFAULT_PDF_MEMORY_MB
#: Memory of a value of JSON at most, and of a pixel.
_BYTES_PER_VALUE: Final = 200
_BYTES_PER_PIXEL: Final = 3
#: All processes but the runners, without requests.
_OTHERS_MB: Final = 250.0
#: A runner's share of a container.
_OF_CONTAINER: Final = 0.75


def defaults(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the limits for the settings that are ``given``, not yet validated; those are not among them."""
    try:
        derived = _derived(given)
    except (TypeError, ValueError, OverflowError):  # what is wrong with a value is told when it is validated
        return {}
    return {key: value for key, value in derived.items() if key not in given and math.isfinite(value)}


def _derived(given: Mapping[str, Any]) -> dict[str, Any]:
    set_mb = float(given.get("memory_limit_mb") or 0)
    whole = whole_mb(set_mb)
    limits: dict[str, Any] = {
        "max_inflight_mb": max(min(MAX_INFLIGHT_MB, whole / 8), float(given.get("max_body_mb", MAX_BODY_MB))),
        "max_json_values": int(min(MAX_JSON_VALUES, whole * 1e6 / 16 / _BYTES_PER_VALUE)),
        "pdf_memory_mb": int(min(PDF_MEMORY_MB, whole / 16)),
        **_pixels(whole, given.get("max_pixels")),
    }
    if set_mb:
        limits["runner_memory_limit_mb"] = _rest_mb(set_mb, {**limits, **given})
    elif _container_mb():  # nobody asked for a sum: it is enough that the runner goes before the kernel acts
        limits["runner_memory_limit_mb"] = int(whole * _OF_CONTAINER)
    return limits


def _pixels(whole: float, max_pixels: Any) -> dict[str, int]:
    """Return the limits of pixels; ``max_pixels`` is None where it is not set."""
    fit = int(whole * 1e6 / 4 / _BYTES_PER_PIXEL)
    most = min(settings.DEFAULT_MAX_PIXELS, fit) if max_pixels is None else int(max_pixels)
    return {"max_pixels": most, "max_total_pixels": max(most, min(2 * most, fit))}


def _rest_mb(set_mb: float, limits: Mapping[str, Any]) -> int:
    """Return what is left for runners."""
    keys = ("max_inflight_mb", "max_json_values", "pdf_memory_mb")
    return int(max(set_mb / 2, set_mb - beside_runners_mb(*(float(limits[key]) for key in keys))))


def beside_runners_mb(max_inflight_mb: float, max_json_values: float, pdf_memory_mb: float) -> float:
    """Return the most that everything but the runners takes.

    Bodies are in the gateway twice, as they came and taken apart. A runner renders two PDFs at once.
    """
    return 2 * max_inflight_mb + max_json_values * _BYTES_PER_VALUE / 1e6 + 2 * pdf_memory_mb + _OTHERS_MB


def whole_mb(set_mb: float | None) -> float:
    """Return what the whole server may take: ``memory_limit_mb``, else the container's or the machine's."""
    return set_mb or _container_mb() or _machine_mb()


def _container_mb() -> float:
    return (container.memory_limit() or 0) / 1e6


def _machine_mb() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e6
