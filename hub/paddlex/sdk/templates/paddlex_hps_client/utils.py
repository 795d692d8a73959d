"""Files in and out of JSON bodies."""

from __future__ import annotations

import base64
import urllib.request
from pathlib import Path


def is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def prepare_input_file(file: str) -> str:
    """Return a URL as it is, for the server to fetch; a local file as base64."""
    if is_url(file):
        return file
    return base64.b64encode(Path(file).read_bytes()).decode("ascii")


def save_output_file(file: str, output_path: str) -> None:
    """Write the content of a reply, base64 or a URL, to a local file."""
    if is_url(file):
        with urllib.request.urlopen(file, timeout=60) as reply:
            data = reply.read()
    else:
        data = base64.b64decode(file)
    Path(output_path).write_bytes(data)
