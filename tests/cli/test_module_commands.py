"""pack, verify, clear and config, as a user types them."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from hub.registry import weights
from hub.registry.store import checksums
from tests.cli.conftest import ROOT, Hub
from tests.cli.modules import write_module
from tests.cli.test_install_sources import OFFLINE, assert_refused, sample, state_of
from tests.serving.running import Server

# -- pack ---------------------------------------------------------------------------------------------


@pytest.fixture
def with_weights(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module that names weights of the catalogue, which lie (made up) in the store."""
    catalogue = tmp_path / "catalogue.json"
    content = bytes(range(256)) * 100
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "model.bin").write_bytes(content)
    file = {
        "path": "w/model.bin",
        "name": "model.bin",
        "size": len(content),
        "sha256": checksums.of_file(tmp_path / "w" / "model.bin"),
    }
    entry = {"kind": "paddle", "summary": "", "license": "Apache-2.0", "archive": "w==1", "files": [file]}
    catalogue.write_text(
        json.dumps({"archives": {"w==1": {"file": "w-1.tar.gz", "size": 1}}, "entries": {"Tiny": entry}})
    )
    (tmp_path / "sitecustomize.py").write_text(
        f"import pathlib, hub.registry.weights as w\nw._CATALOGUE = pathlib.Path({str(catalogue)!r})\n"
    )
    monkeypatch.setattr(weights, "_CATALOGUE", catalogue)
    weights.catalogue.cache_clear()
    monkeypatch.setenv("TINY", str(tmp_path))
    folder = write_module(
        tmp_path / "weighty",
        "    @serving\n    def predict(self, texts):\n        import hub\n"
        "        return [(hub.model_path('Tiny') / 'model.bin').stat().st_size for _ in texts]\n",
    )
    source = (folder / "module.py").read_text().replace('summary=""', 'summary="", weights=["Tiny"]')
    (folder / "module.py").write_text(source)
    return folder


@pytest.fixture(autouse=True)
def fresh_catalogue() -> object:
    yield
    weights.catalogue.cache_clear()


