"""PaddleHub's downloader, for modules that fetch their own files: extracted safely, never half there."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path
from typing import Final

from hub.compat.paddlehub_api.logger import ProgressBar

_BLOCK: Final = 1 << 20
_TIMEOUT_SECONDS: Final = 30


def mkdir(path: str) -> None:
    """``mkdir -p``."""
    Path(path).mkdir(parents=True, exist_ok=True)


def download(url: str, path: str | None = None) -> str:
    """Fetch a file into the folder ``path`` (default: the working directory); returns where it is."""
    ok, tips, file = default_downloader.download_file(url, path or ".", replace=True)
    if not ok or file is None:
        raise OSError(tips)
    return file


class Downloader:
    """Methods return ``(succeeded, what to tell the user, path)``."""

    def download_file(
        self,
        url: str,
        save_path: str,
        save_name: str | None = None,
        retry_limit: int = 3,
        print_progress: bool = False,
        replace: bool = False,
    ) -> tuple[bool, str, str | None]:
        """Fetch a file, unless it is there already."""
        mkdir(save_path)
        name = save_name or Path(urllib.parse.urlparse(url).path).name
        target = Path(save_path) / name
        if replace or not target.exists():
            reason = "it was not tried"
            for _ in range(retry_limit):
                try:
                    _fetch(url, target, show=print_progress)
                    break
                except (OSError, ValueError) as error:
                    reason = str(error)
            else:
                return False, f"Cannot download {url} within retry limit {retry_limit}: {reason}", None
        return True, f"File {target} download completed!", str(target)

    def uncompress(
        self, file: str, dirname: str | None = None, delete_file: bool = False, print_progress: bool = False
    ) -> tuple[bool, str, str]:
        """Extract an archive; returns the folder (or file) that it starts with."""
        folder = Path(dirname) if dirname else Path(file).parent
        first = _extract(Path(file), folder)
        if delete_file:
            Path(file).unlink()
        return True, f"File {file} uncompress completed!", str(folder / first)

    def download_file_and_uncompress(
        self,
        url: str,
        save_path: str,
        save_name: str | None = None,
        retry_limit: int = 3,
        delete_file: bool = True,
        print_progress: bool = False,
        replace: bool = False,
    ) -> tuple[bool, str, str | None]:
        """Both; ``save_name`` is then the name of what was extracted."""
        with tempfile.TemporaryDirectory() as temporary:
            where = temporary if delete_file else save_path
            ok, tips, file = self.download_file(
                url, where, retry_limit=retry_limit, print_progress=print_progress, replace=replace
            )
            if not ok or file is None:
                return ok, tips, file
            ok, extracted, folder = self.uncompress(file, dirname=save_path)
        if save_name:
            named = Path(save_path) / save_name
            shutil.move(folder, named)
            folder = str(named)
        return ok, f"{tips}\n{extracted}", folder


default_downloader = Downloader()


def _fetch(url: str, target: Path, *, show: bool) -> None:
    """Fetch to a file next to the target, which appears when all of it has come."""
    if urllib.parse.urlparse(url).scheme not in ("http", "https"):
        raise ValueError(f"{url} is no http(s) address")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with (
            urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer,
            part.open("wb") as file,
        ):
            expected = int(answer.headers.get("Content-Length") or 0)
            with ProgressBar(f"Download {url}") if show else _Silent() as bar:
                while block := answer.read(_BLOCK):
                    file.write(block)
                    bar.update(file.tell() / expected if expected else 0.0)
            if expected and file.tell() != expected:
                raise OSError(f"{file.tell()} of {expected} bytes came")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _extract(archive: Path, folder: Path) -> str:
    """Extract; returns the first part of the first member's path."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)  # zipfile itself takes ".." and absolute paths out of names
            names = packed.namelist()
    else:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
            names = tar.getnames()
    return next((name.removeprefix("./").partition("/")[0] for name in names if name.strip("./")), "")


class _Silent:
    def __enter__(self) -> _Silent:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def update(self, progress: float) -> None:
        """Nobody looks."""
