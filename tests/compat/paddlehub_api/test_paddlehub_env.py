"""PaddleHub's folders are below the hub's home."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.compat.paddlehub_api import paddlehub_env

pytestmark = pytest.mark.unit


def test_folders_are_below_the_hubs_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HUB_HOME", str(tmp_path))
    assert str(tmp_path / "thirdparty") == paddlehub_env.THIRD_PARTY_HOME
    assert Path(paddlehub_env.CACHE_HOME).is_dir()
    with pytest.raises(AttributeError):
        paddlehub_env.NO_HOME  # noqa: B018
