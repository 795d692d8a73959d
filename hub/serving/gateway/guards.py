"""Checks before any work is done: size, time, form, images.

A runner never sees bytes that nobody checked. Nothing here decodes an image: Pillow reads its header only.
"""

from __future__ import annotations

import binascii
import contextlib
import io
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import pybase64
from gunicorn.http.errors import ParseException
from PIL import Image
from werkzeug.datastructures import Headers

from hub.errors import (
    BindingError,
    BodyTimeoutError,
    InvalidInputError,
    PayloadTooLargeError,
    QueueFullError,
    UnavailableError,
)
from hub.serving.gateway.worker import Due

#: Arguments by which a client would name files on the server.
SERVER_PATH_ARGUMENTS = frozenset(
    ("paths", "path", "image_path", "audio_file", "output_dir", "save_path", "save_dir")
)
#: What OpenCV decodes and Pillow can size without decoding; anything else is for the runner to refuse.
IMAGE_FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP", "GIF", "PPM", "JPEG2000")
#: All images of a request together may have this many times the pixels of one.
TOTAL_PIXELS_FACTOR = 2
_CHUNK = 1 << 18

# Our own limit applies, with our own message; Pillow's would warn at half of it.
Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True)
class Limits:
    """What a request may cost."""

    max_body: int
    max_inflight: int
    body_timeout: float
    max_pixels: int
    max_images: int
    allow_server_paths: bool


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass
class Admission:
    """How much is in this HTTP worker at the moment: bytes in all, requests per module."""

    max_inflight: int
    _bytes: int = 0
    _requests: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def admit(self, module: str, capacity: int, size: int) -> Iterator[None]:
        """Hold a place and ``size`` bytes while the request is handled.

        Raises:
            QueueFullError: as many requests as the module can queue and run are here already.
            UnavailableError: the bodies of all requests together would exceed max_inflight_mb.
        """
        with self._lock:
            if self._requests.get(module, 0) >= capacity:
                raise QueueFullError(f"{module} has {capacity} requests running and waiting", retry_after=1)
            if self._bytes + size > self.max_inflight:
                raise UnavailableError(
                    "too many bytes in flight (max_inflight_mb); try again later", retry_after=1
                )
            self._requests[module] = self._requests.get(module, 0) + 1
            self._bytes += size
        try:
            yield
        finally:
            with self._lock:
                self._requests[module] -= 1
                self._bytes -= size


def declared_length(headers: Headers, limits: Limits) -> int:
    """Content-Length, or the limit for a body that comes in chunks; raises PayloadTooLargeError."""
    text = headers.get("Content-Length")
    if text is None:
        return limits.max_body if headers.get("Transfer-Encoding") else 0
    length = int(text)  # Gunicorn refuses what is no number
    if length > limits.max_body:
        raise _body_too_large(limits)
    return length


def read_body(stream: Readable, limits: Limits, connection: Any = None, length: int | None = None) -> bytes:
    """Read a request's body whole; ``connection`` is cut off when that takes too long.

    ``length`` is what was announced; None for a body that comes in chunks.

    Raises:
        BodyTimeoutError: it does not arrive in time.  PayloadTooLargeError: it is longer than announced.
        InvalidInputError: it is not HTTP.
    """
    deadline = time.monotonic() + limits.body_timeout
    watched = contextlib.nullcontext() if connection is None else Due(connection, deadline)
    try:
        with watched:
            return _receive(stream, limits, deadline, length)
    except InvalidInputError as error:
        if time.monotonic() > deadline:  # it was cut off
            raise _body_too_late(limits) from error
        raise


def _receive(stream: Readable, limits: Limits, deadline: float, length: int | None) -> bytes:
    chunks: list[bytes] = []
    received = 0
    while True:
        try:
            chunk = stream.read(min(_CHUNK, limits.max_body + 1 - received))
        except (BlockingIOError, TimeoutError) as error:  # the listener's receive timeout
            raise BodyTimeoutError("the body stopped arriving") from error
        except (OSError, ParseException) as error:  # chunks that are none
            raise InvalidInputError(f"the body cannot be received: {type(error).__name__} {error}") from error
        if time.monotonic() > deadline:
            raise _body_too_late(limits)
        if not chunk:
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)
        received += len(chunk)
        if received > limits.max_body:
            raise _body_too_large(limits)
        if received == length and not chunks:
            return chunk  # whole at once, as most are
        chunks.append(chunk)


def refuse_server_paths(arguments: Mapping[str, Any], limits: Limits) -> None:
    """Raises BindingError when a client names files of the server and that is not allowed."""
    if limits.allow_server_paths:
        return
    named = [name for name in SERVER_PATH_ARGUMENTS.intersection(arguments) if arguments[name]]
    if named:
        raise BindingError(
            f"argument `{named[0]}` names files on the server, which is not allowed over HTTP; "
            "send the image itself, or start the server with allow_server_paths"
        )


def decode_base64(text: Any, where: str) -> bytes:
    """Bytes of a base64 text; data-URI prefix, url-safe alphabet and line breaks are accepted.

    Raises:
        InvalidInputError: no text, empty, or not base64; ``where`` says which image it is.
    """
    if not isinstance(text, str):
        raise InvalidInputError(f"{where} must be base64 text, not {type(text).__name__}")
    if text.startswith("data:"):
        text = text.partition(",")[2]
    if "-" in text or "_" in text:
        text = text.replace("-", "+").replace("_", "/")
    try:
        data = pybase64.b64decode(text, validate=True)  # tens of times faster than binascii
    except ValueError:
        try:
            data = binascii.a2b_base64("".join(text.split()), strict_mode=True)
        except ValueError as error:
            raise InvalidInputError(f"{where} is not base64: {error}") from error
    if not data:
        raise InvalidInputError(f"{where} is empty")
    return data


class ImageBudget:
    """Counts a request's images and pixels against the limits, from their headers."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._images = 0
        self._pixels = 0

    def spend(self, data: bytes, where: str) -> None:
        """Raises PayloadTooLargeError; bytes whose size is unknown count as an image without pixels."""
        limit = self._limits.max_pixels
        self._images += 1
        if self._images > self._limits.max_images:
            raise PayloadTooLargeError(
                f"more than {self._limits.max_images} images in one request (max_images)"
            )
        width, height = image_size(data) or (0, 0)
        if width * height > limit:
            raise PayloadTooLargeError(
                f"{where} has {width} × {height} pixels; at most {limit} are allowed (max_pixels)"
            )
        self._pixels += width * height
        if self._pixels > TOTAL_PIXELS_FACTOR * limit:
            raise PayloadTooLargeError(
                f"the images together have more than {TOTAL_PIXELS_FACTOR * limit} pixels"
            )


def image_size(data: bytes) -> tuple[int, int] | None:
    """(width, height) from the header, None where it is not an image or has an unknown format."""
    try:
        with Image.open(io.BytesIO(data), formats=IMAGE_FORMATS) as image:
            return image.size
    except Exception:  # Pillow's parsers raise many kinds on broken headers; the runner decides then
        return None


def _body_too_late(limits: Limits) -> BodyTimeoutError:
    return BodyTimeoutError(f"the body did not arrive within {limits.body_timeout:g} s")


def _body_too_large(limits: Limits) -> PayloadTooLargeError:
    return PayloadTooLargeError(f"the body is larger than {limits.max_body / 1e6:g} MB (max_body_mb)")
