"""``hub convert``: the folder of an exported model becomes a module that serves it.

The new module is a copy of the bundled one for such models (``image_classifier`` or
``object_detector``) under its own name, with the model in its folder and its parameters set. Only literals of
its source are changed: what ``@moduleinfo`` says, and defaults in ``params.py``.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hub.engines.files import names_in
from hub.engines.shapes import output_shapes
from hub.errors import (
    EngineError,
    HubError,
    InvalidModuleError,
    ModelNotFoundError,
    RegistryError,
    UsageError,
)
from hub.module.info import read_module_info
from hub.registry.authoring.scaffold import TEMPLATES, config_json
from hub.registry.sources import bundled
from hub.suggestion import did_you_mean

WRAPPERS = {"classifier": "image_classifier", "detector": "object_detector"}


def convert(
    folder: Path,
    *,
    name: str | None,
    version: str,
    kind: str | None,
    labels: Path | None,
    settings: Mapping[str, Any],
    target: Path | None,
) -> Path:
    """Make a module of the model in ``folder``; return the module's folder.

    Args:
        folder: an exported Paddle model (.pdmodel or .json with .pdiparams) or one .onnx file.
        name: the module's name; default the folder's.
        version: the module's version.
        kind: ``classifier`` or ``detector``; default what the graph's inputs and outputs look like.
        labels: a file with the name of a class a line.
        settings: other parameters of the wrapper's params.py.
        target: the new folder, which must not exist; default ``<name>_<seconds>`` here.

    Raises:
        ModelNotFoundError: the folder holds no such model.
        UsageError: ``kind`` is not given, and the graph is neither clearly a classifier's nor a detector's.
        InvalidModuleError: a name, version or setting that is not allowed.
        RegistryError: the folder exists, or cannot be written.
    """
    model = _model_files(folder)
    name = name or re.sub(r"\W", "_", folder.absolute().name)
    package = name.replace("-", "_")
    target = target or Path(f"{package}_{int(time.time())}")
    if target.exists():
        raise RegistryError(f"{target} exists already; choose another --output_dir")
    wrapper = WRAPPERS[kind or _kind_of(model[0])]
    info = {"name": name, "version": version, "summary": f"serves the model {folder.absolute().name}"}
    # Names of its own: relative ones are looked for in the working directory first.
    values = {"model_dir": f"{package}_model", **settings}
    files = {f"{values['model_dir']}/inference{file.suffix}": file for file in model}
    if labels is not None:
        values["labels"] = f"{package}_labels.txt"
        files[values["labels"]] = labels
    try:
        _copy(files | _wrapper_files(wrapper), target)
        _set_literals(target / "module.py", _info_literals, info)
        _set_literals(target / "params.py", _defaults, values)
        readme = (TEMPLATES / "converted.md").read_text(encoding="utf-8")
        readme = readme.format(**info, wrapper=wrapper, folder=target.name, model=values["model_dir"])
        (target / "README.md").write_text(readme, encoding="utf-8")
        (target / "config.json").write_text(config_json(name, {"version": version}), encoding="utf-8")
        read_module_info(target)
    except (OSError, HubError) as error:
        shutil.rmtree(target, ignore_errors=True)
        if isinstance(error, OSError):
            raise RegistryError(f"{target} cannot be written: {error}") from error
        raise
    return target


def _model_files(folder: Path) -> list[Path]:
    """Return the graph of an exported model, and after it Paddle's weights if it has such a file."""
    if not folder.is_dir():
        raise ModelNotFoundError(f"{folder} does not exist, or is not a folder")
    for suffix in (".pdmodel", ".json"):
        for graph in sorted(folder.glob(f"*{suffix}")):
            if (weights := graph.with_suffix(".pdiparams")).is_file():
                return [graph, weights]
    graphs = list(folder.glob("*.onnx"))
    if len(graphs) != 1:
        raise ModelNotFoundError(
            f"{folder} must hold one exported model, a .pdmodel or .json with its .pdiparams or an .onnx "
            f"file; it holds {names_in(folder)}"
        )
    return graphs


def _kind_of(graph: Path) -> str:
    """Tell a detector by its inputs, a classifier by its outputs: a row of figures for each image.

    PaddleDetection's networks are told how an image was scaled. Other detectors have maps or lists of boxes.
    """
    if b"scale_factor" in graph.read_bytes():
        return "detector"
    try:
        shapes = output_shapes(graph)
    except EngineError:
        seen = "its graph cannot be read"
    else:
        if [len(shape) for shape in shapes] == [2]:
            return "classifier"
        seen = f"its outputs have the shapes {', '.join(map(str, shapes))}, not one of (images, classes)"
    raise UsageError(
        f"{graph}: which kind of model is it? {seen[0].upper()}{seen[1:]}. Say --kind classifier, or "
        "--kind detector for one of PaddleDetection. Others, such as those of text, need a module of their "
        "own (hub init)"
    )


def _wrapper_files(wrapper: str) -> dict[str, Path]:
    source = bundled.folders().get(wrapper)
    if source is None:
        raise RegistryError(f"the module {wrapper}, which serves such models, is not bundled here")
    return {path.name: path for path in source.glob("*.py") if not path.name.startswith("test_")}


def _copy(files: Mapping[str, Path], target: Path) -> None:
    for name, source in files.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target / name)


def _info_literals(tree: ast.Module) -> dict[str, ast.expr]:
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    info = next(call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "moduleinfo")
    return {keyword.arg: keyword.value for keyword in info.keywords if keyword.arg}


def _defaults(tree: ast.Module) -> dict[str, ast.expr]:
    config = next(node for node in tree.body if isinstance(node, ast.ClassDef))
    return {
        statement.target.id: statement.value
        for statement in config.body
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and statement.value is not None
    }


def _set_literals(
    path: Path, find: Callable[[ast.Module], dict[str, ast.expr]], values: Mapping[str, Any]
) -> None:
    """Put ``values`` in the place of the literals that ``find`` names in a source file."""
    source = path.read_text(encoding="utf-8")
    literals = find(ast.parse(source))
    if unknown := [name for name in values if name not in literals]:
        hint = did_you_mean(unknown[0], literals)
        raise InvalidModuleError(
            f"there is no parameter {unknown[0]!r}.{hint} The parameters are: {', '.join(literals)}"
        )
    lines = [line.encode() for line in source.splitlines(keepends=True)]  # ast counts bytes
    for name in sorted(values, key=lambda name: -literals[name].lineno):  # from the end, so that none moves
        literal = literals[name]
        first, last = literal.lineno - 1, (literal.end_lineno or literal.lineno) - 1
        before, after = lines[first][: literal.col_offset], lines[last][literal.end_col_offset :]
        lines[first : last + 1] = [before + _literal(values[name], name).encode() + after]
    path.write_bytes(b"".join(lines))


def _literal(value: Any, name: str) -> str:
    if isinstance(value, list):
        value = tuple(value)
    if not isinstance(value, (str, int, float, bool, tuple, type(None))):
        raise InvalidModuleError(
            f"{name} = {value!r}: a parameter is a number, a text, true, false or a list"
        )
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
