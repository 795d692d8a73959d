"""Who can use what a server leaves open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from hub.address import is_loopback
from hub.doctor.finding import Verdict
from hub.serving.config.server_config import ServingConfig


@dataclass(frozen=True)
class Audience:
    """Those who may call a server; printed, in words.

    Attributes:
        place: address and port.
        is_local: only this machine can connect.
        has_keys: callers need a key.
    """

    place: str
    is_local: bool
    has_keys: bool

    @classmethod
    def of(cls, config: ServingConfig) -> Self:
        """Return who may call a server with these settings."""
        return cls(place(config, config.port), is_loopback(config.host), config.api_key_file is not None)

    @property
    def has_strangers(self) -> bool:
        """True where nothing is asked of callers from other machines."""
        return not self.is_local and not self.has_keys

    def verdict(self, *, for_strangers: Verdict = "warning", for_others: Verdict = "note") -> Verdict:
        """Return how bad it is that callers may do something."""
        return for_strangers if self.has_strangers else for_others

    def __str__(self) -> str:
        if self.has_keys:
            return "everybody with a key"
        if self.is_local:
            return "every user and program of this machine"
        return f"everybody who reaches {self.place}"


def place(config: ServingConfig, port: int) -> str:
    """Return a server's address with one of its ports."""
    return f"[{config.host}]:{port}" if ":" in config.host else f"{config.host}:{port}"