def test_a_pack_installs_and_serves_in_an_empty_home_without_a_network(
    hub: Hub, home: Path, tmp_path: Path, with_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    weights.adopt("Tiny", tmp_path / "w", home=home)
    assert hub("install", with_weights, **both).returncode == 0
    first = hub("pack", "weighty", **both)
    assert first.stdout.startswith("weighty-1.0.0.hub.tar.gz (")
    archive = tmp_path / "weighty-1.0.0.hub.tar.gz"
    packed = archive.read_bytes()
    hub("pack", "weighty", **both)
    assert archive.read_bytes() == packed, "the same module packs to the same bytes"

    other = tmp_path / "other"
    elsewhere = {**both, **OFFLINE, "HUB_HOME": str(other)}
    done = hub("install", archive, **elsewhere)
    assert done.stdout == "Successfully installed weighty-1.0.0\n", done.stderr
    assert json.loads(hub("run", "weighty", "--input_text", "a", **elsewhere).stdout) == [25600]
    assert "weighty 1.0.0 is as installed (2 files)" in hub("verify", **elsewhere).stdout


def test_a_pack_serves(hub: Hub, home: Path, tmp_path: Path) -> None:
    sample(tmp_path / "sample.zip")
    hub("install", "sample.zip")
    hub("pack", "sample", "-o", "away.tar.gz")
    other = tmp_path / "other"
    assert hub("install", "away.tar.gz", HUB_HOME=str(other), **OFFLINE).returncode == 0
    with Server(other, {}, modules_info={"sample": {"init_args": {}}}) as server:
        assert server.post("sample", {"texts": ["x"]}).json()["results"] == ["x"]


def test_a_pack_that_was_changed_is_refused(hub: Hub, home: Path, tmp_path: Path) -> None:
    sample(tmp_path / "sample.zip")
    hub("install", "sample.zip")
    hub("pack", "sample")
    hub("uninstall", "sample")
    inside = tmp_path / "inside"
    inside.mkdir()
    subprocess.run(["tar", "xzf", "../sample-1.0.0.hub.tar.gz"], cwd=inside, check=True)
    (inside / "module" / "sample" / "module.py").write_text("import os\n")
    subprocess.run(["tar", "czf", "../changed.tar.gz", "."], cwd=inside, check=True)
    assert_refused(hub, home, "install", "changed.tar.gz", saying="changed: module/sample/module.py")


def test_a_pack_whose_weights_are_not_here_names_the_command(
    hub: Hub, home: Path, tmp_path: Path, with_weights: Path
) -> None:
    both = {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    folder = weights.adopt("Tiny", tmp_path / "w", home=home)
    hub("install", with_weights, **both)
    (folder / "model.bin").unlink()
    assert_refused(hub, home, "pack", "weighty", saying="hub weights fetch Tiny", **both)
    assert "weights Tiny: not fetched" in hub("verify", **both).stdout
    assert not (tmp_path / "weighty-1.0.0.hub.tar.gz").exists()


# -- verify -------------------------------------------------------------------------------------------


def test_verify_names_what_differs(hub: Hub, home: Path, tmp_path: Path) -> None:
    sample(tmp_path / "sample.zip", readme=b"x", data=b"y")
    hub("install", "sample.zip")
    assert hub("verify").stdout == "sample 1.0.0 is as installed (3 files)\n"
    folder = next(home.glob("content/sample/*/sample"))
    (folder / "data").write_text("z")
    (folder / "readme").unlink()
    (folder / "new").touch()
    done = hub("verify", "sample")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "sample 1.0.0 is not as installed:",
        "  changed: data",
        "  missing: readme",
        "  added: new",
    ]
    assert json.loads(hub("verify", "--json").stdout)[0]["problems"] == [
        "changed: data",
        "missing: readme",
        "added: new",
    ]


# -- clear --------------------------------------------------------------------------------------------


def test_clear_says_that_there_is_nothing(hub: Hub) -> None:
    assert hub("clear").stdout == "There is nothing to remove.\n"


def test_clear_removes_leftovers_and_keeps_what_is_installed(hub: Hub, home: Path, tmp_path: Path) -> None:
    sample(tmp_path / "sample.zip")
    hub("install", "sample.zip")
    before = state_of(home)
    for folder in ("tmp/work-killed", "content/gone/1.0.0-00000000", "weights/.staging-x-killed"):
        (home / folder).mkdir(parents=True)
        (home / folder / "file").write_bytes(bytes(1_000_000))
        os.utime(home / folder, (0, 0))
    assert hub("clear").stdout == "Removed 3 files, which frees 3.0 MB.\n"
    assert state_of(home) == before


def test_clear_removes_weights_only_if_asked_to_and_never_fresh_ones(
    hub: Hub, home: Path, tmp_path: Path
) -> None:
    for name, age in (("a" * 64, 3600), ("b" * 64, 0)):
        (home / "weights" / name).mkdir(parents=True)
        (home / "weights" / name / "model").write_bytes(bytes(5000))
        then = time.time() - age
        os.utime(home / "weights" / name, (then, then))
    kept = hub("clear")
    assert kept.stdout == "There is nothing to remove.\n"
    assert "aaaa (5.0 kB). Remove them with: hub clear --weights" in kept.stderr
    assert hub("clear", "--weights").stdout == "Removed 1 file, which frees 5.0 kB.\n"
    assert [folder.name for folder in (home / "weights").iterdir()] == ["b" * 64]


def test_clear_leaves_weights_that_a_process_uses(hub: Hub, home: Path) -> None:
    folder = home / "weights" / ("a" * 64)
    folder.mkdir(parents=True)
    (folder / "model").write_bytes(bytes(5000))
    os.utime(folder, (0, 0))
    descriptor = weights.hold(folder)
    done = hub("clear", "--weights")
    os.close(descriptor)

    assert (done.stdout, done.stderr) == ("There is nothing to remove.\n", "")
    assert (folder / "model").is_file()


# -- config -------------------------------------------------------------------------------------------


def test_config_shows_sets_and_resets(hub: Hub, home: Path) -> None:
    assert hub("config").stdout.splitlines() == ["index:", "max_download_mb: 4096"]
    assert hub("config", "set", "max_download_mb", "10").stdout == "max_download_mb: 10\n"
    hub("config", "set", "index", "/srv/hub", "https://example.org/hub")
    assert json.loads((home / "config.json").read_text()) == {
        "max_download_mb": 10,
        "index": ["/srv/hub", "https://example.org/hub"],
    }
    assert hub("config", "get", "index").stdout == "/srv/hub https://example.org/hub\n"
    assert hub("config", "get", "index", HUB_INDEX="/other").stdout == "/other\n"
    hub("config", "reset", "index")
    assert json.loads((home / "config.json").read_text()) == {"max_download_mb": 10}
    hub("config", "reset")
    assert hub("config", "get", "max_download_mb").stdout == "4096\n"


def test_the_password_of_an_index_is_neither_printed_nor_readable_by_others(hub: Hub, home: Path) -> None:
    address = "https://me:pass@word@models.example.org/hub"
    done = [
        hub("config", "set", "index", address),
        hub("config", "get", "index"),
        hub("config"),
        hub("config", "set", "index", address.replace("https", "ftp")),
    ]

    assert json.loads((home / "config.json").read_text())["index"] == [address]
    assert (home / "config.json").stat().st_mode & 0o777 == 0o600
    assert done[0].stdout == "index: https://***@models.example.org/hub\n"
    said = "".join(each.stdout + each.stderr for each in done)
    assert "pass@" not in said and "word@" not in said
    assert [each.returncode for each in done] == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("content", "environment", "saying"),
    [
        ('{"index": ["/证书"]}'.encode("gbk"), {}, "config.json is in GBK, not in UTF-8"),
        ('{"index": ["/证书"]}'.encode("utf-16"), {}, "config.json is in UTF-16, not in UTF-8"),
        (b"{}", {"HUB_MAX_DOWNLOAD_MB": "lots"}, "Error: HUB_MAX_DOWNLOAD_MB = 'lots' is not allowed"),
    ],
)
def test_settings_that_cannot_be_read_are_named(
    hub: Hub, home: Path, content: bytes, environment: dict[str, str], saying: str
) -> None:
    home.mkdir()
    (home / "config.json").write_bytes(content)
    done = hub("config", **environment)

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert saying in done.stderr


@pytest.mark.parametrize(
    ("words", "saying"),
    [
        (("set", "indx", "/srv"), "Did you mean index?"),
        (("get", "nonsense"), "The settings are: index, max_download_mb"),
        (("set", "max_download_mb", "lots"), "max_download_mb = 'lots' is not allowed"),
        (("set", "max_download_mb", "0"), "a whole number, at least 1"),
        (("set", "index", "relative/folder"), "neither an absolute folder nor an http(s) address"),
        (("set", "server", "http://example.org"), "no server is ever asked"),
    ],
)
def test_config_refuses_what_it_does_not_know(
    hub: Hub, home: Path, words: tuple[str, ...], saying: str
) -> None:
    assert_refused(hub, home, "config", *words, saying=saying)


def test_a_config_file_that_is_broken_is_named(hub: Hub, home: Path) -> None:
    home.mkdir()
    (home / "config.json").write_text('{"telemetry": true}')
    assert_refused(hub, home, "search", saying="there is no setting 'telemetry'")
    (home / "config.json").write_text("{")
    assert_refused(hub, home, "config", saying="config.json cannot be read")
