"""Files in and out of JSON bodies."""

from __future__ import annotations

import base64
import json
import urllib.request
from pathlib import Path
from typing import Any, Dict


def is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def prepare_input_file(file: str) -> str:
    """Return a URL as it is, for the server to fetch; a local file as base64."""
    if is_url(file):
        return file
    return base64.b64encode(Path(file).read_bytes()).decode("ascii")


def json_argument(given: str) -> Dict[str, Any]:
    """Return a JSON object that an option holds, or the file that it names after an @; raises ValueError."""
    text = Path(given[1:]).read_text("utf-8") if given.startswith("@") else given
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("--json must be a JSON object, not {}".format(type(value).__name__))
    return value


def save_output_file(file: str, output_path: str) -> None:
    """Write the content of a reply, base64 or a URL, to a local file."""
    if is_url(file):
        with urllib.request.urlopen(file, timeout=60) as reply:
            data = reply.read()
    else:
        data = base64.b64decode(file)
    Path(output_path).write_bytes(data)
