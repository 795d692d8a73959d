"""What hub doctor --security says of settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hub.doctor import Finding, security
from hub.serving.config import server_config

NETWORK = {"host": "0.0.0.0"}


def found(folder: Path = Path(), **settings: Any) -> dict[str, Finding]:
    """The findings for these settings, by name; of several with one name the last."""
    values = {"modules_info": {"echo": {}}, "memory_limit_mb": 8000, **settings}
    config = server_config.build(values, "test")
    return {finding.name: finding for finding in security.of_config(config, "here", folder)}


def write_keys(folder: Path, mode: int = 0o600, text: str = "alice:0123456789abcdef\n") -> str:
    """Write a file of keys; its name."""
    path = folder / "keys"
    path.write_text(text)
    path.chmod(mode)
    return path.name
