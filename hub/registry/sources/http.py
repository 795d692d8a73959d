"""Download a file from an address and believe nothing but its SHA-256."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import unquote, urlsplit

from hub.errors import ChecksumError, NetworkError
from hub.registry.progress import Progress, Silent
from hub.registry.sources.pip_download import without_password
from hub.registry.store import checksums

_ATTEMPTS: Final = 3
_BLOCK: Final = 1 << 18
#: Seconds to connect, and between two pieces of an answer.
_CONNECT_SECONDS, _READ_SECONDS = 10.0, 60.0


def download(url: str, target: Path, *, sha256: str, limit_mb: int, progress: Progress) -> None:
    """Download ``url`` to the file ``target``.

    Raises:
        NetworkError: it cannot be had; the message says why.
        ChecksumError: it is another file than expected. Nothing of it is kept.
    """
    too_large = (
        f"is larger than {limit_mb} MB, the most that is downloaded; "
        "'hub config set max_download_mb MB' moves that limit"
    )
    advice = "or bring the file here and install it from its path"
    with target.open("wb") as file:
        _get(url, file, limit=limit_mb * 1_000_000, too_large=too_large, advice=advice, progress=progress)
    try:
        checksums.expect(target, sha256, shown_as=without_password(url))
    except ChecksumError:
        target.unlink()
        raise


def read_bytes(url: str, *, limit: int) -> bytes:
    """Return the content of a small file.

    Raises:
        NetworkError: it cannot be had, or is larger than ``limit`` bytes.
    """
    file, too_large = io.BytesIO(), f"is larger than {limit / 1e6:.0f} MB"
    _get(url, file, limit=limit, too_large=too_large, advice="or try again later", progress=Silent())
    return file.getvalue()


def file_name(url: str) -> str:
    """Return the last part of an address's path, as a file may be called."""
    name = Path(unquote(urlsplit(url).path)).name
    return name if name.strip(".") and "\0" not in name else "download"


def _get(url: str, file: BinaryIO, *, limit: int, too_large: str, advice: str, progress: Progress) -> None:
    """Write the content to ``file``; what breaks off starts again, three times in all."""
    import httpx2

    shown, reason = without_password(url), ""
    timeout = httpx2.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS)
    headers = {"Accept-Encoding": "identity"}
    for attempt in range(_ATTEMPTS):
        time.sleep(0.5 * attempt)
        try:
            with httpx2.stream("GET", url, follow_redirects=True, timeout=timeout, headers=headers) as reply:
                if reply.status_code == 200:
                    declared = reply.headers.get("Content-Length", "")
                    size = int(declared) if declared.isdecimal() else None
                    if size is not None and size > limit:
                        raise NetworkError(f"{shown} {too_large}")
                    file.seek(0)
                    file.truncate()
                    with progress.task(f"Download {shown}", size) as advance:
                        for block in reply.iter_bytes(_BLOCK):
                            file.write(block)
                            advance(file.tell())
                            if file.tell() > limit:
                                raise NetworkError(f"{shown} {too_large}")
                    return
                reason = f"the server answers {reply.status_code} {reply.reason_phrase}"
                if reply.status_code < 500:
                    raise NetworkError(f"{shown} could not be downloaded: {reason}")
        except httpx2.TransportError as error:
            reason = without_password(str(error) or type(error).__name__)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise NetworkError(f"{shown} could not be downloaded: {without_password(str(error))}") from error
    raise NetworkError(
        f"{shown} could not be downloaded ({_ATTEMPTS} attempts): {reason}. Nothing was changed; check the "
        f"address and the network (HTTPS_PROXY), {advice}"
    )
