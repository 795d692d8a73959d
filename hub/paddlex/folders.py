"""Models' folders as a pipeline's file names them."""

from __future__ import annotations

from pathlib import Path


def places(given: str, file: Path) -> list[Path]:
    """Return where a model's folder may be: in the working directory, as in PaddleX, or beside the file."""
    path = Path(given).expanduser()
    return list(dict.fromkeys((path.absolute(), file.parent / path)))


def find_folder(given: str, file: Path) -> Path | None:
    """Return the folder that ``given`` means in ``file``, or None where there is none."""
    return next((place for place in places(given, file) if place.is_dir()), None)
