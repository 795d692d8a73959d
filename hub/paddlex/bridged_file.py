"""Slips in the files of pipelines that the real PaddleX serves.

PaddleX checks the values in its files, and ignores keys that it does not know: with ``model_dirr`` it would
fetch another model. Which keys there are differs between its releases. So an unknown key at the top is
refused, and one further down if it is nearly a known one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from hub.errors import ConfigError
from hub.paddlex.document import Document
from hub.suggestion import closest

#: So alike that one of them is a slip of the pen.
_SLIP: Final = 0.85
#: ``top``: keys at the top of the pipelines' files, in PaddleX 3.7. ``below``: further ones of models, of
#: pipelines within pipelines, and of ``Serving``.
_KEYS: Final = Path(__file__).with_name("bridged_keys.json")


def check(document: Document) -> None:
    """Refuse keys that are slips.

    Raises:
        ConfigError: such a key, with the one that is meant.
    """
    keys = json.loads(_KEYS.read_bytes())
    for path, key in _keys(document.keys, ""):
        known = keys["top"] + keys["below"] if path else keys["top"]
        meant = closest(key, known, cutoff=_SLIP if path else 0.6)
        if key not in known and (meant or not path):
            hint = f"; did you mean {meant!r}?" if meant else ""
            raise ConfigError(f"pipeline file {document.path}: unknown key '{path}{key}'{hint}")


def _keys(part: Mapping[Any, Any], path: str) -> Iterator[tuple[str, str]]:
    """Yield path and name of every key; the names of models and pipelines within are PaddleX's to check."""
    for key, value in part.items():
        yield path, str(key)
        if key in ("SubModules", "SubPipelines") and isinstance(value, dict):
            for entry, keys in value.items():
                if isinstance(keys, dict):
                    yield from _keys(keys, f"{path}{key}.{entry}.")
        elif key in ("Serving", "extra") and isinstance(value, dict):
            yield from _keys(value, f"{path}{key}.")
