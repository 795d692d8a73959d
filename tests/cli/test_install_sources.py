"""``hub install`` from archives, addresses, names and indexes, and what each failure leaves: nothing."""

from __future__ import annotations

import json
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Hub
from tests.registry.archives import MODULE, Web, break_off, send, sha256, tar, zipped
from tests.registry.sources.test_unpack import HOSTILE

pytestmark = pytest.mark.slow

OFFLINE = {
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "PIP_NO_INDEX": "1",
    "PIP_CONFIG_FILE": "/dev/null",
}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return sample(tmp_path / "sample.tar.gz")


def sample(path: Path, version: str = "1.0.0", **files: bytes) -> Path:
    source = MODULE.replace(b"1.0.0", version.encode())
    members = [("sample/module.py", source), *((f"sample/{name}", data) for name, data in files.items())]
    return zipped(path, *members) if path.suffix == ".zip" else tar(path, *members)


def state_of(home: Path) -> dict[str, bytes | str]:
    """Every file and link below the home that matters; locks do not."""
    return {
        str(path.relative_to(home)): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in sorted(home.rglob("*"))
        if (path.is_symlink() or path.is_file()) and "locks" not in path.parts
    }


def assert_refused(hub: Hub, home: Path, *words: object, saying: str, **environment: str) -> str:
    """One message, exit code 1, and the home as it was."""
    before = state_of(home)
    done = hub(*words, **environment)
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    errors = [line for line in done.stderr.splitlines() if not line.endswith("…")]
    assert errors[0].startswith("Error: ")
    assert "Traceback" not in done.stderr
    assert saying in done.stderr
    assert state_of(home) == before
    return done.stderr


