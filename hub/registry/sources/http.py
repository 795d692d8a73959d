"""Download a file from an address and believe nothing but its SHA-256."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from hub.errors import ChecksumError, NetworkError
from hub.registry.progress import Advance, Progress
from hub.registry.sources.pip_download import without_password

if TYPE_CHECKING:
    import requests

_ATTEMPTS = 3
_BLOCK = 1 << 18
#: Seconds to connect, and between two pieces of an answer.
_TIMEOUT = (10.0, 60.0)


class _BrokenOffError(Exception):
    """The connection ended or the server failed: worth another attempt."""


def download(url: str, target: Path, *, sha256: str, limit_mb: int, progress: Progress) -> Path:
    """Download ``url`` to the file ``target``; what breaks off starts again, three times in all.

    Raises:
        NetworkError: it cannot be had; the message says why.
        ChecksumError: it is another file than expected. Nothing of it is kept.
    """
    shown = without_password(url)

    def once() -> None:
        with _answer(url) as answer:
            size = _declared_size(answer)
            _check_size(shown, size or 0, limit_mb)
            with progress.task(f"Download {shown}", size) as advance:
                found = _save(answer, target, size, limit_mb, advance, shown)
        if found != sha256.lower():
            target.unlink()
            raise ChecksumError(
                f"{shown} is not the file that was expected: its SHA-256 is {found}, should be "
                f"{sha256.lower()}. Nothing of it is kept; ask its publisher which is right"
            )

    _with_attempts(once, shown, advice="or bring the file here and install it from its path")
    return target


def read_text(url: str, *, limit_bytes: int) -> bytes:
    """A small file's bytes.

    Raises:
        NetworkError: it cannot be had, or is larger than ``limit_bytes``.
    """
    content = bytearray()

    def once() -> None:
        content.clear()
        with _answer(url) as answer:
            for block in _blocks(answer):
                content.extend(block)
                if len(content) > limit_bytes:
                    raise NetworkError(f"{without_password(url)} is larger than {limit_bytes / 1e6:.0f} MB")

    _with_attempts(once, without_password(url), advice="or try again later")
    return bytes(content)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to, beside ``path``; it takes ``path``'s place when all went well, else it goes."""
    fresh = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        yield fresh
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def file_name(url: str) -> str:
    """The last part of an address's path, as a file may be called."""
    name = Path(unquote(urlsplit(url).path)).name
    return name if name.strip(".") and "\0" not in name else "download"


def _with_attempts(once: Callable[[], None], shown: str, *, advice: str) -> None:
    for attempt in range(_ATTEMPTS):
        time.sleep(0.5 * attempt)
        try:
            once()
        except _BrokenOffError as error:
            reason = str(error)
        else:
            return
    raise NetworkError(
        f"{shown} could not be downloaded ({_ATTEMPTS} attempts): {reason}. Nothing was changed; check the "
        f"address and the network (HTTPS_PROXY), {advice}"
    )


def _answer(url: str) -> requests.Response:
    import requests

    try:
        answer = requests.get(url, stream=True, timeout=_TIMEOUT, headers={"Accept-Encoding": "identity"})
    except (requests.ConnectionError, requests.Timeout) as error:
        raise _BrokenOffError(_reason(error)) from error
    except requests.RequestException as error:
        raise NetworkError(f"{without_password(url)} could not be downloaded: {_reason(error)}") from error
    if answer.status_code >= 500:
        raise _BrokenOffError(f"the server answers {answer.status_code} {answer.reason}")
    if answer.status_code != 200:
        raise NetworkError(
            f"{without_password(url)} could not be downloaded: the server answers "
            f"{answer.status_code} {answer.reason}"
        )
    return answer


def _reason(error: BaseException) -> str:
    """The innermost cause, which is the one that says something."""
    inner: BaseException | None = error
    while inner is not None:
        error = inner
        found = getattr(inner, "reason", None) or (inner.args[-1] if inner.args else None)
        inner = found if isinstance(found, BaseException) else None
    return without_password(str(error) or type(error).__name__)


def _declared_size(answer: requests.Response) -> int | None:
    declared = answer.headers.get("Content-Length", "")
    return int(declared) if declared.isdecimal() else None


def _save(
    answer: requests.Response, target: Path, size: int | None, limit_mb: int, advance: Advance, shown: str
) -> str:
    digest, done = hashlib.sha256(), 0
    with target.open("wb") as file:
        for block in _blocks(answer):
            done += len(block)
            _check_size(shown, done, limit_mb)
            digest.update(block)
            file.write(block)
            advance(done)
    if size is not None and done != size:
        raise _BrokenOffError(f"the connection ended after {done} of {size} bytes")
    return digest.hexdigest()


def _blocks(answer: requests.Response) -> Iterator[bytes]:
    """The answer's bytes, where only errors of the network are errors of the network."""
    import requests

    blocks = answer.iter_content(_BLOCK)
    while True:
        try:
            block = next(blocks, None)
        except requests.RequestException as error:
            raise _BrokenOffError(_reason(error)) from error
        if block is None:
            return
        yield block


def _check_size(shown: str, size: int, limit_mb: int) -> None:
    if size > limit_mb * 1_000_000:
        raise NetworkError(
            f"{shown} is larger than {limit_mb} MB, the most that is downloaded; "
            "'hub config set max_download_mb MB' moves that limit"
        )
