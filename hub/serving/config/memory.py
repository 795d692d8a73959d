"""The limits of sizes that follow from the memory that a server may use, where no others are given.

On a machine with 16 GB or more they are the usual ones; doc/tuning.md shows how they add up. All sizes in MB.
"""

from __future__ import annotations

import contextlib
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


def defaults(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the limits for the settings that are ``given``, not yet validated; those are not among them."""
    try:
        limit_mb = float(given.get("memory_limit_mb") or 0) or _container_mb()
        max_body_mb = float(given.get("max_body_mb", MAX_BODY_MB))
        max_pixels = int(given.get("max_pixels", 0))
    except (TypeError, ValueError):  # what is wrong with it is told when it is validated
        return {}
    whole_mb = limit_mb or _machine_mb()
    total_pixels = int(min(2 * settings.DEFAULT_MAX_PIXELS, whole_mb * 1e6 / 4 / _BYTES_PER_PIXEL))
    derived: dict[str, Any] = {
        "max_inflight_mb": max(min(MAX_INFLIGHT_MB, whole_mb / 8), max_body_mb),
        "max_json_values": int(min(MAX_JSON_VALUES, whole_mb * 1e6 / 16 / _BYTES_PER_VALUE)),
        "pdf_memory_mb": int(min(PDF_MEMORY_MB, whole_mb / 16)),
    }
    if max_pixels:
        total_pixels = max(max_pixels, min(2 * max_pixels, total_pixels))
    else:
        derived["max_pixels"] = min(settings.DEFAULT_MAX_PIXELS, total_pixels)
    derived["max_total_pixels"] = total_pixels
    if limit_mb:  # else the machine may have swap, and the runners are not alone on it
        effective = {**derived, **given}
        with contextlib.suppress(TypeError, ValueError):
            derived["runner_memory_limit_mb"] = _runners_mb(limit_mb, effective)
    return {key: value for key, value in derived.items() if key not in given}


def _runners_mb(limit_mb: float, effective: Mapping[str, Any]) -> int:
    """Return what is left for runners.

    Bodies are in the gateway twice, as they came and taken apart. A runner renders two PDFs at once.
    """
    bodies_mb = 2 * float(effective["max_inflight_mb"])
    json_mb = int(effective["max_json_values"]) * _BYTES_PER_VALUE / 1e6
    pdf_mb = 2 * int(effective["pdf_memory_mb"])
    return int(max(limit_mb / 2, limit_mb - bodies_mb - json_mb - pdf_mb - _OTHERS_MB))


def _container_mb() -> float:
    return (container.memory_limit() or 0) / 1e6


def _machine_mb() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e6
