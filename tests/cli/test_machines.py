"""Commands on machines that are not a developer's: no home, an ASCII terminal, habits of other tools."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub import settings
from hub.errors import ConfigError
from hub.version import __version__
from tests.cli.conftest import ROOT, Hub

MODULE = """
from hub.module import Module, moduleinfo, serving

@moduleinfo(name="{name}", version="1.0.0", summary="证书", author="作者")
class Mine(Module):
{body}
"""
ECHO = "    @serving\n    def echo(self, texts):\n        return texts\n"


def write(folder: Path, body: str) -> Path:
    folder.mkdir()
    (folder / "module.py").write_text(MODULE.format(name=folder.name, body=body), encoding="utf-8")
    return folder


# -- output ----------------------------------------------------------------------------------------


def test_commands_never_fail_for_the_encoding_of_their_output(hub: Hub, tmp_path: Path) -> None:
    write(tmp_path / "mine", ECHO)
    (tmp_path / "texts.txt").write_text("中文\n", encoding="utf-8")
    narrow = {"PYTHONIOENCODING": "ascii"}
    done = [
        hub("install", "mine/", **narrow),
        hub("list", **narrow),
        hub("show", "mine", **narrow),
        hub("show", "mine", "--json", **narrow),
        hub("run", "mine", "--input-text", "中文", **narrow),
        hub("predict", "mine", "texts.txt", **narrow),
    ]

    assert [each.returncode for each in done] == [0] * len(done), [each.stderr for each in done]
    assert "\\u8bc1\\u4e66" in done[2].stdout
    assert json.loads(done[3].stdout)["summary"] == "证书"
    assert json.loads(done[4].stdout) == ["中文"]
    assert json.loads(done[5].stdout)["results"] == ["中文"]


@pytest.mark.slow
def test_the_doctor_never_fails_for_the_encoding_of_its_output(hub: Hub) -> None:
    done = hub("doctor", PYTHONIOENCODING="ascii")

    assert "UnicodeEncodeError" not in done.stderr
    assert "\\u2192" in done.stdout


def test_a_call_without_libgl_says_what_to_install(hub: Hub, tmp_path: Path) -> None:
    write(tmp_path / "mine", "    @serving(images='image')\n    def look(self, image):\n        return 1\n")
    (tmp_path / "a.png").write_bytes(b"x")
    (tmp_path / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')\n")
    done = hub("run", "mine/", "a.png", PYTHONPATH=f"{tmp_path}:{ROOT}")

    assert done.returncode == 1
    assert done.stderr.startswith("Error: mine: libGL.so.1: ")
    assert "apt-get install libgl1" in done.stderr
    assert "Traceback" not in done.stderr


# -- home ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"), [(None, "user id "), ("~nobody-here/hub", "HUB_HOME=~nobody-here/hub")]
)
def test_a_user_without_a_home_is_told_to_set_hub_home(
    monkeypatch: pytest.MonkeyPatch, given: str | None, said: str
) -> None:
    def unknown(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("HUB_HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    if given:
        monkeypatch.setenv("HUB_HOME", given)
    with pytest.raises(ConfigError) as refused:
        settings.hub_home()

    assert str(refused.value).startswith(said)
    assert str(refused.value).endswith(
        "has no home folder here: set HUB_HOME to a folder that can be written"
    )


# -- habits ----------------------------------------------------------------------------------------


def test_the_version_is_told_as_an_option_and_as_a_command(hub: Hub) -> None:
    assert hub("--version").stdout == hub("version").stdout == f"{__version__}\n"


@pytest.mark.parametrize(
    "words",
    [
        ("serving", "start", "--use-gpu", "--grpc-port", "x"),
        ("serving", "start", "--use_gpu", "--grpc_port", "x"),
        ("paddlex", "--serve", "--port", "x"),
    ],
)
def test_options_are_read_with_hyphens_as_with_underscores(hub: Hub, words: tuple[str, ...]) -> None:
    done = hub(*words)

    assert done.returncode == 2
    assert "'x' is not a valid integer" in done.stderr


# -- install and search ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "    @serving(batch='text')\n    def echo(self, texts): return texts\n",
            "@serving(batch='text'), but echo has no argument text. Did you mean texts? It takes: texts",
        ),
        (
            "    @serving(images=['picture'])\n    def look(self): return 1\n",
            "@serving(images='picture'), but look has no argument picture. It takes: nothing",
        ),
        (
            "    @serving\n    def echo(self, texts): return texts\n"
            "    @serving(batch='text')\n    def other(self, texts): return texts\n",
            "@serving(batch='text'), but other has no argument text. Did you mean texts? It takes: texts",
        ),
    ],
)
def test_a_module_whose_serving_names_no_argument_is_not_installed(
    hub: Hub, tmp_path: Path, body: str, said: str
) -> None:
    write(tmp_path / "mine", body)
    done = hub("install", "mine/")

    assert done.returncode == 1
    assert said in done.stderr
    assert hub("list", "--json").stdout.strip() == "[]"


def test_a_module_that_no_server_can_serve_is_installed_with_a_warning(hub: Hub, tmp_path: Path) -> None:
    write(tmp_path / "mine", "    def predict(self): return 1\n")
    done = hub("install", "mine/")

    assert (done.returncode, done.stdout) == (0, "Successfully installed mine-1.0.0\n")
    assert "mine: it has no method marked @serving, so no server can serve it" in done.stderr


def test_a_serving_method_that_takes_anything_is_installed_in_silence(hub: Hub, tmp_path: Path) -> None:
    write(tmp_path / "mine", "    @serving(batch='data')\n    def any(self, **given): return given\n")

    assert "Warning" not in hub("install", "mine/").stderr


def test_a_search_that_finds_nothing_says_so(hub: Hub) -> None:
    done = hub("search", "zzz")

    assert (done.returncode, done.stdout) == (0, "")
    assert "No module's name, summary or type has 'zzz'" in done.stderr
    assert json.loads(hub("search", "zzz", "--json").stdout) == []


def test_a_search_of_several_words_shows_what_has_all_of_them(hub: Hub) -> None:
    def names(*words: str) -> list[str]:
        return [each["name"] for each in json.loads(hub("search", "--json", *words).stdout)]

    assert names("text", "lines", "find") == ["ocr_det", "ocr_system"]
    assert names("QR", "zzz") == []
    assert hub("search", "text", "(").returncode == 2


@pytest.mark.parametrize(
    "words", [("install", "ocr"), ("run", "ocr", "a.jpg"), ("serving", "start", "-m", "OCR-")]
)
def test_a_name_cut_short_names_all_that_begin_so(hub: Hub, words: tuple[str, ...]) -> None:
    done = hub(*words)

    assert done.returncode == 1
    assert "Names that begin so: ocr_cls, ocr_det, ocr_pipeline, ocr_rec, ocr_system" in done.stderr
