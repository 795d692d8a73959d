"""The shapes of what a model computes, by its graph alone; nothing is compiled or run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hub.errors import EngineError


def output_shapes(graph: Path) -> list[tuple[int, ...]]:
    """Return the shape of each output of a graph; -1 stands for a size that the input decides.

    Args:
        graph: a ``.pdmodel`` (with its ``.pdiparams`` beside it), a Paddle 3 ``.json`` or an ``.onnx`` file.

    Raises:
        EngineError: it cannot be read as such.
    """
    try:
        return _of_program(graph) if graph.suffix == ".json" else _by_openvino(graph)
    except (OSError, ValueError, KeyError, IndexError, TypeError, RuntimeError, ImportError) as error:
        raise EngineError(f"{graph} is not a graph that can be read: {error}") from error


def _by_openvino(graph: Path) -> list[tuple[int, ...]]:
    from hub.engines.converter_left_out import openvino

    shapes = []
    for output in openvino.Core().read_model(str(graph)).outputs:
        shape = output.get_partial_shape()
        # Without a rank it may be anything: no size says nothing.
        sizes = shape if shape.rank.is_static else ()
        shapes.append(tuple(-1 if size.is_dynamic else size.get_length() for size in sizes))
    return shapes


def _of_program(graph: Path) -> list[tuple[int, ...]]:
    """Read Paddle 3's program, which OpenVINO does not: what each ``fetch`` at its end gives back."""
    program: Any = json.loads(graph.read_bytes())
    operations = program["program"]["regions"][0]["blocks"][0]["ops"]
    fetched = [each for each in operations if each["#"].rpartition(".")[2] == "fetch"]
    return [tuple(each["O"][0]["TT"]["D"][1]) for each in fetched]
