"""Names under which modules customarily take what they work on, and which of them a file goes to.

Standard library only: ``hub run`` uses it in a module's own environment, too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal

IMAGES: Final = ("images", "image", "data")
TEXTS: Final = ("texts", "text", "sentences", "sentence", "data", "query")
PATHS: Final = ("paths", "path", "audio_file", "input_path")
#: Under these one value is passed; under all others a list.
SINGLE: Final = frozenset(("image", "text", "sentence", "query", "path", "audio_file", "input_path"))

#: Arguments by which a client would name files on the server: paths, video_path, save_dir, imagePath, …
_SERVER_PATH: Final = re.compile(
    r"(?:.*[_-])?(?:path|dir|directory|directories|folder|filename)s?(?:[_-]list)?"
    r"|.*[a-z](?:Path|Dir|Directory|Folder|Filename|FileName)s?"
    r"|(?:audio|video|wav|music)_files?",
    re.DOTALL,
)

#: The part of a file that is passed: its bytes as an image, its path, or its lines.
FileKind = Literal["image", "path", "text"]


def names_server_files(argument: str) -> bool:
    """Tell from an argument's name whether it is for a file or folder of the server."""
    return _SERVER_PATH.fullmatch(argument) is not None


def for_files(taken: Sequence[str], images: Sequence[str]) -> tuple[str, FileKind] | None:
    """Return the argument that a file goes to, and what of the file; None if no argument has such a name.

    Args:
        taken: names of the method's parameters.
        images: those that the module declares to be images.
    """
    choices: tuple[tuple[Sequence[str], FileKind], ...] = (
        ((*images, *IMAGES[:2]), "image"),
        (PATHS, "path"),
        (TEXTS, "text"),
    )
    for names, kind in choices:
        for name in names:
            if name in taken:
                return name, kind
    return None
