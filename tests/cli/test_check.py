"""``hub check``: what it finds in a module's folder, and what it says to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Hub
from tests.cli.modules import write_module

WORKS = """
    @serving(batch="texts", example={"texts": ["a", "b"]})
    def say(self, texts: list[str]) -> list[str]:
        return [text * 2 for text in texts]
"""


def test_a_module_that_works_has_no_problem(hub: Hub, tmp_path: Path) -> None:
    write_module(tmp_path / "works", WORKS)

    done = hub("check", "works")

    assert (done.returncode, done.stdout) == (0, "works 1.0.0: no problems\n")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("    def say(self, texts):\n        return texts\n", "Mark the method that requests call"),
        ("    @serving(batch='text')\n    def say(self, texts): ...\n", "has no argument text. Did you mean"),
        ("    @serving(example={'a': b''})\n    def say(self, a): ...\n", "example=…) of say is not JSON"),
        (WORKS.replace("text * 2", "text - 2"), "the trial call with its example fails: ModuleRaisedError"),
        (WORKS.replace('{"texts"', '{"text"'), "unknown argument `text`"),
        (
            "    @serving(batch='texts')\n    def say(self, texts):\n        yield 1\n",
            "say answers as a stream",
        ),
        ("    missing\n", "name 'missing' is not defined (module.py, line 6)"),
    ],
    ids=["serving", "batch", "json", "raises", "name", "stream", "import"],
)
def test_a_problem_is_a_line_that_says_what_to_do_and_exit_code_1(
    hub: Hub, tmp_path: Path, body: str, told: str
) -> None:
    write_module(tmp_path / "bad", body)

    done = hub("check", "bad/")

    assert done.returncode == 1
    (problem,) = [line for line in done.stdout.splitlines() if line.startswith("problem: ")]
    assert told in problem
    assert done.stdout.endswith("bad 1.0.0: 1 problem\n")


def test_the_trial_call_of_a_stream_draws_its_items(hub: Hub, tmp_path: Path) -> None:
    counts = "    @serving(example={})\n    def say(self):\n        yield from range(3)\n"
    write_module(tmp_path / "counts", counts)
    write_module(tmp_path / "breaks", counts.replace("range(3)", "[1, 2 // 0]"))

    assert hub("check", "counts").stdout == "counts 1.0.0: no problems\n"
    assert "its example fails: ModuleRaisedError" in hub("check", "breaks").stdout


def test_all_problems_are_told_at_once(hub: Hub, tmp_path: Path) -> None:
    folder = write_module(tmp_path / "bad", "    pass\n")
    (folder / "requirements.txt").write_text("no-such-package>=2\npytest>=900\n")

    done = hub("check", "bad")

    lines = done.stdout.splitlines()
    assert "no-such-package>=2 (not installed). Install it: pip install 'no-such-package>=2'" in lines[0]
    assert "pytest>=900 (" in lines[1]
    assert "no method marked @serving" in lines[2]
    assert lines[3] == "bad 1.0.0: 3 problems"


def test_what_is_not_checked_and_what_only_hub_run_calls_are_notes(hub: Hub, tmp_path: Path) -> None:
    body = "    @serving\n    def say(self, model: Missing, matrix: set[int], text: str): ...\n"
    write_module(tmp_path / "free", body).joinpath("__init__.py").write_text("")
    source = tmp_path / "free" / "module.py"
    source.write_text(f"from __future__ import annotations\n{source.read_text()}")
    write_module(tmp_path / "runs", "    @runnable\n    def run(self, argv): ...\n")

    free, runs = hub("check", "free"), hub("check", "runs")

    assert (free.returncode, runs.returncode) == (0, 0)
    assert "note: the argument model of say is not checked" in free.stdout
    assert "note: the argument matrix of say is not checked" in free.stdout
    assert "text of say" not in free.stdout
    assert "note: no trial call: say tells no example" in free.stdout
    assert "note: it has no method marked @serving" in runs.stdout
    assert "so no server can serve it; hub run calls it" in runs.stdout


def test_the_trial_call_is_the_docstring_s_with_the_init_args_of_its_config(hub: Hub, tmp_path: Path) -> None:
    body = '''
    def _initialize(self, times):
        self.times = times

    @serving
    def say(self, texts):
        """Say it.

        Example:
            {"texts": [
                "a"]}

        Returns what was said.
        """
        assert (texts, self.times) == (["a"], 3)
        return texts
'''
    folder = write_module(tmp_path / "told", body)
    without = hub("check", "told")
    config = {"modules_info": {"told": {"init_args": {"times": 3, "directory": "told"}}}}
    (folder / "config.json").write_text(json.dumps(config))

    done = hub("check", "told")

    assert "init_args lacks 'times'" in without.stdout
    assert (done.returncode, done.stdout) == (0, "told 1.0.0: no problems\n")


def test_an_example_s_images_are_base64_as_in_a_request(hub: Hub, tmp_path: Path) -> None:
    body = (
        "    @serving(images='images', example={'images': ['bm8gaW1hZ2U=']})\n"
        "    def see(self, images):\n        assert images == [None]\n        return ['none']\n"
    )
    write_module(tmp_path / "sees", body)

    done = hub("check", "sees")

    assert done.stdout == (
        "note: the trial call says: images[0] is not a readable image: it is text: send the bytes of a "
        "picture file\nsees 1.0.0: no problems\n"
    )


def test_what_is_not_a_module_is_a_problem(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    for folder, told in (("empty", "it has no module.py"), ("nothing", "nothing is not a folder")):
        done = hub("check", folder)
        assert (done.returncode, told in done.stdout) == (1, True)
