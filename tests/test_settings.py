"""Settings that come from the environment."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from hub import settings
from hub.serving.config.server_config import build

pytestmark = pytest.mark.unit


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_CORS_ORIGINS", "https://a.example, https://b.example")
    monkeypatch.setenv("HUB_GPU", "0,2")
    config = build({"modules_info": {"echo": {}}}, source="test")
    assert config.cors_origins == ("https://a.example", "https://b.example")
    assert config.gpu == (0, 2)


@pytest.mark.parametrize(("home", "known"), [(None, False), (None, True), ("/srv/me", False)])
def test_only_a_user_without_a_home_gets_hub_home(
    monkeypatch: pytest.MonkeyPatch, home: str | None, known: bool
) -> None:
    def of_passwd(uid: int) -> SimpleNamespace:
        if not known:
            raise KeyError(uid)
        return SimpleNamespace(pw_dir="/home/known")

    monkeypatch.setattr("pwd.getpwuid", of_passwd)
    monkeypatch.setenv("HUB_HOME", "/srv/hub")
    monkeypatch.setenv("HOME", home or "")  # put back at the end, whatever becomes of it
    if not home:
        del os.environ["HOME"]
    settings.provide_home()

    assert os.environ.get("HOME") == (home or (None if known else "/srv/hub"))
