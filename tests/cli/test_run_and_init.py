"""run and init, as a user types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import ROOT, Hub
from tests.cli.modules import write_module
from tests.cli.test_install_sources import assert_refused

# -- run ----------------------------------------------------------------------------------------------


def test_run_gives_a_runnable_method_the_remaining_words(hub: Hub, tmp_path: Path) -> None:
    write_module(
        tmp_path / "talk", "    @runnable\n    def cmd(self, argv):\n        return {'argv': argv}\n"
    )
    assert hub("run", "talk/", "--input_text", "天气", "--help").stdout == (
        "{'argv': ['--input_text', '天气', '--help']}\n"
    )
    hub("install", "talk/")
    assert hub("run", "talk", "x").stdout == "{'argv': ['x']}\n"
    assert hub("run", "talk==1.0.0").stdout == "{'argv': []}\n"


@pytest.mark.parametrize(
    ("signature", "words", "expected"),
    [
        ("texts, use_gpu=False", ("--input_text", "a", "--input_text", "b"), [["a", "b"], False]),
        ("text, batch_size=1", ("--input_text", "a", "--batch_size", "4"), ["a", 4]),
        ("data, top_k=1", ("--input_file", "lines.txt", "--arguments", '{"top_k": 3}'), [["x", "y"], 3]),
        ("images, **kwargs", ("--input_path", "a.png"), [["aGFsbG8="], {}]),
        ("images", ("a.png", "b.png"), [["aGFsbG8=", "aGFsbG8="]]),
        ("image, use_gpu=False", ("--use-gpu", "a.png"), ["aGFsbG8=", True]),
        ("image, use_gpu=False", ("--input_path", "a.png", "--use_gpu"), ["aGFsbG8=", True]),
        ("paths, top=1", ("--input_path", "a.png", "--input_path", "b.png"), [["a.png", "b.png"], 1]),
    ],
    ids=["texts", "text", "file", "images", "files", "hyphens", "image", "paths"],
)
def test_run_of_a_served_module_maps_paddlehub_s_flags(
    hub: Hub, tmp_path: Path, signature: str, words: tuple[str, ...], expected: list[object]
) -> None:
    for name, content in (("a.png", "hallo"), ("b.png", "hallo"), ("lines.txt", "x\n\ny\n")):
        (tmp_path / name).write_text(content)
    names = ", ".join(part.split("=")[0].strip(" *") for part in signature.split(","))
    body = f"    @serving\n    def predict(self, {signature}):\n        return [{names}]\n"
    write_module(tmp_path / "served", body)
    done = hub("run", "served/", *words)
    assert json.loads(done.stdout) == expected, done.stderr


@pytest.mark.parametrize(
    ("words", "saying"),
    [
        ((), "works on something"),
        (("--input_path", "nothing.png"), "nothing.png is not a file"),
        (("--input_path", "."), ". is a folder; hub predict calls a module for its files"),
        (("--texts", "a"), "no option --texts; arguments of the module are given as JSON, like --arguments"),
        (("a.png", "--top-k=3"), "no option --top_k=3"),
        (("--use_gpu",), "no argument for --use_gpu. It takes: texts"),
        (("--arguments", "[1]"), "must be a JSON object"),
    ],
)
def test_run_with_words_that_do_not_fit(
    hub: Hub, tmp_path: Path, words: tuple[str, ...], saying: str
) -> None:
    write_module(tmp_path / "served", "    @serving\n    def predict(self, texts):\n        return texts\n")
    done = hub("run", "served/", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert saying in done.stderr


def test_run_takes_the_fields_of_unpacked_options_and_names_them(hub: Hub, tmp_path: Path) -> None:
    body = (
        "    from typing import TypedDict, Unpack\n"
        "    Options = TypedDict('Options', {'top': int, 'use_gpu': bool}, total=False)\n"
        "    @serving\n"
        "    def predict(self, texts, **options: Unpack[Options]):\n        return [texts, options]\n"
    )
    write_module(tmp_path / "served", body)

    done = hub("run", "served/", "--input_text", "a", "--use_gpu", "--arguments", '{"top": 2}')
    refused = hub("run", "served/", "--batch_size", "2")

    assert json.loads(done.stdout) == [["a"], {"top": 2, "use_gpu": True}], done.stderr
    assert "no argument for --batch_size. It takes: texts, top, use_gpu" in refused.stderr


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (("--method", "split", "--input_text", "a b"), '[["a", "b"]]'),
        (("--input_text", "a", "--method=repeat"), '"a a"'),
        (("--method", "count", "--input_text", "a b"), "[2]"),
        (("--method", "verbose"), "runnable ['--method', 'verbose']"),
        (("--method",), "runnable ['--method']"),
    ],
)
def test_run_calls_the_serving_method_that_is_named(hub: Hub, words: tuple[str, ...], printed: str) -> None:
    done = hub("run", str(ROOT / "tests" / "modules" / "words"), *words)

    assert "".join(done.stdout.split()) == "".join(printed.split()), done.stderr


@pytest.mark.parametrize(
    ("words", "saying"),
    [
        (
            ("--method", "splitt"),
            "no serving method splitt. Did you mean split? It has: count, split",
        ),
        (("--method=x",), "served has no serving method x. It has: count, split"),
        (("--method",), "expected one argument"),
    ],
)
def test_run_of_a_method_that_there_is_not(
    hub: Hub, tmp_path: Path, words: tuple[str, ...], saying: str
) -> None:
    body = "".join(
        f"    @serving\n    def {name}(self, texts):\n        return texts\n" for name in ("count", "split")
    )
    write_module(tmp_path / "served", body)
    done = hub("run", "served/", *words)

    assert (done.returncode, done.stdout) == (2, "")
    assert saying in done.stderr


READS = """
    @serving(images="images", documents=True)
    def read(self, images, **options):
        files = [getattr(image, "images", [image]) for image in images]
        return [[line for page in pages for line in self.of(page)] for pages in files]

    def of(self, page):
        size = f"{page.shape[1]}x{page.shape[0]}"
        return [] if size == "9x9" else [{"text": size, "confidence": 1.0}, {"text": "end"}]
