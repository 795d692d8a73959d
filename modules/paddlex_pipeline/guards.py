"""Keeps requests from fetching addresses, opening or writing files of their choice, and running code.

PaddleX takes an address for any file of a request, and fetches it from wherever this machine can reach; it
connects to the language model's service that a request names. Its document understanding also takes the path
of a file on the server for an image, its 3D detection unpickles a file of the TAR that it is sent. Where it
keeps pictures in a folder, it begins their names with the caller's ``logId``. Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any, Final, Protocol

_URLS: Final = ("http://", "https://")
#: Fields of a request that are a file, in base64 or by its address.
_FILES: Final = ("file", "image", "csv", "audio", "video", "tar")
#: Routes that unpickle what they are sent, and the field.
UNPICKLING: Final = {"bev-3d-object-detection": "tar"}


def untrusted(endpoint: str, *, trust_callers: bool) -> str | None:
    """Return why a route is closed to callers who are not trusted, or None."""
    if trust_callers or endpoint not in UNPICKLING:
        return None
    return (
        f"PaddleX unpickles a file of body.{UNPICKLING[endpoint]} here, so that callers can run any code on "
        "this machine; the server's operator may set trust_callers where all of them may"
    )


def refusal(body: Mapping[str, Any], *, allow_urls: bool) -> str | None:
    """Return why a request is not passed on to PaddleX, or None."""
    if not allow_urls:
        for place, text in _fetched(body):
            if _is_url(text):
                return (
                    f"{place} is a URL, and this server fetches none: send the file itself, in base64 "
                    "(the server's operator may set allow_urls)"
                )
    for place, text in _pictures(body):
        if not text.startswith("data:image") and not _is_url(text):
            return f"{place} must be a data:image/…;base64,… URI or a URL, not the path of a file"
    return None


def _is_url(text: str) -> bool:
    """Recognise a URL as the parsers behind PaddleX's schemas do: also in capitals, after blanks."""
    return text.lstrip()[:8].lower().startswith(_URLS)


class Storage(Protocol):
    """The interface of PaddleX's places for pictures."""

    def set(self, key: str, value: bytes) -> None: ...


class Below:
    """PaddleX's folder for pictures, out of which no name leads."""

    def __init__(self, inner: Storage) -> None:
        self._inner = inner

    def set(self, key: str, value: bytes) -> None:
        parts = PurePath(key).parts
        if len(parts) != 2 or parts[0] in ("..", "/"):
            raise ValueError(f"pictures are kept by logId, and this one names no folder of theirs: {key!r}")
        self._inner.set(key, value)


def _fetched(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what PaddleX may take for an address, and where it is; other texts may well be one."""
    for field, value in body.items():
        for place, text in _texts(value, f"body.{field}"):
            if _is_fetched(field, place, writes_documents=bool(body.get("outputFormats"))):
                yield place, text


def _is_fetched(field: str, place: str, *, writes_documents: bool) -> bool:
    if field in _FILES:
        return True
    if field == "imageLabelPairs":
        return place.endswith(".image")
    if field == "messages":
        return place.endswith((".image_url", ".image_url.url"))
    if field == "pages":  # their pictures go into the document
        return writes_documents and ".markdownImages." in place
    return field.endswith("Config") and place.lower().endswith("url")  # base_url of chatBotConfig, …


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Yield every string, however deep, and where it is."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, f"{place}.{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, f"{place}[{number}]")


def _pictures(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield images of a chat's messages; with max_image_tokens PaddleX decodes them and opens nothing."""
    if body.get("max_image_tokens") is not None:
        return
    for place, text in _texts(body.get("messages"), "body.messages"):
        if place.endswith((".image_url", ".image_url.url")):
            yield place, text
