"""Where runners go: how many, on which card, with how many threads; read from each runner's environment."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.engines import available
from tests.serving.running import MODULES, Server, free_port, hub, pretended_card, wait_until

pytestmark = pytest.mark.slow

CORES = len(os.sched_getaffinity(0))
THREADS = ("HUB_ENGINE_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@pytest.fixture(scope="module", autouse=True)
def card(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pretended_card(tmp_path_factory.mktemp("driver")):
        yield


@contextmanager
def placed(
    home: Path, entry: dict[str, Any] | None = None, **settings: Any
) -> Iterator[list[dict[str, str]]]:
    """The environments of the runners of one module that is served with these settings."""
    with Server(home, {"probe": entry or {}}, **settings) as server:
        pids = [runner.pid for runner in server.module("probe").runners]
        yield [environment_of(pid) for pid in pids]


def environment_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(line.split("=", 1) for line in lines if "=" in line)


def cards(runners: list[dict[str, str]]) -> Counter[str | None]:
    return Counter(runner.get("CUDA_VISIBLE_DEVICES") for runner in runners)


@pytest.mark.parametrize(
    ("settings", "count"),
    [
        pytest.param({}, 1, id="default"),
        pytest.param({"workers": 3}, 1, id="workers alone"),
        pytest.param({"use_multiprocess": True, "workers": 3}, 3, id="use_multiprocess"),
        pytest.param({"use_multiprocess": True}, 2 * CORES - 1, id="use_multiprocess, default workers"),
        pytest.param({"gpu": "0,1"}, 1, id="gpu without use_gpu"),
    ],
)
def test_runners_on_the_cpu_share_the_cores(home: Path, settings: dict[str, Any], count: int) -> None:
    with placed(home, **settings) as runners:
        threads = [int(runner[name]) for runner in runners for name in THREADS]

        assert cards(runners) == {None: count}
        assert set(threads) == {max(1, CORES // count)}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        pytest.param({"gpu": "0,1,2"}, {"0": 1, "1": 1, "2": 1}, id="a list"),
        pytest.param({"gpu": 2}, {"2": 1}, id="a number"),
        pytest.param({}, {"0": 1}, id="none: the first"),
        pytest.param({"gpu": "0,1", "use_multiprocess": True}, {"0": 1, "1": 1}, id="with use_multiprocess"),
        pytest.param(
            {"gpu": "0,1", "use_multiprocess": True, "workers": 2}, {"0": 2, "1": 2}, id="and with workers"
        ),
    ],
)
def test_use_gpu_gives_each_listed_card_a_runner(
    home: Path, settings: dict[str, Any], expected: dict[str, int]
) -> None:
    with placed(home, use_gpu=True, **settings) as runners:
        assert cards(runners) == expected


#: Name of a module → its instance groups, and the runners expected on each card.
GROUPS: dict[str, tuple[list[dict[str, Any]], dict[str | None, int]]] = {
    # The two examples of the PaddleX document.
    "four_on_gpu_0": ([{"count": 4, "kind": "KIND_GPU", "gpus": [0]}], {"0": 4}),
    "two_on_gpu_1_and_1_each_on_2_and_3": (
        [{"count": 2, "kind": "KIND_GPU", "gpus": [1]}, {"count": 1, "kind": "KIND_GPU", "gpus": [2, 3]}],
        {"1": 2, "2": 1, "3": 1},
    ),
    "no_cards": ([{"count": 1, "kind": "gpu"}], {"0": 1}),
    "both_kinds": (
        [{"count": 1, "kind": "cpu"}, {"count": 1, "kind": "gpu", "gpus": [1]}],
        {None: 1, "1": 1},
    ),
}


@pytest.fixture(scope="module")
def grouped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server; each name of GROUPS is the probe module placed by its groups."""
    modules = {
        name: {"init_args": {"directory": str(MODULES / "probe")}, "instances": instances}
        for name, (instances, _) in GROUPS.items()
    }
    with Server(tmp_path_factory.mktemp("home"), modules) as running:
        yield running


@pytest.mark.parametrize("name", GROUPS)
def test_instance_groups_are_placed_as_listed(grouped: Server, name: str) -> None:
    environments = [environment_of(runner.pid) for runner in grouped.module(name).runners]

    assert cards(environments) == GROUPS[name][1]
    assert sum(int(runner["OMP_NUM_THREADS"]) for runner in environments) <= max(CORES, len(environments))


