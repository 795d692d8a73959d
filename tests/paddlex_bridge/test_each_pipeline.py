"""Pipelines of the real PaddleX on tiny networks: the same replies as PaddleX's own server gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from hub.paddlex.names import PIPELINES as KNOWN
from hub.paddlex.plan import PipelineOptions, plan
from tests.paddlex_bridge.conftest import INSTALL_SECONDS, MODULE, READY_SECONDS, SECONDS, paddlex_server
from tests.paddlex_bridge.tiny_documents import DOCUMENTS
from tests.paddlex_bridge.tiny_pipelines import PIPELINES
from tests.serving.running import Server

pytestmark = [pytest.mark.slow, pytest.mark.models, pytest.mark.timeout(INSTALL_SECONDS + 300)]


ALL = {**PIPELINES, **DOCUMENTS}


def told(reply: requests.Response) -> Any:
    """Return what must be equal: all but the time, and an id that a server made."""
    body = reply.json()
    if "created" in body:
        body |= {"created": 0, "id": ""}
    if body.get("logId") not in ("a", "mine"):
        body["logId"] = ""
    return reply.status_code, body


@pytest.mark.parametrize("name", ALL)
def test_a_pipeline_answers_as_paddlexs_own_server(
    name: str, python: Path, content: Path, networks: Path, tmp_path: Path
) -> None:
    tiny, (route, *_) = ALL[name], KNOWN[name].routes
    file = tiny.file(name, networks, tmp_path)
    given = {"directory": str(content / MODULE.name), "pipeline": str(file)}
    ours = Server(tmp_path / "home", {name: {"init_args": given}}, wait=False, timeout=SECONDS)
    with ours, paddlex_server(python, file, tmp_path / "theirs.log", is_fixed=tiny.is_fixed) as theirs:
        ours.wait_settled(READY_SECONDS)
        bodies = tiny.bodies()
        wanted = {what: told(theirs.post(route, body)) for what, body in bodies.items()}
        got = {
            what: told(requests.post(f"{ours.url}/{route}", json=body, timeout=SECONDS))
            for what, body in bodies.items()
        }

    differing = {what: (got[what], wanted[what]) for what in bodies if got[what] != wanted[what]}
    assert not differing, json.dumps(differing, ensure_ascii=False)[:2000]
    answered = [what for what, (status, _) in got.items() if status == 200]
    assert len(answered) >= 6, got
    assert len(bodies) - len(answered) >= 6


@pytest.mark.parametrize(
    "name", ["semantic_segmentation", "small_object_detection", "instance_segmentation", "anomaly_detection"]
)
def test_a_file_of_2024_is_built(name: str, networks: Path, building: Any, tmp_path: Path) -> None:
    (entry,) = PIPELINES[name].models.values()
    model = networks / entry["model_name"]
    path = tmp_path / "older.yaml"
    path.write_text(yaml.safe_dump({"Global": {"pipeline_name": name}, "Pipeline": {"model": str(model)}}))

    assert building(**plan(str(path), PipelineOptions()).init_args) == "built"
