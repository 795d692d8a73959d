"""Folders as PaddleHub's public modules are written end in a served module or in one clear message."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from hub.registry.weights import fetch
from tests.compat import corpus
from tests.compat.conftest import base64_of, plain
from tests.serving.running import ROOT, Server, hub

pytestmark = pytest.mark.models

_EXPORT = """
import sys
import numpy as np
import paddle
from paddle.nn.initializer import Assign

folder = sys.argv[1]
paddle.save({"conv.weight": paddle.to_tensor(np.eye(3, dtype="float32").reshape(3, 3, 1, 1) * 4)},
            folder + "/beta_classifier.pdparams")
paddle.enable_static()
words = paddle.static.data("words", [-1, 1], "int64", lod_level=1)
values = np.array([[0], [2], [-2]], "float32")
table = paddle.static.nn.embedding(words, [3, 1], param_attr=paddle.ParamAttr(initializer=Assign(values)))
bag = paddle.static.nn.sequence_lod.sequence_pool(table, "sum")
weights = paddle.ParamAttr(initializer=Assign(np.array([[-1, 1]], "float32")))
label = paddle.static.nn.fc(bag, 2, activation="softmax", weight_attr=weights)
exe = paddle.static.Executor(paddle.CPUPlace())
exe.run(paddle.static.default_startup_program())
paddle.static.save_inference_model(folder + "/infer_model/model", [words], [label], exe)
"""


def export(folder: Path) -> None:
    """Write ``beta_classifier.pdparams`` and ``infer_model/``, a sum of words with LoD, into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "FLAGS_enable_pir_api": "0"}  # LoD is in Paddle's older programs only
    command = [sys.executable, "-W", "ignore", "-c", _EXPORT, str(folder)]
    subprocess.run(command, env=environment, capture_output=True, check=True, timeout=100)


