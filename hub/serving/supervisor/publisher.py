"""state.json as the supervisor writes it, and who answers at which endpoint, as its log tells it."""

from __future__ import annotations

import logging
from pathlib import Path

from hub.serving.messages import state
from hub.serving.messages.state import ServerState

log = logging.getLogger("hub.supervisor")


class Publisher:
    """Writes the state when something changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._published: ServerState | None = None
        self._told: set[tuple[str, str, str]] = set()

    @property
    def has_published(self) -> bool:
        return self._published is not None

    def publish(self, current: ServerState) -> None:
        """Write the state unless it is there already; raises OSError where it cannot be written."""
        if current != self._published or not self._path.exists():
            state.write(self._path, current)
            self._published = current
            self._tell_who_answers(current)

    def _tell_who_answers(self, current: ServerState) -> None:
        """Log each endpoint once, and a module that declares one which is another's."""
        for name, module in current.modules.items():
            for endpoint in module.manifest.endpoints:
                owner = current.endpoints[endpoint]
                if (endpoint, name, owner) not in self._told:
                    self._told.add((endpoint, name, owner))
                    if owner == name:
                        log.info("%s answers at POST /%s", name, endpoint)
                    else:
                        log.warning("%s is not asked at POST /%s: %s answers there", name, endpoint, owner)
