"""Models' folders as a pipeline's file names them."""

from __future__ import annotations

from pathlib import Path


def places(given: str, file: Path) -> list[Path]:
    """Where a model's folder may lie: from the working directory, as PaddleX has it, or beside the file."""
    path = Path(given).expanduser()
    return list(dict.fromkeys((path.absolute(), file.parent / path)))


def find_folder(given: str, file: Path) -> Path | None:
    """The folder that is meant by ``given`` in ``file``, or None where there is none."""
    return next((place for place in places(given, file) if place.is_dir()), None)


def model_name(folder: Path) -> str | None:
    """The model's name by PaddleX's ``inference.yml``, which it writes beside every model it exports."""
    import yaml

    try:
        said = yaml.safe_load((folder / "inference.yml").read_text(encoding="utf-8"))
        return str(said["Global"]["model_name"])
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError):
        return None
