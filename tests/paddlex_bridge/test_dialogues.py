"""Pipelines of the real PaddleX whose requests build on earlier replies: as PaddleX's own server answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.paddlex_bridge.conftest import INSTALL_SECONDS, MODULE, READY_SECONDS, SECONDS, paddlex_server
from tests.paddlex_bridge.language_model import language_model
from tests.paddlex_bridge.test_each_pipeline import told
from tests.paddlex_bridge.tiny_dialogues import DIALOGUES
from tests.serving.running import Server

pytestmark = [pytest.mark.slow, pytest.mark.models, pytest.mark.timeout(INSTALL_SECONDS + 300)]


def record(talk: Callable[[Any], None], url: str) -> dict[str, Any]:
    """Return what a server told in a dialogue, without what it makes up."""
    replies: dict[str, Any] = {}

    def ask(what: str, route: str, body: Any) -> Any:
        reply = requests.post(f"{url}/{route}", json=body, timeout=SECONDS)
        replies[what] = told(reply)
        result = reply.json().get("result", {})
        _hide(replies[what][1].get("result", {}))
        return result

    talk(ask)
    return replies


def _hide(result: dict[str, Any]) -> None:
    """Take out the key of an index, an index's bytes, and the signature that ours has more."""
    if "indexKey" in result:
        result["indexKey"] = ""
    if "vectorInfo" in result:
        result["vectorInfo"].pop("signature", None)
        if result["vectorInfo"]["flag_save_bytes_vector"]:
            result["vectorInfo"]["vector"] = ""


@pytest.mark.parametrize("name", DIALOGUES)
def test_a_dialogue_is_as_with_paddlexs_own_server(
    name: str, python: Path, content: Path, networks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where both keep their indexes
    dialogue = DIALOGUES[name]
    with language_model() as url:
        file = dialogue.pipeline(url).file(name, networks, tmp_path)
        given = {"directory": str(content / MODULE.name), "pipeline": str(file)}
        modules = {name: {"init_args": given}}
        ours = Server(tmp_path / "home", modules, wait=False, cwd=tmp_path, timeout=SECONDS)
        log = tmp_path / "theirs.log"
        with ours, paddlex_server(python, file, log, is_fixed=dialogue.is_fixed) as theirs:
            ours.wait_settled(READY_SECONDS)
            wanted, got = record(dialogue.talk, theirs.url), record(dialogue.talk, ours.url)

    differing = {what: (got[what], wanted[what]) for what in wanted if got[what] != wanted[what]}
    assert not differing, json.dumps(differing, ensure_ascii=False)[:2000]
    answered = [what for what, (status, _) in got.items() if status == 200]
    assert len(answered) >= 6, got
    assert len(got) - len(answered) >= 6
