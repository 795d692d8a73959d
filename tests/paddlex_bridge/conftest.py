"""The real PaddleX: its environment, tiny models for it, its own server, and ours around it.

The environment is made by the documented command, ``hub install --isolated``, once per state of the module's
requirements; it lies in pytest's cache (2 GB).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from filelock import FileLock

from hub.registry.store.layout import RECORD, VENV
from hub.registry.weights import fetch
from tests.serving.running import ROOT, Server, free_port, hub

MODULE = ROOT / "modules" / "paddlex_pipeline"
INSTALL_SECONDS = 1500
READY_SECONDS = 120
#: For one request: a busy machine must not fail a test.
SECONDS = 180
FONT = "NotoSansCJKsc"


@pytest.fixture(scope="session")
def content(
    surroundings: None, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A content folder as the registry has it: today's module, beside an environment with PaddleX."""
    requirements = (MODULE / "requirements.txt").read_bytes()
    state = hashlib.sha256(requirements + sys.version.encode()).hexdigest()[:12]
    home = Path(request.config.cache.mkdir("paddlex")) / state
    home.mkdir(exist_ok=True)
    with FileLock(home / "being-made.lock"):
        if not list(home.glob("modules/paddlex_pipeline/*")):
            hub("install", "--isolated", "paddlex_pipeline", home=home, timeout=INSTALL_SECONDS)
    (installed,) = home.glob("modules/paddlex_pipeline/*")
    folder: Path = tmp_path_factory.mktemp("content")
    shutil.copytree(MODULE, folder / MODULE.name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / VENV).symlink_to(installed.resolve() / VENV)
    shutil.copy(installed / RECORD, folder)
    return folder


@pytest.fixture(scope="session")
def python(content: Path) -> Path:
    """The interpreter that has PaddleX."""
    return content / VENV / "bin" / "python"


@pytest.fixture(scope="session")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What PaddleX's server and ours both find: a font, an empty cache, and one thread.

    With another number of threads the last bit of a score may differ.
    """
    with pytest.MonkeyPatch.context() as patch:
        font = fetch([FONT])[FONT] / "font.otf"
        patch.setenv("PADDLE_PDX_LOCAL_FONT_FILE_PATH", str(font))
        patch.setenv("PADDLE_PDX_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("PADDLE_PDX_CPU_NUM_THREADS", "1")
        patch.setenv("OMP_NUM_THREADS", "1")
        yield


@pytest.fixture(scope="session")
def models(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of models: those of export_models.py, and PP-OCRv4 mobile, with an ocr.yaml that names them."""
    folder: Path = tmp_path_factory.mktemp("models")
    script = Path(__file__).with_name("export_models.py")
    subprocess.run([python, script, folder], check=True, capture_output=True, timeout=100)
    tool = ROOT / "tools" / "paddlex_models.py"
    subprocess.run([sys.executable, tool, folder], check=True, capture_output=True, timeout=600)
    return folder


