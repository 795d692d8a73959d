"""Modules' own files are fetched and extracted whole, or not at all."""

from __future__ import annotations

import http.server
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from hub.compat.paddlehub_api.downloads import default_downloader, download


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    served = tmp_path / "served"
    (served / "data").mkdir(parents=True)
    (served / "data" / "a.txt").write_text("hello")
    with tarfile.open(served / "data.tar.gz", "w:gz") as tar:
        tar.add(served / "data", "data")
    with tarfile.open(served / "evil.tar", "w") as tar:
        tar.add(served / "data" / "a.txt", "../evil.txt")
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(served))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as http_server:
        threading.Thread(target=http_server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http_server.server_address[1]}"
        http_server.shutdown()


def test_files_are_fetched_and_extracted(address: str, tmp_path: Path) -> None:
    ok, _, folder = default_downloader.download_file_and_uncompress(
        f"{address}/data.tar.gz", str(tmp_path / "home"), print_progress=True
    )
    assert ok and folder is not None and (Path(folder) / "a.txt").read_text() == "hello"
    assert [entry.name for entry in (tmp_path / "home").iterdir()] == ["data"]
    assert Path(download(f"{address}/data/a.txt", str(tmp_path))).read_text() == "hello"


def test_a_failed_download_says_why_and_leaves_nothing(address: str, tmp_path: Path) -> None:
    ok, tips, file = default_downloader.download_file(f"{address}/absent", str(tmp_path / "home"))
    assert not ok and file is None and "404" in tips
    assert list((tmp_path / "home").iterdir()) == []
    assert default_downloader.download_file("file:///etc/passwd", str(tmp_path / "home"))[0] is False


def test_an_archive_cannot_write_beside_its_folder(address: str, tmp_path: Path) -> None:
    with pytest.raises(tarfile.TarError):
        default_downloader.download_file_and_uncompress(f"{address}/evil.tar", str(tmp_path / "home"))
    assert not (tmp_path / "evil.txt").exists()
