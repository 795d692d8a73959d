"""hub predict, as a user types it: resumed after kill -9, files that fail, formats, pipes."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.serving.running import MODULES, ROOT, Server, environment, hub, wait_until


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose module writes down the number of every image that it gets."""
    home = tmp_path_factory.mktemp("home")
    arguments = {"journal": str(home / "journal"), "sleep": 0.004}
    with Server(home, {"tally": {"init_args": arguments}, "greet": {}}) as server:
        yield server


def draw(folder: Path, count: int) -> Path:
    """Small images, each with its number in its pixels."""
    folder.mkdir()
    for number in range(count):
        pixels = np.zeros((4, 4, 3), np.uint8)
        pixels[..., 0], pixels[..., 1] = number % 256, number // 256
        cv2.imwrite(str(folder / f"{number:04d}.png"), pixels)
    return folder


def received(server: Server) -> list[int]:
    journal = server.home / "journal"
    return [int(line) for line in journal.read_text().split()] if journal.exists() else []


def records(folder: Path) -> list[dict[str, Any]]:
    path = folder / "results.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def predict(*words: str | Path, cwd: Path, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    return hub("predict", *map(str, words), home=home or cwd / "home", cwd=cwd, check=False)


# -- resuming --------------------------------------------------------------------------------------


def test_300_files_killed_half_way_and_started_again_send_the_rest_only(
    counting: Server, tmp_path: Path
) -> None:
    draw(tmp_path / "imgs", 300)
    words = ["predict", f"{counting.url}/predict/tally", "imgs", "--output", "out", "--format", "csv"]
    command = [sys.executable, "-m", "hub", *words, "--concurrency", "3"]
    already = len(received(counting))
    first = subprocess.Popen(command, cwd=tmp_path, env=environment(tmp_path), stderr=subprocess.DEVNULL)
    wait_until(lambda: whole_lines(tmp_path / "out" / "results.jsonl") >= 120)
    first.kill()
    first.wait()
    done = whole_lines(tmp_path / "out" / "results.jsonl")
    wait_until(lambda: idle(counting))
    sent = len(received(counting))
    assert 120 <= done < 300

    second = subprocess.run(command, cwd=tmp_path, env=environment(tmp_path), text=True, capture_output=True)
    assert (second.returncode, second.stderr.count("Traceback")) == (0, 0)
    assert f"300 files, 0 failed, {done} done before" in second.stderr
    assert sorted(received(counting)[sent:]) == list(range(done, 300))
    assert sent - already - done <= 6  # what was on its way when the first was killed

    found = records(tmp_path / "out")
    assert [record["file"] for record in found] == [f"imgs/{number:04d}.png" for number in range(300)]
    assert [record["results"][0][0]["text"] for record in found] == [f"number {n}" for n in range(300)]
    rows = (tmp_path / "out" / "results.csv").read_text().splitlines()
    assert rows[0] == "file,number,text,confidence,other,error"
    assert rows[1:] == [f"imgs/{n:04d}.png,1,number {n},1.0,," for n in range(300)]


def idle(server: Server) -> bool:
    """Whether the server has dropped or finished what a killed client had sent."""
    return 'hub_requests_in_flight{module="tally"} 0.0' in server.get("/metrics").text


def whole_lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_a_server_that_is_started_again_meanwhile_costs_no_file(tmp_path: Path) -> None:
    draw(tmp_path / "imgs", 60)
    arguments = {"journal": str(tmp_path / "journal"), "sleep": 0.02}
    entry = {"tally": {"init_args": arguments}}
    with Server(tmp_path / "home", entry) as server:
        command = [sys.executable, "-m", "hub", "predict", f"{server.url}/predict/tally", "imgs", "-o", "out"]
        running = subprocess.Popen(
            command, cwd=tmp_path, env=environment(tmp_path), text=True, stderr=subprocess.PIPE
        )
        wait_until(lambda: len(records(tmp_path / "out")) >= 10)
        os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait()
        port = server.port
    with Server(tmp_path / "home", entry, port=port):
        said = running.communicate(timeout=60)[1]

    assert (running.returncode, "60 files, 0 failed" in said) == (0, True), said
    assert [record["file"] for record in records(tmp_path / "out")] == [
        f"imgs/{number:04d}.png" for number in range(60)
    ]


