"""doc/jobs.md: its commands and its Python run as they are, but for the port."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.serving.gateway.protocols.jobs import as_json
from hub.serving.messages.jobs import JobInfo
from tests.docs.blocks import read
from tests.serving.jobs.documents import pdf
from tests.serving.running import MODULES, ROOT, Server, environment

PAGE = ROOT / "doc" / "jobs.md"


def test_its_examples_run(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (tmp_path / "report.pdf").write_bytes(pdf(12))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "hub").symlink_to(Path(sys.executable).with_name("hub"))
    stand_in = {"directory": str(MODULES / "pager"), "journal": str(tmp_path / "journal"), "seconds": 0.0}
    with Server(home, {"ocr_system": {"init_args": stand_in}}) as server:
        said = ""
        for block in read(PAGE):
            text = block.text.replace("http://127.0.0.1:8868", server.url)
            if block.language in ("shell", "python"):
                program = ["bash", "-eo", "pipefail"] if block.language == "shell" else [sys.executable]
                ended = subprocess.run(
                    [*program, "-c", text],
                    env={**environment(home), "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"},
                    cwd=tmp_path,
                    capture_output=True,
                    text=True,
                    timeout=60,
                    check=False,
                )
                assert ended.returncode == 0, (text, ended.stderr)
                said += ended.stdout
    assert '"name":"ocr_system"' in said
    assert "11 [{" in said  # the last page
    assert "12 of 12" in said
    assert "2 jobs removed" in said  # predict removes its own


@pytest.mark.unit
def test_a_job_has_the_fields_that_it_shows() -> None:
    shown = next(json.loads(block.text) for block in read(PAGE) if block.language == "json")
    assert list(shown) == list(as_json(JobInfo("j", "ocr_system", "running", "now")))
