"""doc/modules.md: its example is installed and served as printed; every folder of modules/ is complete."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hub.module.info import read_module_info
from tests.modules_own.conftest import MODULES
from tests.serving.running import ROOT, Server, hub
from tests.serving.running import environment as environment_of

DOCUMENT = ROOT / "doc" / "modules.md"
SOURCES = [
    source
    for source in re.findall(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    if "import" in source  # not a part of a file
]
FOLDERS = sorted(path.parent for path in MODULES.glob("*/module.py"))


def test_the_documents_examples_are_installed_and_served(tmp_path: Path) -> None:
    served = {}
    for source in SOURCES:
        found = re.search(r'@moduleinfo\(name="(\w+)"', source)
        if found is None:  # another program than a module
            continue
        name = found[1]
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
        assert server.post("words", {"texts": ["a b"]}).json()["results"] == [2]
        assert server.post("words/repeat", {"text": "a"}).json()["results"] == "a a"
        assert server.post("mean", {"numbers": [1, 2, 2], "digits": 1}).json()["results"] == 1.7
        reply = server.session.post(f"{server.url}/sizes", json={"file": "AAAA"}, timeout=30).json()
        assert reply["result"] == {"length": 3}


@pytest.mark.slow
def test_the_documents_test_of_a_module_passes_and_can_fail(tmp_path: Path) -> None:
    module, *_, test, test_as_served = SOURCES
    folder = tmp_path / "brightness"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "test_brightness.py").write_text("\n".join((test, test_as_served)), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", str(folder)]
    for source, code in ((module, 0), (module.replace("/ 255", "/ 200"), 1)):
        (folder / "module.py").write_text(source, encoding="utf-8")
        environment = {**environment_of(tmp_path / "home"), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_module_has_all_its_files(folder: Path) -> None:
    info = read_module_info(folder)
    assert info.name == folder.name
    for name in ("__init__.py", "config.json", "README.md", "example_request.json", "example_reply.json"):
        assert (folder / name).is_file(), name
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert config["modules_info"][info.name]["init_args"]["version"] == info.version
    assert f"modules/{info.name}/README.md" in DOCUMENT.read_text("utf-8")
