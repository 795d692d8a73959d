"""The registry's commands as a user types them: real processes, their output and exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = """\
from hub.module import Module, moduleinfo, serving

@moduleinfo(
    name="sample",
    version="{version}",
    summary="说话 again",
    author="someone",
    author_email="a@b.c",
    weights={weights},
)
class Sample(Module):
    @serving
    def say(self, texts):
        return texts
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def module(tmp_path: Path) -> Path:
    return write_module(tmp_path / "src" / "sample")


def write_module(folder: Path, version: str = "1.0.0", weights: str = "[]") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "module.py").write_text(MODULE.format(version=version, weights=weights), encoding="utf-8")
    return folder


def hub(*arguments: object, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hub", *map(str, arguments)]
    env = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env, timeout=60, check=False)


def test_install_says_what_it_installed(module: Path) -> None:
    done = hub("install", f"{module}/")
    assert (done.returncode, done.stdout) == (0, "Successfully installed sample-1.0.0\n")
    assert "Traceback" not in done.stderr


def test_install_takes_several_folders(module: Path, tmp_path: Path) -> None:
    other = write_module(tmp_path / "other" / "sample", "2.0.0")
    assert hub("install", module, other).stdout.splitlines() == [
        "Successfully installed sample-1.0.0",
        "Successfully installed sample-2.0.0",
    ]


def test_install_of_several_changes_nothing_when_one_is_misspelt(module: Path) -> None:
    done = hub("install", module, "deploy/nope")
    assert done.returncode == 1
    assert "deploy/nope does not exist" in done.stderr
    assert json.loads(hub("list", "--json").stdout) == []


def test_install_of_a_bare_name_suggests_the_folder(tmp_path: Path) -> None:
    write_module(tmp_path / "deploy" / "hubserving" / "sample")
    root = Path(__file__).resolve().parents[2]
    done = hub("install", "sample", cwd=tmp_path, PYTHONPATH=str(root))
    assert done.returncode == 1
    assert "Did you mean: hub install deploy/hubserving/sample/" in done.stderr


def test_install_of_a_file_or_a_folder_without_module_is_an_error(module: Path) -> None:
    assert "is a file" in hub("install", module / "module.py").stderr
    done = hub("install", module.parent)
    assert done.returncode == 1
    assert "is not a module: it has no module.py" in done.stderr


def test_install_shows_why_a_module_cannot_be_imported(module: Path) -> None:
    (module / "module.py").write_text(
        "import nothing_of_the_kind\n" + MODULE.format(version="1", weights="[]")
    )
    done = hub("install", module)
    assert done.returncode == 1
    assert "No module named 'nothing_of_the_kind'" in done.stderr
    assert hub("list").stdout.splitlines() == ["ModuleName  Version  Path"]


def test_install_fetches_weights_before_the_module_appears(module: Path) -> None:
    write_module(module, weights='["LAC"]')
    offline = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": "/dev/null", "PIP_FIND_LINKS": ""}
    done = hub("install", module, **offline)
    assert done.returncode == 1
    assert "LAC==2.1.2 could not be downloaded" in done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads(hub("list", "--json").stdout) == []


def test_install_refuses_weights_that_the_catalogue_lacks(module: Path) -> None:
    write_module(module, weights='["lac"]')
    done = hub("install", module)
    assert done.returncode == 1
    assert "the catalogue has no weights 'lac'" in done.stderr


@pytest.mark.parametrize(
    ("command", "argument"),
    [
        ("install", "DIR|ARCHIVE|URL|NAME[==VERSION]..."),
        ("uninstall", "NAME[==VERSION]..."),
        ("download", "NAME[==VERSION]..."),
        ("show", "NAME[==VERSION]|DIR"),
        ("run", "NAME[==VERSION]|DIR"),
        ("convert", "MODEL_DIR"),
    ],
)
def test_a_command_without_its_argument_is_wrong_usage_that_names_it(command: str, argument: str) -> None:
    done = hub(command)
    assert done.returncode == 2
    assert f"Error: Missing argument '{argument}'" in done.stderr.splitlines()[-1]


def test_uninstall_says_what_it_uninstalled(module: Path) -> None:
    hub("install", module)
    done = hub("uninstall", "sample")
    assert (done.returncode, done.stdout) == (0, "Successfully uninstalled sample\n")


def test_uninstall_of_one_version_leaves_the_other(module: Path, tmp_path: Path) -> None:
    hub("install", module, write_module(tmp_path / "other" / "sample", "2.0.0"))
    assert hub("uninstall", "sample==2.0.0").stdout == "Successfully uninstalled sample-2.0.0\n"
    assert [found["version"] for found in json.loads(hub("list", "--json").stdout)] == ["1.0.0"]


def test_uninstall_goes_on_after_a_module_that_is_not_installed(module: Path) -> None:
    hub("install", module)
    done = hub("uninstall", "nothing", "sample")
    assert done.returncode == 1
    assert "nothing is not installed" in done.stderr
    assert done.stdout == "Successfully uninstalled sample\n"