@pytest.mark.parametrize("name", ["sample.tar.gz", "sample.tgz", "sample.tar", "sample.zip"])
def test_from_an_archive(hub: Hub, home: Path, tmp_path: Path, name: str) -> None:
    archive = sample(tmp_path / name)
    assert hub("install", archive).stdout == "Successfully installed sample-1.0.0\n"
    assert json.loads(hub("list", "--json").stdout)[0]["name"] == "sample"
    record = json.loads(next(home.glob("content/sample/*/record.json")).read_text())
    assert record["source"] == str(archive)
    assert list((home / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    "name", ["tar traversal", "tar symlink", "tar device", "tar absolute", "tar header bomb", "zip symlink"]
)
def test_a_hostile_archive_changes_nothing(hub: Hub, home: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    archive = HOSTILE[name][0](tmp_path / "in")
    assert_refused(hub, home, "install", archive, saying=archive.name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "in"]


def test_a_bomb_changes_nothing(hub: Hub, home: Path, tmp_path: Path) -> None:
    archive = sample(tmp_path / "sample.tar.gz", data=bytes(100_000_000))
    assert archive.stat().st_size < 200_000
    assert_refused(hub, home, "install", archive, saying="unpacks to more than")


def test_a_wrong_digest_of_an_archive(hub: Hub, home: Path, archive: Path) -> None:
    said = assert_refused(hub, home, "install", archive, "--sha256", "0" * 64, saying="should be 000")
    assert sha256(archive) in said
    assert hub("install", archive, "--sha256", sha256(archive).upper()).returncode == 0


def test_from_an_address(hub: Hub, web: Web, archive: Path, home: Path) -> None:
    url = web.put("/a/sample.tar.gz", archive)
    done = hub("install", url, "--sha256", sha256(archive))
    assert done.stdout == "Successfully installed sample-1.0.0\n"
    assert f"Download {url}" in done.stderr
    assert json.loads(next(home.glob("content/sample/*/record.json")).read_text())["source"] == url


def test_an_address_without_a_digest_is_not_even_asked(hub: Hub, home: Path, web: Web, archive: Path) -> None:
    assert_refused(hub, home, "install", web.put("/sample.tar.gz", archive), saying="--sha256 DIGEST")
    assert web.asked == []


def test_a_wrong_digest_of_an_address(hub: Hub, home: Path, web: Web, archive: Path) -> None:
    url = web.put("/sample.tar.gz", archive)
    assert_refused(
        hub, home, "install", url, "--sha256", "0" * 64, saying="is not the file that was expected"
    )


def test_a_download_that_breaks_off_starts_again(hub: Hub, web: Web, archive: Path) -> None:
    url = web.put("/sample.tar.gz", archive)
    web.trouble = lambda handler, content: len(web.asked) < 3 and break_off(handler, content)
    assert hub("install", url, "--sha256", sha256(archive)).returncode == 0
    assert len(web.asked) == 3


@pytest.mark.parametrize(
    ("trouble", "saying"),
    [
        (break_off, "3 attempts"),
        (lambda handler, content: handler.send_error(503) or True, "answers 503"),
        (lambda handler, content: handler.send_error(403) or True, "answers 403"),
        (lambda handler, content: send(handler, b"", length=10**12) or True, "larger than 4096 MB"),
    ],
    ids=["breaks off", "server fails", "forbidden", "too large"],
)
def test_a_download_that_fails(
    hub: Hub, home: Path, web: Web, archive: Path, trouble: Callable[..., bool], saying: str
) -> None:
    url = web.put("/sample.tar.gz", archive)
    web.trouble = trouble
    assert_refused(hub, home, "install", url, "--sha256", sha256(archive), saying=saying)


def test_no_network(hub: Hub, home: Path) -> None:
    words = ("install", "https://example.org/a.tar.gz", "--sha256", "0" * 64)
    said = assert_refused(hub, home, *words, saying="could not be downloaded", **OFFLINE)
    assert "install it from its path" in said


def test_a_full_disk(hub: Hub, home: Path, tmp_path: Path) -> None:
    archive = sample(tmp_path / "sample.tar.gz", data=bytes(range(256)) * 2000)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))  # a write beyond it fails as on a full disk
    try:
        assert_refused(hub, home, "install", archive, saying="File too large")
        (tmp_path / "sample").mkdir()
        (tmp_path / "sample" / "module.py").write_bytes(MODULE)
        assert hub("install", "sample/").returncode == 0
        said = assert_refused(hub, home, "install", "--force", archive, saying="could not be changed")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert "free space" in said


def test_a_module_that_comes_along_by_name_without_a_network(hub: Hub, tmp_path: Path) -> None:
    hub("init", "echo_me")  # a folder of another name does not matter
    done = hub("install", "nothing_like_it", **OFFLINE)
    assert done.returncode == 1
    assert "There is no module nothing_like_it." in done.stderr
    assert "ocr_system" in done.stderr


@pytest.mark.parametrize(
    "name", ["senta_bilstm", "yolov3_darknet53_coco2017", "vgg16_imagenet", "pyramidbox_lite_server_mask"]
)
def test_a_module_whose_weights_cannot_be_had_says_why(hub: Hub, home: Path, name: str) -> None:
    said = assert_refused(hub, home, "install", name, saying="its weights are published by PaddleHub's own")
    assert "hub init" in said or "hub convert" in said
    started = hub("serving", "start", "-m", name)
    assert (started.returncode, started.stdout) == (1, "")
    assert "cannot be installed by name" in started.stderr


def test_starting_a_module_that_comes_along_names_the_command(hub: Hub) -> None:
    started = hub("serving", "start", "-m", "ocr_det")
    assert started.returncode == 1
    assert "hub install ocr_det" in started.stderr


def make_index(tmp_path: Path) -> Path:
    folder = tmp_path / "index"
    folder.mkdir()
    sample(folder / "sample-1.tar.gz", "1.0.0")
    sample(folder / "sample-2.zip", "1.10.0")
    sample(folder / "old.tar", "1.9.0")
    return folder