@pytest.fixture(scope="session")
def networks(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny network for each model of the pipelines that are compared with PaddleX."""
    folder: Path = tmp_path_factory.mktemp("networks")
    script = Path(__file__).with_name("export_networks.py")
    subprocess.run([python, script, folder], check=True, capture_output=True, timeout=300)
    return folder


@pytest.fixture(scope="session")
def pipelines(models: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pipeline files by a short name."""
    folder: Path = tmp_path_factory.mktemp("pipelines")
    indexes = {"type": "file_system", "directory": str(folder / "indexes")}

    def part(name: str, where: str, **more: Any) -> dict[str, Any]:
        return {"module_name": "any", "model_name": name, "model_dir": str(models / where), **more}

    written = {
        "classifier": {
            "pipeline_name": "image_classification",
            "SubModules": {"ImageClassification": part("PP-LCNet_x0_5", "classifier", batch_size=4, topk=2)},
        },
        "tagger": {
            "pipeline_name": "image_multilabel_classification",
            "SubModules": {"ImageMultiLabelClassification": part("PP-LCNet_x1_0_ML", "tagger", batch_size=4)},
        },
        "shitu": {
            "pipeline_name": "PP-ShiTuV2",
            "index": None,
            "det_threshold": 0.5,
            "rec_threshold": 0.5,
            "rec_topk": 5,
            "SubModules": {
                "Detection": part("PP-ShiTuV2_det", "detector", batch_size=1),
                "Recognition": part("PP-ShiTuV2_rec", "features", batch_size=1),
            },
            "Serving": {"extra": {"index_storage": indexes}},
        },
    }
    for name, config in written.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    return {"ocr": models / "ocr.yaml", **{name: folder / f"{name}.yaml" for name in written}}


@pytest.fixture(scope="session")
def served(
    content: Path, pipelines: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Ours: two runners of ocr and of shitu, one of the others. ``bare`` is the classifier, not mended."""
    modules: dict[str, dict[str, Any]] = {}
    for name, path in {**pipelines, "bare": pipelines["classifier"]}.items():
        count = 2 if name in ("ocr", "shitu") else 1
        given = {"directory": str(content / MODULE.name), "pipeline": str(path), "mend": name != "bare"}
        modules[name] = {"init_args": given, "instances": [{"count": count, "kind": "cpu"}]}
    modules["ocr"]["max_queue_size"] = 4
    with Server(
        tmp_path_factory.mktemp("home"), modules, wait=False, max_body_mb=8, timeout=SECONDS
    ) as running:
        running.wait_settled(READY_SECONDS)
        yield running


@dataclass(frozen=True)
class Theirs:
    """PaddleX's own server of one pipeline."""

    url: str

    def post(self, route: str, body: Any) -> requests.Response:
        return requests.post(f"{self.url}/{route}", json=body, timeout=SECONDS)


@pytest.fixture(scope="session")
def theirs(python: Path, pipelines: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """``theirs(name)``: PaddleX's own server, started when it is first asked for."""
    running: dict[str, Theirs] = {}
    with ExitStack() as stack:

        def start(name: str) -> Theirs:
            if name not in running:
                log = tmp_path_factory.mktemp("theirs") / f"{name}.log"
                running[name] = stack.enter_context(paddlex_server(python, pipelines[name], log))
            return running[name]

        yield start


#: The command ``paddlex``, with the module's fix of a fault in it.
_FIXED = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from paddlex.__main__ import console_entry
from paddlex.inference.models.predictors.base_predictor import BasePredictor
from upstream_fix import fix
fix(BasePredictor)
sys.exit(console_entry())
"""


@contextmanager
def paddlex_server(python: Path, pipeline: Path, log: Path, *, is_fixed: bool = False) -> Iterator[Theirs]:
    """``paddlex --serve`` on 127.0.0.1; ``is_fixed``: with the module's fix of PaddleX."""
    port = free_port()
    command = [python, "-c", _FIXED, MODULE] if is_fixed else [python.parent / "paddlex"]
    words = [*command, "--serve", "--pipeline", pipeline, "--host", "127.0.0.1"]
    with log.open("w") as output:
        process = subprocess.Popen([*words, "--port", str(port)], stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not _is_healthy(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield Theirs(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(20)


def _is_healthy(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/health", timeout=5).ok
    except requests.RequestException:
        return False


@pytest.fixture
def building(python: Path, tmp_path: Path) -> Any:
    """``building(**init_args)``: what building the module says, in a process with PaddleX and no network."""
    script = """
import json, sys
sys.path.insert(0, sys.argv[1])
from hub.module.loader import create
try:
    create(sys.argv[2], json.loads(sys.argv[3]))
    print("built")
except Exception as error:
    print(type(error).__name__, error)
"""

    def build(**init_args: Any) -> str:
        nowhere = dict.fromkeys(
            ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9"
        )
        words = [python, "-c", script, ROOT, MODULE, json.dumps(init_args)]
        done = subprocess.run(
            words, env={**os.environ, **nowhere}, cwd=tmp_path, capture_output=True, text=True, timeout=100
        )
        return done.stdout.strip().splitlines()[-1]

    return build