@pytest.mark.slow
def test_without_a_server_what_is_done_stays_done(tmp_path: Path) -> None:
    draw(tmp_path / "imgs", 40)
    arguments = {"journal": str(tmp_path / "journal"), "sleep": 0.03}
    with Server(tmp_path / "home", {"tally": {"init_args": arguments}}) as server:
        words = ["predict", f"{server.url}/predict/tally", "imgs", "-o", "out", "--timeout", "1.5"]
        running = subprocess.Popen(
            [sys.executable, "-m", "hub", *words],
            cwd=tmp_path, env=environment(tmp_path), text=True, stderr=subprocess.PIPE,
        )  # fmt: skip
        wait_until(lambda: len(records(tmp_path / "out")) >= 10)
    said = running.communicate(timeout=30)[1]
    done = sum("results" in record for record in records(tmp_path / "out"))

    assert running.returncode == 1
    assert f"{done} of 40 files are done; the same command does the rest." in said
    assert "Error: cannot connect" in said


# -- files that fail -----------------------------------------------------------------------------------


def test_bad_files_are_reported_and_tried_again_by_the_next_run(counting: Server, tmp_path: Path) -> None:
    draw(tmp_path / "imgs", 4)
    (tmp_path / "imgs" / "0001.png").write_text("no image")
    words = (f"{counting.url}/predict/tally", "imgs", "absent.png", "-o", "out", "-f", "txt")
    first = predict(*words, cwd=tmp_path)
    assert first.returncode == 1
    assert "imgs/0001.png: InvalidInputError: images[0] is not a readable image" in first.stderr
    assert "absent.png: InvalidInputError: images[0]: absent.png cannot be read: No such file" in first.stderr
    assert "5 files, 2 failed" in first.stderr
    assert [("results" in record) for record in records(tmp_path / "out")] == [True, False, True, True, False]

    for name in ("imgs/0001.png", "absent.png"):
        (tmp_path / name).write_bytes((tmp_path / "imgs" / "0003.png").read_bytes())
    second = predict(*words, cwd=tmp_path)
    assert second.returncode == 0
    assert "5 files, 0 failed, 3 done before" in second.stderr
    text = (tmp_path / "out" / "results.txt").read_text()
    assert text.splitlines() == [
        "imgs/0000.png\tnumber 0",
        "imgs/0001.png\tnumber 3",
        "imgs/0002.png\tnumber 2",
        "imgs/0003.png\tnumber 3",
        "absent.png\tnumber 3",
    ]


# -- without a server --------------------------------------------------------------------------------


def test_an_address_needs_no_scheme(counting: Server, tmp_path: Path) -> None:
    draw(tmp_path / "imgs", 1)
    for words in (
        (f"127.0.0.1:{counting.port}/predict/tally",),
        (f"127.0.0.1:{counting.port}", "-m", "tally"),
    ):
        done = predict(words[0], "imgs", *words[1:], cwd=tmp_path)

        assert (done.returncode, len(done.stdout.splitlines())) == (0, 1), done.stderr


def test_an_installed_module_or_a_folder_needs_no_server(tmp_path: Path) -> None:
    draw(tmp_path / "imgs", 5)
    (tmp_path / "imgs" / "0002.png").write_text("no image")
    hub("install", str(MODULES / "look"), home=tmp_path / "home")
    by_name = predict("look", "imgs/*.png", cwd=tmp_path)
    by_folder = predict(MODULES / "look", "imgs", cwd=tmp_path)

    found = [json.loads(line) for line in by_name.stdout.splitlines()]
    assert (by_name.returncode, by_folder.returncode) == (1, 1)
    assert by_name.stdout == by_folder.stdout
    assert [record["file"] for record in found] == [f"imgs/{number:04d}.png" for number in range(5)]
    assert found[2]["error"].startswith("InvalidInputError: images[0] is not a readable image: it is text")
    assert found[4]["results"]["seen"][0]["corner"] == [4, 0, 0]


def test_a_file_that_kills_the_module_s_process_fails_alone(tmp_path: Path) -> None:
    folder = tmp_path / "fragile"
    folder.mkdir()
    (folder / "module.py").write_text(
        "import os\n"
        "from hub.module import Module, moduleinfo, serving\n\n"
        "@moduleinfo(name='fragile', version='1.0.0')\n"
        "class Fragile(Module):\n"
        "    @serving\n"
        "    def shout(self, texts):\n"
        "        if 'die' in texts:\n"
        "            os.kill(os.getpid(), 9)\n"
        "        return [text.upper() for text in texts]\n"
    )
    for name, text in (("a.txt", "one"), ("b.txt", "die"), ("c.txt", "two\nthree")):
        (tmp_path / name).write_text(text)
    before = set(Path("/tmp").glob("hub-local-*"))
    done = predict("./fragile", "a.txt", "b.txt", "c.txt", "-f", "txt", cwd=tmp_path)

    assert done.returncode == 1
    assert done.stdout == "a.txt\tONE\nc.txt\tTWO\nc.txt\tTHREE\n"
    assert "b.txt: PoisonError: this request killed fragile's process" in done.stderr
    new = set(Path("/tmp").glob("hub-local-*")) - before
    # The folders of living processes belong to tests that run beside this one.
    assert [path for path in new if not Path("/proc", path.name.split("-")[2]).exists()] == []


