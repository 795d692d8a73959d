"""Settings that come from the environment."""

from __future__ import annotations

import pytest

from hub.serving.config.server_config import build

pytestmark = pytest.mark.unit


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_CORS_ORIGINS", "https://a.example, https://b.example")
    monkeypatch.setenv("HUB_GPU", "0,2")
    config = build({"modules_info": {"echo": {}}}, source="test")
    assert config.cors_origins == ("https://a.example", "https://b.example")
    assert config.gpu == (0, 2)