#: All that can be installed, but for ``helps_others``, which must be there before.
TAKEN = [name for name in (*corpus.SERVED, *corpus.NOT_LOADED) if name != "helps_others"]
Installed = dict[str, subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of them, each in a folder of its name, with the networks that releases bring."""
    top: Path = tmp_path_factory.mktemp("corpus")
    for name, files in corpus.SERVED.items():
        corpus.write(top / name, files)
    for name in corpus.NOT_LOADED:
        corpus.write_not_loaded(top / name, name)
    for name, (files, _) in corpus.REFUSED.items():
        corpus.write(top / name, files)
    made = tmp_path_factory.mktemp("made")
    export(made)
    shutil.copy(made / "beta_classifier.pdparams", top / "beta_classifier")
    for name in ("fluid_predictor", "words_by_lac"):
        shutil.copytree(made / "infer_model", top / name / "infer_model")
    return top


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with nothing but the module lac and its weights."""
    made: Path = tmp_path_factory.mktemp("hub") / "home"
    made.mkdir()
    (made / "weights").symlink_to(fetch(["LAC"])["LAC"].parent)
    hub("install", str(ROOT / "modules" / "lac"), home=made, timeout=120)
    return made


@pytest.fixture(scope="module")
def installed(folders: Path, home: Path) -> Installed:
    """What ``hub install`` said: to all that it takes at once, and to each that it refuses."""

    def install(*names: str) -> subprocess.CompletedProcess[str]:
        words = [str(folders / name) for name in names]
        return hub("install", *words, home=home, check=False, cwd=folders.parent, timeout=120)

    with ThreadPoolExecutor(max_workers=2) as pool:
        taken = pool.submit(install, "helps_others", *TAKEN)
        refused = dict(zip(corpus.REFUSED, pool.map(install, corpus.REFUSED), strict=True))
        return {"taken": taken.result(), **refused}


@pytest.fixture(scope="module")
def server(installed: Installed, home: Path) -> Iterator[Server]:
    """One server of all that could be installed."""
    modules = {name: {"init_args": {"directory": None}} for name in ("helps_others", *TAKEN)}
    with Server(home, modules, wait=False) as running:
        running.wait_settled(90)
        yield running


def test_twenty_folders_are_installed_or_refused(installed: Installed) -> None:
    assert len(TAKEN) + len(corpus.REFUSED) >= 20
    assert installed["taken"].returncode == 0, installed["taken"].stderr
    for name in TAKEN:
        assert f"Successfully installed {name}-1.0.0" in installed["taken"].stdout


@pytest.mark.parametrize("name", corpus.REFUSED)
def test_a_refusal_is_one_message_with_the_way_out(installed: Installed, name: str) -> None:
    done = installed[name]
    assert done.returncode == 1
    assert corpus.REFUSED[name][1] in done.stderr
    assert "Traceback" not in done.stderr and done.stderr.count("ERROR") <= 1


@pytest.mark.parametrize("name", corpus.NOT_LOADED)
def test_a_module_that_does_not_load_says_why_in_its_replies(server: Server, name: str) -> None:
    answer = server.post(name, {})
    assert answer.status_code == 503
    assert corpus.NOT_LOADED[name][1] in answer.json()["msg"]


def results(server: Server, module: str, **arguments: Any) -> Any:
    answer = server.post(module, arguments)
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


def refusal(server: Server, module: str, **arguments: Any) -> str:
    answer = server.post(module, arguments)
    assert answer.status_code == 500, answer.text
    return str(answer.json()["msg"])


def test_a_module_may_have_its_words_from_lac(server: Server) -> None:
    good = {"words": ["这家", "餐厅", "很好吃"], "label": 1}
    bad = {"words": ["这部", "电影", "差"], "label": 0}
    assert results(server, "words_by_lac", texts=["这家餐厅很好吃"]) == [good]
    assert results(server, "words_by_lac", data={"text": ["这部电影差", "这家餐厅很好吃"]}, batch_size=2) == [
        bad,
        good,
    ]


def test_a_module_of_paddles_betas_without_transforms_sees_images_as_imagenets(server: Server) -> None:
    for _ in range(2):
        found = results(server, "beta_classifier", images=[base64_of(plain((0, 0, 255), 300, 400))], top_k=2)
    (first,) = found["data"]
    assert next(iter(first)) == "0" and first["0"] > 0.99
    lines = [line for line in server.log().splitlines() if "beta_classifier has no transforms" in line]
    assert len(lines) == 1 and "replies name classes by number" in lines[0]


def test_predictors_of_paddle_fluid_run_and_its_layers_are_named_when_they_should(server: Server) -> None:
    assert results(server, "fluid_predictor", numbers=[1, 1, 2]) == 1
    assert results(server, "fluid_predictor", numbers=[2]) == 0
    said = refusal(server, "fluid_predictor", numbers=[], train=True)
    assert "paddle.fluid.layers.data is not in the installed Paddle" in said


def test_a_transformer_of_paddlehub_1_serves_and_says_that_it_does_not_train(server: Server) -> None:
    assert results(server, "old_transformer", texts=["ab"]) == [2]
    assert "context() of module old_transformer would build" in refusal(
        server, "old_transformer", texts=["ab"], train=True
    )


def test_a_module_imports_from_an_installed_one(server: Server) -> None:
    assert results(server, "imports_a_neighbour", text="ab") == "AB"


def test_a_file_that_a_call_needs_is_named_with_its_address(server: Server) -> None:
    assert (
        "late.bin is not there, its download failed; fetch https://example.invalid/late.bin and put it where "
        "the error says"
    ) in refusal(server, "reads_when_called", text="/nowhere")


@pytest.mark.parametrize(
    ("text", "said"),
    [("money", "SystemExit: no money"), ("bare", "SystemExit: without a reason; if the module printed one")],
)
def test_an_exit_in_a_call_is_in_the_reply_and_ends_nothing(server: Server, text: str, said: str) -> None:
    pids = server.runner_pids("exits_when_called")
    assert said in refusal(server, "exits_when_called", text=text)
    assert results(server, "exits_when_called", text="x") == "x"
    assert server.runner_pids("exits_when_called") == pids
