"""doc/modules.md: its example is installed and served as printed; every folder of modules/ is complete."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from hub.module.info import read_module_info
from tests.modules_own.conftest import MODULES
from tests.serving.running import ROOT, Server, hub

DOCUMENT = ROOT / "doc" / "modules.md"
FOLDERS = sorted(path.parent for path in MODULES.glob("*/module.py"))


def test_the_documents_examples_are_installed_and_served(tmp_path: Path) -> None:
    sources = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    served = {}
    for name, source in zip(("brightness", "sizes"), sources, strict=True):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").touch()
        (folder / "module.py").write_text(source, encoding="utf-8")
        assert hub("install", str(folder), home=tmp_path / "home").returncode == 0
        served[name] = {"init_args": {"directory": str(folder)}}
    with Server(tmp_path / "home", served) as server:
        page = (ROOT / "doc" / "imgs" / "page.jpg").read_bytes()
        url = f"{server.url}/predict/brightness"
        reply = server.session.post(url, files={"images": page}, timeout=30).json()
        (brightness,) = reply["results"]
        assert 0.5 < brightness <= 1
        assert server.post("brightness", {"images": "x"}).status_code == 400
        reply = server.session.post(f"{server.url}/sizes", json={"file": "AAAA"}, timeout=30).json()
        assert reply["result"] == {"length": 3}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_module_has_all_its_files(folder: Path) -> None:
    info = read_module_info(folder)
    assert info.name == folder.name
    for name in ("__init__.py", "config.json", "README.md", "example_request.json", "example_reply.json"):
        assert (folder / name).is_file(), name
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert config["modules_info"][info.name]["init_args"]["version"] == info.version
    assert f"modules/{info.name}/README.md" in DOCUMENT.read_text("utf-8")