def test_a_config_file_says_how_the_module_is_set_up(tmp_path: Path) -> None:
    draw(tmp_path / "imgs", 3)
    entry = {"init_args": {"journal": str(tmp_path / "journal")}}
    (tmp_path / "config.json").write_text(json.dumps({"modules_info": {"tally": entry}, "port": 8866}))
    done = predict(MODULES / "tally", "imgs", "-c", "config.json", "-f", "txt", cwd=tmp_path)
    refused = predict(MODULES / "look", "imgs", "-c", "config.json", cwd=tmp_path)

    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "imgs/0002.png\tnumber 2")
    assert (refused.returncode, "config.json has tally, not look" in refused.stderr) == (2, True)


def test_ctrl_c_leaves_nothing_of_a_module_behind(tmp_path: Path) -> None:
    before = set(Path("/tmp").glob("hub-local-*"))
    draw(tmp_path / "imgs", 1)
    command = [sys.executable, "-m", "hub", "predict", str(MODULES / "slow_start"), "imgs"]
    running = subprocess.Popen(command, cwd=tmp_path, env=environment(tmp_path), stderr=subprocess.PIPE)
    wait_until(lambda: set(Path("/tmp").glob(f"hub-local-{running.pid}-*")))
    running.send_signal(signal.SIGINT)
    said = running.communicate(timeout=20)[1].decode()

    assert (running.returncode, "Traceback" in said) == (1, False), said
    assert not set(Path("/tmp").glob(f"hub-local-{running.pid}-*")) - before


@pytest.mark.slow
def test_a_module_that_does_not_load_is_an_error_with_its_reason(tmp_path: Path) -> None:
    draw(tmp_path / "imgs", 1)
    done = predict(MODULES / "broken", "imgs", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (1, "")
    assert "Error: broken could not be loaded: " in done.stderr


# -- terminals and pipes -----------------------------------------------------------------------------


def test_a_bar_on_the_terminal_leaves_the_results_in_the_pipe_alone(counting: Server, tmp_path: Path) -> None:
    draw(tmp_path / "imgs", 20)
    ours, theirs = pty.openpty()
    words = ["predict", f"{counting.url}/predict/tally", "imgs"]
    done = subprocess.run(
        [sys.executable, "-m", "hub", *words],
        cwd=tmp_path, env={**environment(tmp_path), "TERM": "xterm"}, stdout=subprocess.PIPE, stderr=theirs,
        check=True,
    )  # fmt: skip
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)

    assert len([json.loads(line) for line in done.stdout.splitlines()]) == 20
    assert "/20" in shown


def test_a_reader_that_has_enough_is_no_traceback(counting: Server, tmp_path: Path) -> None:
    draw(tmp_path / "imgs", 100)
    command = f"{sys.executable} -m hub predict {counting.url}/predict/tally imgs | head -n 2"
    started = time.monotonic()
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env=environment(tmp_path), text=True, capture_output=True
    )

    assert (done.stdout.count("\n"), "Traceback" in done.stderr) == (2, False)
    assert time.monotonic() - started < 20


# -- wrong usage ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["URL", "imgs"], 2, "which module? Give --module; the server has tally, greet"),
        (["URL/elsewhere", "imgs"], 1, "there is nothing at"),
        (["URL/predict/taly", "imgs"], 1, "Did you mean tally?"),
        (["URL/predict/tally", "imgs", "-m", "greet"], 2, "--module greet"),
        (["URL/predict/greet", "imgs"], 2, "It takes names, sleep"),
        (["URL/predict/tally", "."], 2, "has no file that ends in .jpg"),
        (["URL/predict/tally", "*.gif"], 2, "no file matches *.gif"),
        (["URL/predict/tally", "imgs", "--arguments", "{"], 2, "--arguments is not JSON"),
        (["URL/predict/tally", "imgs", "--arguments", '{"x": 1}'], 1, "unknown argument `x`"),
        (["URL/predict/tally", "imgs", "--key_file", "absent"], 2, "--key_file absent: No such file"),
        (["ftp://x/predict/tally", "imgs"], 1, "is not a server's address"),
        (["absent", "imgs"], 1, "absent is not installed"),
        (["absent", "imgs", "-m", "tally"], 2, "--module is for a URL"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_are_said_before_anything_is_sent(
    counting: Server, tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    draw(tmp_path / "imgs", 1)
    done = predict(*(word.replace("URL", counting.url) for word in words), cwd=tmp_path)

    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "hub", "predict", "--help"],
        env=environment(tmp_path), cwd=ROOT, text=True, capture_output=True, check=True,
    )  # fmt: skip

    assert not [name for name in ("httpx2", "numpy", "rich", "pydantic") if f" {name}\n" in done.stderr]
