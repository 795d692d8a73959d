"""Finds the files of a model in its folder. Looks, never loads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from hub.errors import ModelNotFoundError

#: As many names of a folder are told.
_TOLD: Final = 10
#: The names of exported Paddle models: by PaddleOCR and PaddleX, by PaddleDetection.
_NAMES = ("inference", "model")

Kind = Literal["pdmodel", "json", "onnx"]


@dataclass(frozen=True)
class ModelFiles:
    """A model on disk.

    Attributes:
        kind: ``pdmodel`` (Paddle's program file), ``json`` (Paddle 3's program file) or ``onnx``.
        graph: the file that holds the graph.
        params: Paddle's weights file; None for ONNX, which has them inside.
    """

    kind: Kind
    graph: Path
    params: Path | None = None


def find_model_files(model_dir: str | Path) -> ModelFiles:
    """Find the model in a folder; Paddle's ``.pdmodel`` first, which most engines read.

    Raises:
        ModelNotFoundError: no folder, or none of the expected files in it.
    """
    folder = Path(model_dir)
    if not folder.is_dir():
        raise ModelNotFoundError(
            f"model folder {folder.absolute()} does not exist: correct the …_model_dir in params.py, "
            "or put the model there"
        )
    kinds: tuple[Kind, ...] = ("pdmodel", "json")
    for name in _NAMES:
        for kind in kinds:
            graph, params = folder / f"{name}.{kind}", folder / f"{name}.pdiparams"
            if graph.is_file() and params.is_file():
                return ModelFiles(kind, graph, params)
    onnx = sorted(folder.glob("*.onnx"))
    if len(onnx) > 1:
        raise ModelNotFoundError(f"{folder.absolute()} holds several .onnx files ({_listed(onnx)}): keep one")
    if onnx:
        return ModelFiles("onnx", onnx[0])
    raise ModelNotFoundError(
        f"{folder.absolute()} is not a model folder: it needs inference.pdmodel (or inference.json) and "
        f"inference.pdiparams, or one .onnx file, and holds {names_in(folder)}"
    )


def names_in(folder: Path) -> str:
    """Return the names of what is in a folder, for a message: the first ten, and how many more."""
    return _listed(folder.iterdir()) if folder.is_dir() else "nothing"


def _listed(paths: Iterable[Path]) -> str:
    names = sorted(path.name for path in paths)
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return ", ".join(names[:_TOLD]) + more or "nothing"
