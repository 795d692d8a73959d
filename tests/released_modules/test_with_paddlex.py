"""The released paddlex_pipeline with the real PaddleX."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hub.registry.store.layout import RECORD, VENV
from tests.modules_own.conftest import encoded
from tests.modules_own.test_image_classifier import plain
from tests.paddlex_bridge.conftest import (  # noqa: F401 - fixtures
    INSTALL_SECONDS,
    READY_SECONDS,
    SECONDS,
    content,
    models,
    pipelines,
    python,
    surroundings,
)
from tests.released_modules import keep
from tests.serving.running import Server

pytestmark = [pytest.mark.slow, pytest.mark.models, pytest.mark.timeout(INSTALL_SECONDS + 300)]


@pytest.mark.parametrize("release", keep.releases(), ids=lambda path: path.name)
def test_it_classifies_an_image(
    release: Path,
    content: Path,  # noqa: F811
    pipelines: dict[str, Path],  # noqa: F811
    tmp_path: Path,
) -> None:
    folder = tmp_path / "content" / "paddlex_pipeline"
    shutil.copytree(release / folder.name, folder)
    (folder.parent / VENV).symlink_to((content / VENV).resolve())
    shutil.copy(content / RECORD, folder.parent)
    init_args = {"directory": str(folder), "pipeline": str(pipelines["classifier"])}

    with Server(
        tmp_path / "home", {"paddlex_pipeline": {"init_args": init_args}}, wait=False, timeout=SECONDS
    ) as running:
        running.wait_settled(READY_SECONDS)
        body = {"image": encoded(plain(255, 0, 0))}
        reply = running.session.post(f"{running.url}/image-classification", json=body, timeout=SECONDS).json()

    assert reply["errorCode"] == 0, reply
    assert len(reply["result"]["categories"]) == 2
