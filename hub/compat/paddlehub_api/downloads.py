"""PaddleHub's downloader, for modules that fetch their own files: extracted safely, never half there.

Standard library only: in an environment of its own a module has no other package that could fetch.
"""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path
from typing import Final

from hub.compat.paddlehub_api.logger import logger

_TIMEOUT_SECONDS: Final = 30


def mkdir(path: str) -> None:
    """Make a folder and those above it."""
    Path(path).mkdir(parents=True, exist_ok=True)


def download(url: str, path: str | None = None) -> str:
    """Fetch a file into the folder ``path`` (default: the working directory); return where it is."""
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
        target = Path(save_path) / (save_name or Path(urllib.parse.urlparse(url).path).name)
        if target.exists() and not replace:
            return True, f"File {target} is there already", str(target)
        if print_progress:
            logger.info("Download %s", url)
        reason = "no attempt was allowed"
        for _ in range(retry_limit):
            try:
                _fetch(url, target)
            except (OSError, ValueError) as error:
                reason = str(error)
            else:
                return True, f"File {target} download completed!", str(target)
        return False, f"Cannot download {url} within retry limit {retry_limit}: {reason}", None

    def uncompress(
        self, file: str, dirname: str | None = None, delete_file: bool = False, print_progress: bool = False
    ) -> tuple[bool, str, str]:
        """Extract an archive; the path is that of the folder (or file) that it starts with."""
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
        """Fetch and extract an archive; ``save_name`` is then the name of what was extracted."""
        with tempfile.TemporaryDirectory() as temporary:
            where = temporary if delete_file else save_path
            ok, tips, file = self.download_file(url, where, None, retry_limit, print_progress, replace)
            if not ok or file is None:
                return ok, tips, file
            ok, extracted, folder = self.uncompress(file, dirname=save_path)
        if save_name:
            folder = str(shutil.move(folder, Path(save_path) / save_name))
        return ok, f"{tips}\n{extracted}", folder


default_downloader = Downloader()


def _fetch(url: str, target: Path) -> None:
    """Fetch to a file beside the target, which replaces it when it is complete."""
    if urllib.parse.urlparse(url).scheme not in ("http", "https"):
        raise ValueError(f"{url} is not an http or https address")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer, part.open("wb") as file:
            shutil.copyfileobj(answer, file)
            expected = int(answer.headers.get("Content-Length") or 0)
            if expected and file.tell() != expected:
                raise OSError(f"the connection ended after {file.tell()} of {expected} bytes")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _extract(archive: Path, folder: Path) -> str:
    """Extract an archive; return the first part of its first member's path."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)  # zipfile itself takes ".." and absolute paths out of names
            names = packed.namelist()
    else:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
            names = tar.getnames()
    return next((name.removeprefix("./").partition("/")[0] for name in names if name.strip("./")), "")