"""


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A module that reads sizes as if they were text, three pictures (one without any), a PDF of 2 pages."""
    write_module(tmp_path / "reads", READS)
    for name, size in (("a.png", (4, 3)), ("b.png", (5, 3)), ("blank.png", (9, 9))):
        Image.new("RGB", size).save(tmp_path / name)
    pages = [Image.new("RGB", size) for size in ((20, 10), (30, 10))]
    pages[0].save(tmp_path / "c.pdf", save_all=True, append_images=pages[1:], resolution=144)
    return tmp_path


def test_run_prints_the_text_in_files(hub: Hub, pictures: Path) -> None:
    one, several, blank = (
        hub("run", "reads/", *names) for names in (["a.png"], ["a.png", "blank.png", "c.pdf"], ["blank.png"])
    )

    assert one.stdout == "4x3\nend\n"
    assert several.stdout == (
        "==> a.png <==\n4x3\nend\n==> blank.png <==\n==> c.pdf <==\n20x10\nend\n30x10\nend\n"
    )
    assert (blank.stdout, blank.stderr) == ("", "Nothing was found.\n")


def test_run_with_json_prints_a_line_for_each_file_as_hub_predict_does(hub: Hub, pictures: Path) -> None:
    done = hub("run", "reads/", "--json", "a.png", "c.pdf")

    first, second = map(json.loads, done.stdout.splitlines())
    assert first == {"file": "a.png", "results": [[{"text": "4x3", "confidence": 1.0}, {"text": "end"}]]}
    assert (second["file"], len(second["results"])) == ("c.pdf", 1)
    assert [line["text"] for line in second["results"][0]] == ["20x10", "end", "30x10", "end"]


@pytest.mark.parametrize("words", [("--input_path", "a.png"), ("a.png", "--input_path", "b.png")])
def test_run_with_paddlehub_s_options_prints_all_of_the_result(
    hub: Hub, pictures: Path, words: tuple[str, ...]
) -> None:
    done = hub("run", "reads/", *words)

    assert json.loads(done.stdout)[0][0] == {"text": "5x3" if "b.png" in words else "4x3", "confidence": 1.0}


def test_run_of_a_pdf_that_cannot_be_read_is_one_line(hub: Hub, pictures: Path) -> None:
    (pictures / "bad.pdf").write_bytes(b"%PDF-1.4 and no more")

    done = hub("run", "reads/", "bad.pdf")

    assert (done.returncode, done.stdout) == (2, "")
    assert "bad.pdf is not a readable image" in done.stderr


def test_run_of_what_cannot_be_run(hub: Hub, tmp_path: Path) -> None:
    write_module(tmp_path / "still", "    pass\n")
    done = hub("run", "still/")
    assert done.returncode == 1
    assert "still cannot be called: it has neither a @serving nor a @runnable method" in done.stderr
    done = hub("run", "nothing")
    assert done.returncode == 1
    assert "nothing is not installed" in done.stderr


def test_run_shows_where_a_module_failed(hub: Hub, tmp_path: Path) -> None:
    write_module(tmp_path / "bad", "    @runnable\n    def cmd(self, argv):\n        return 1 / 0\n")
    done = hub("run", "bad/")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "ZeroDivisionError: division by zero"


# -- init ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["text", "image", "pipeline", pytest.param("batch", marks=pytest.mark.slow)])
def test_a_new_module_passes_its_test_and_its_check(hub: Hub, tmp_path: Path, kind: str) -> None:
    assert hub("init", "my-module", f"--{kind}").stdout == "The new module is in my_module\n"
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "my_module"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert "2 passed" in tested.stdout, tested.stdout
    checked = hub("check", "my_module").stdout.splitlines()
    assert checked[-1] == "my-module 0.1.0: no problems"
    assert (len(checked) == 1) == (kind != "pipeline")  # which has no example: its file is no JSON


def test_a_new_module_is_one_of_texts_that_installs_and_runs(hub: Hub, tmp_path: Path) -> None:
    begun = hub("init", "my-module")

    assert "hub serving start ./my_module --watch" in begun.stderr
    assert hub("install", "my_module/").stdout == "Successfully installed my-module-0.1.0\n"
    assert hub("run", "my-module", "abc").stdout == "[{'text': 'abc', 'length': 3}]\n"


@pytest.mark.parametrize(
    ("name", "saying"), [("1st", "no digit first"), ("json", "Python's own"), ("a b", "letters")]
)
def test_a_name_that_cannot_be_a_module_s(hub: Hub, home: Path, name: str, saying: str) -> None:
    assert_refused(hub, home, "init", name, saying=saying)


def test_init_overwrites_nothing(hub: Hub, home: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert_refused(hub, home, "init", "mine", saying="exists already")