def test_card_numbers_count_within_the_exported_ones(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,GPU-8f2d")
    with placed(home, use_gpu=True, gpu="0,1") as runners:
        assert cards(runners) == {"4": 1, "GPU-8f2d": 1}


def test_a_card_beyond_the_exported_ones_is_an_error_at_start(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4")
    hub("install", str(MODULES / "probe"), home=home)
    words = ["-m", "probe", "-p", str(free_port()), "--use_gpu", "--gpu", "0,1"]
    done = hub("serving", "start", *words, home=home, check=False)

    assert done.returncode == 1
    assert "gpu 1 is asked for, but CUDA_VISIBLE_DEVICES='4' shows 1 card(s)" in done.stderr


@pytest.fixture(scope="module")
def with_greet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home: Path = tmp_path_factory.mktemp("home")
    hub("install", str(MODULES / "greet"), home=home)
    return home


@pytest.mark.parametrize(
    "words",
    [
        ("serving", "start", "-m", "greet", "--use_gpu"),
        ("serving", "start", "-m", "greet", "--device", "gpu:1"),
        ("serving", "start", "-m", "greet", "--set", "use_gpu=true"),
        ("predict", "greet", __file__, "--use_gpu"),
    ],
    ids=lambda words: " ".join(words[:2] + words[-1:]),
)
def test_without_a_driver_a_card_is_refused_in_one_line(
    with_greet: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """Also for a module that knows nothing of cards."""
    monkeypatch.delenv("LD_LIBRARY_PATH")
    if available.has_driver():
        pytest.skip("this machine has a driver")
    done = hub(*words, home=with_greet, check=False)

    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "use_gpu needs an NVIDIA card, and this machine has no driver for one" in line


def test_a_killed_runner_comes_back_on_its_card(home: Path) -> None:
    with Server(home, {"probe": {}}, use_gpu=True, gpu="0,1") as server:
        before = {environment_of(pid)["CUDA_VISIBLE_DEVICES"]: pid for pid in server.runner_pids("probe")}
        server.kill_runner("probe")

        def replaced() -> list[int] | None:
            pids = server.runner_pids("probe")
            return pids if len(pids) == 2 and set(pids) != set(before.values()) else None

        pids = wait_until(replaced, 15, "two runners, one of them new")
        after = {environment_of(pid)["CUDA_VISIBLE_DEVICES"] for pid in pids}

    assert after == {"0", "1"}


# -- what modules are told -------------------------------------------------------------------------

SOURCE = """
import os
from hub.module import Module, moduleinfo, serving
{prologue}
@moduleinfo(name="carded", version="1.0.0")
class Carded(Module):
    def _initialize(self, use_gpu=False):
        self.use_gpu = use_gpu

    @serving
    def tell(self):
        return [self.use_gpu, os.environ.get("CUDA_VISIBLE_DEVICES")]
"""


def carded(tmp_path: Path, prologue: str = "") -> str:
    folder = tmp_path / "carded"
    folder.mkdir()
    (folder / "module.py").write_text(SOURCE.format(prologue=prologue))
    return str(folder)


def test_a_module_that_takes_use_gpu_is_told_whether_its_runner_has_a_card(
    home: Path, tmp_path: Path
) -> None:
    folder = {"directory": carded(tmp_path)}
    on_gpu: dict[str, dict[str, Any]] = {
        "plain": {"init_args": folder},
        "init_args_decide": {"init_args": {**folder, "use_gpu": False}},
        "group_on_the_cpu": {"init_args": folder, "instances": [{"kind": "cpu"}]},
    }
    on_cpu: dict[str, dict[str, Any]] = {
        "plain": {"init_args": folder},
        "group_on_a_card": {"init_args": folder, "instances": [{"kind": "gpu", "gpus": [3]}]},
    }
    with Server(home, on_gpu, use_gpu=True, gpu="1") as server:
        told = {name: server.post(name, {}).json()["results"] for name in on_gpu}
    with Server(home, on_cpu) as server:
        told_without = {name: server.post(name, {}).json()["results"] for name in on_cpu}

    assert told == {"plain": [True, "1"], "init_args_decide": [False, "1"], "group_on_the_cpu": [False, None]}
    assert told_without == {"plain": [False, None], "group_on_a_card": [True, "3"]}


def test_use_gpu_without_a_gpu_build_of_paddle_is_an_error_at_start(home: Path, tmp_path: Path) -> None:
    """For a module that uses Paddle, even one that would quietly have run on the CPU."""
    paddle = pytest.importorskip("paddle")
    if paddle.is_compiled_with_cuda():
        pytest.skip("this Paddle can use a GPU")
    hub("install", carded(tmp_path, "import paddle"), home=home)
    words = ["-m", "carded", "-p", str(free_port())]
    done = hub("serving", "start", *words, "--use_gpu", home=home, check=False)

    assert done.returncode == 1
    assert "use_gpu needs a CUDA build of Paddle" in done.stderr
    assert "paddlepaddle-gpu" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_the_banner_names_devices_and_threads(home: Path) -> None:
    with Server(home, {"probe": {}}, use_gpu=True, gpu="0,2") as server:
        banner = wait_until(lambda: log if "is ready at" in (log := server.log()) else "")

    assert f"2 runner(s) × {max(1, CORES // 2)} thread(s) on gpu:0, gpu:2" in banner
