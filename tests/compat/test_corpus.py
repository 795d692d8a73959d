"""Folders as PaddleHub's public modules are written end in a served module or in one clear message."""

from __future__ import annotations

import shutil
import subprocess
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
    corpus.export(made)
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
    """What ``hub install`` said to each folder."""

    def install(name: str) -> subprocess.CompletedProcess[str]:
        return hub("install", str(folders / name), home=home, check=False, cwd=folders.parent, timeout=120)

    done = {"helps_others": install("helps_others")}
    others = [folder.name for folder in folders.iterdir() if folder.name not in done]
    with ThreadPoolExecutor(max_workers=3) as pool:
        return done | dict(zip(others, pool.map(install, others), strict=True))


@pytest.fixture(scope="module")
def server(installed: Installed, home: Path) -> Iterator[Server]:
    """One server of all that could be installed."""
    names = [name for name, done in installed.items() if not done.returncode]
    with Server(home, {name: {"init_args": {"directory": None}} for name in names}, wait=False) as running:
        running.wait_settled(90)
        yield running


def test_there_are_twenty_folders_and_each_is_installed_or_refused(installed: Installed) -> None:
    assert len(installed) >= 20
    refused = {name for name, done in installed.items() if done.returncode}
    assert refused == set(corpus.REFUSED), {name: installed[name].stderr for name in refused}


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


@pytest.mark.parametrize(
    ("text", "said"),
    [("money", "SystemExit: no money"), ("bare", "SystemExit, without a reason; if the module printed one")],
)
def test_an_exit_in_a_call_is_in_the_reply_and_ends_nothing(server: Server, text: str, said: str) -> None:
    pids = server.runner_pids("exits_when_called")
    assert said in refusal(server, "exits_when_called", text=text)
    assert results(server, "exits_when_called", text="x") == "x"
    assert server.runner_pids("exits_when_called") == pids