def test_an_index_in_a_folder(hub: Hub, tmp_path: Path) -> None:
    folder = make_index(tmp_path)
    assert hub("index", "build", folder).returncode == 0
    hub("config", "set", "index", folder)
    assert hub("search", "^sample").stdout.splitlines()[1].split() == [
        "sample", "1.0.0", "says", "it", "again", str(folder),
    ]  # fmt: skip
    assert hub("install", "sample").stdout == "Successfully installed sample-1.10.0\n"
    assert hub("install", "sample==1.9").stdout == "Successfully installed sample-1.9.0\n"
    again = hub("install", "sample==1.9.0")
    assert again.stdout.startswith("Module sample-1.9.0 already installed in ")
    assert hub("install", "sample").stdout.startswith("Module sample already installed in ")
    assert hub("install", "--force", "sample").stdout == "Successfully installed sample-1.10.0\n"


def test_an_index_on_a_web_server(hub: Hub, tmp_path: Path, web: Web) -> None:
    folder = make_index(tmp_path)
    hub("index", "build", folder)
    for file in folder.iterdir():
        web.put(f"/hub/{file.name}", file)
    hub("config", "set", "index", f"{web.url}/hub")
    assert hub("install", "sample==1.0.0").stdout == "Successfully installed sample-1.0.0\n"
    assert web.asked == ["/hub/index.json", "/hub/sample-1.tar.gz"]
    (tmp_path / "here").mkdir()
    assert hub("download", "sample", "-o", "here").stdout == "here/sample-2.zip\n"
    assert (tmp_path / "here" / "sample-2.zip").read_bytes() == (folder / "sample-2.zip").read_bytes()


def test_an_archive_that_was_exchanged_after_the_index_was_built(
    hub: Hub, home: Path, tmp_path: Path
) -> None:
    folder = make_index(tmp_path)
    hub("index", "build", folder)
    hub("config", "set", "index", folder)
    sample(folder / "sample-2.zip", "1.10.0", evil=b"x")
    assert_refused(hub, home, "install", "sample", saying="is not the file that was expected")


@pytest.mark.parametrize(
    ("content", "saying"),
    [
        (b"nonsense", "is not an index of modules"),
        (b'{"format": 2, "modules": []}', "format 2"),
        (b'{"format": 1, "modules": [{"name": "a", "version": "1"}]}', "modules.0.archive"),
        (
            b'{"format": 1, "modules": [{"name": "a", "version": "1", "archive": "../../a.zip", "size": 1, '
            b'"sha256": "%s"}]}' % (b"0" * 64),
            "'../../a.zip' is not a path below the index",
        ),
    ],
    ids=["no JSON", "later format", "key missing", "leads out"],
)
def test_a_bad_index(hub: Hub, home: Path, tmp_path: Path, content: bytes, saying: str) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "index.json").write_bytes(content)
    hub("config", "set", "index", tmp_path / "index")
    assert_refused(hub, home, "install", "sample", saying=saying)


def test_an_index_that_is_down_hinders_only_who_needs_it(hub: Hub, home: Path) -> None:
    hub("config", "set", "index", "http://127.0.0.1:9/hub")
    said = assert_refused(hub, home, "install", "sample", saying="the index that is configured")
    assert "hub config reset index" in said
    found = hub("search")
    assert (found.returncode, "ocr_system" in found.stdout) == (1, True)
    assert hub("show", "sample").returncode == 1


def test_download_makes_an_archive_of_what_comes_along(hub: Hub, tmp_path: Path) -> None:
    assert hub("download", "ocr_det").stdout == "ocr_det-1.0.0.tar.gz\n"
    listed = subprocess.run(
        ["tar", "tzf", tmp_path / "ocr_det-1.0.0.tar.gz"], capture_output=True, text=True, check=True
    )
    assert "ocr_det/module.py" in listed.stdout.split()
    done = hub("download", "nothing_like_it")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: There is no module nothing_like_it.")