def test_list_into_a_pipe_has_no_colour_no_frame_and_no_cut_lines(module: Path, home: Path) -> None:
    hub("install", module)
    lines = hub("list", COLUMNS="20").stdout.splitlines()
    assert [line.split() for line in lines] == [
        ["ModuleName", "Version", "Path"],
        ["sample", "1.0.0", str(home / "modules" / "sample" / "1.0.0" / "sample")],
    ]


def test_an_empty_list_says_how_to_install() -> None:
    done = hub("list")
    assert done.returncode == 0
    assert "hub install DIR" in done.stderr


def test_the_keys_of_list_as_json(module: Path, home: Path) -> None:
    hub("install", module)
    assert json.loads(hub("list", "--json").stdout) == [
        {
            "name": "sample",
            "version": "1.0.0",
            "summary": "说话 again",
            "location": str(home / "modules" / "sample" / "1.0.0" / "sample"),
            "weights": [],
        }
    ]


def test_show_prints_paddlehub_s_rows(module: Path, home: Path) -> None:
    hub("install", module)
    assert hub("show", "sample").stdout.splitlines() == [
        "ModuleName    sample",
        "Version       1.0.0",
        "Summary       说话 again",
        "Author        someone",
        "Author-Email  a@b.c",
        f"Location      {home}/modules/sample/1.0.0/sample",
        "Serving       say() at /predict/sample",
    ]


def test_the_keys_of_show_as_json(module: Path) -> None:
    write_module(module, weights='["LAC"]')
    assert json.loads(hub("show", f"{module}/", "--json").stdout) == {
        "name": "sample",
        "version": "1.0.0",
        "summary": "说话 again",
        "author": "someone",
        "author_email": "a@b.c",
        "location": str(module),
        "installed": False,
        "serving": "say",
        "interpreter": None,
        "weights": {"LAC": None},
    }


def test_show_of_a_version_and_of_a_folder_in_the_working_directory(module: Path, tmp_path: Path) -> None:
    hub("install", module, write_module(tmp_path / "other" / "sample", "2.0.0"))
    assert json.loads(hub("show", "sample==1.0.0", "--json").stdout)["version"] == "1.0.0"
    assert json.loads(hub("show", "sample", "--json").stdout)["version"] == "2.0.0"
    root = str(Path(__file__).resolve().parents[2])
    hub("uninstall", "sample")
    shown = json.loads(hub("show", "sample", "--json", cwd=module.parent, PYTHONPATH=root).stdout)
    assert (shown["installed"], shown["location"]) == (False, str(module))


def test_show_of_what_is_nowhere_fails_with_a_hint() -> None:
    done = hub("show", "nothing")
    assert done.returncode == 1
    assert "nothing is not installed" in done.stderr
    assert done.stdout == ""


def test_show_names_the_command_for_weights_that_are_missing(module: Path) -> None:
    write_module(module, weights='["LAC"]')
    assert "Weights       LAC: not fetched (hub weights fetch LAC)" in hub("show", f"{module}/").stdout


def test_version_is_the_package_s() -> None:
    import hub as package

    assert hub("version").stdout == f"{package.__version__}\n"


def test_weights_list_says_what_is_here() -> None:
    found = {entry["name"]: entry for entry in json.loads(hub("weights", "list", "--json").stdout)}
    assert found["PP-OCRv4_mobile_det"] == {
        "name": "PP-OCRv4_mobile_det",
        "kind": "paddle",
        "size": 4859304,
        "license": "Apache-2.0",
        "summary": "finds lines of text (Chinese, English)",
        "location": None,
    }


def test_weights_fetch_without_a_name_is_wrong_usage() -> None:
    done = hub("weights", "fetch")
    assert done.returncode == 2
    assert "which weights?" in done.stderr


@pytest.mark.models
def test_weights_fetch_fetches_and_says_where(home: Path) -> None:
    done = hub("weights", "fetch", "PP-OCRv4_mobile_det")
    assert done.returncode == 0
    assert done.stdout.startswith(f"PP-OCRv4_mobile_det is in {home}/weights/")
    assert "Downloading" in done.stderr
    assert hub("weights", "fetch", "PP-OCRv4_mobile_det").stderr == ""


@pytest.mark.parametrize("arguments", [("version",), ("list", "--json"), ("install", "--help")])
def test_light_commands_import_nothing_heavy(arguments: tuple[str, ...]) -> None:
    script = (
        "import sys, atexit\n"
        "heavy = {'rich', 'numpy', 'flask', 'requests', 'pydantic', 'cv2', 'paddle'}\n"
        "atexit.register(lambda: print(sorted(heavy & set(sys.modules)), file=sys.stderr))\n"
        f"sys.argv = ['hub', *{arguments!r}]\n"
        "from hub.cli.main import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[]"
