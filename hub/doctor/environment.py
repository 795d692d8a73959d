"""``HUB_…`` variables that nothing reads, most likely because of a slip."""

from __future__ import annotations

from collections.abc import Iterator

from hub import settings
from hub.doctor.finding import Finding
from hub.registry.configuration import KEYS
from hub.serving.config.server_config import ServingConfig
from hub.suggestion import closest


def look() -> Iterator[Finding]:
    known = [*ServingConfig.model_fields, *KEYS, *settings.OTHER_KEYS]
    given = settings.given()
    for key in given:
        if key not in known:
            meant = closest(key, known)
            advice = f"did you mean HUB_{meant.upper()}?" if meant else "nothing reads it; unset it"
            yield Finding(f"HUB_{key.upper()}", "is set, and unknown", "warning", advice)
    read = [f"HUB_{key.upper()}" for key in given if key in known]
    if read:
        yield Finding("set", ", ".join(read))
