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
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.errors import HubError, InvalidModuleError, ModelNotFoundError, RegistryError
from hub.module.info import read_module_info
from hub.registry.sources import bundled
from hub.suggestion import did_you_mean

WRAPPERS = {"classifier": "image_classifier", "detector": "object_detector"}

_README = """\
# {name}

{summary}. Made by `hub convert` around the module {wrapper}, whose README says what it takes and answers.

    hub install {folder}/
    hub serving start -m {name}

The model is in `{model}/`. How images are prepared for it, and what its labels are, is in `params.py`:
compare that with how the model was trained.
"""


@dataclass(frozen=True)
class _Model:
    """The files of an exported model: the graph, and Paddle's weights beside it."""

    graph: Path
    weights: Path | None


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
        kind: ``classifier`` or ``detector``; default what the graph's inputs look like.
        labels: a file with the name of a class a line.
        settings: other parameters of the wrapper's params.py.
        target: the new folder, which must not exist; default ``<name>_<seconds>`` here.

    Raises:
        ModelNotFoundError: the folder holds no such model.
        InvalidModuleError: a name, version or setting that is not allowed.
        RegistryError: the folder exists, or cannot be written.
    """
    model = _find(folder)
    name = name or re.sub(r"\W", "_", folder.absolute().name)
    wrapper = WRAPPERS[kind or _kind_of(model)]
    package = name.replace("-", "_")
    target = target or Path(f"{package}_{int(time.time())}")
    if target.exists():
        raise RegistryError(f"{target} exists already; choose another --output_dir")
    # Names of its own: relative ones are looked for in the working directory first.
    values = {"model_dir": f"{package}_model", **settings}
    if labels is not None:
        values["labels"] = f"{package}_labels.txt"
    summary = f"serves the model {folder.absolute().name}"
    described = {"name": name, "version": version, "summary": summary}
    try:
        _write(target, wrapper, described, values)
        _copy_model(model, target / values["model_dir"])
        if labels is not None:
            shutil.copyfile(labels, target / values["labels"])
        text = _README.format(
            name=name, summary=summary, wrapper=wrapper, folder=target.name, model=values["model_dir"]
        )
        (target / "README.md").write_text(text, encoding="utf-8")
        read_module_info(target)
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise RegistryError(f"{target} cannot be written: {error}") from error
    except HubError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise type(error)(str(error)) from error
    return target


def _find(folder: Path) -> _Model:
    if not folder.is_dir():
        raise ModelNotFoundError(f"`{folder}` is not exists or not a directory path")
    paddle = [
        _Model(graph, graph.with_suffix(".pdiparams"))
        for suffix in (".pdmodel", ".json")
        for graph in sorted(folder.glob(f"*{suffix}"))
        if graph.with_suffix(".pdiparams").is_file()
    ]
    found = paddle[:1] or [_Model(graph, None) for graph in sorted(folder.glob("*.onnx"))]
    if len(found) != 1:
        held = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
        raise ModelNotFoundError(
            f"{folder} must hold one exported model, a .pdmodel or .json with its .pdiparams or an .onnx "
            f"file; it holds {held}"
        )
    return found[0]


def _kind_of(model: _Model) -> str:
    """What the graph's inputs look like: PaddleDetection's networks are told how an image was scaled."""
    return "detector" if b"scale_factor" in model.graph.read_bytes() else "classifier"


def _copy_model(model: _Model, target: Path) -> None:
    target.mkdir()
    for path in (model.graph, model.weights):
        if path is not None:
            shutil.copyfile(path, target / f"inference{path.suffix}")


def _write(target: Path, wrapper: str, described: dict[str, str], values: dict[str, Any]) -> None:
    source = bundled.folders().get(wrapper)
    if source is None:
        raise RegistryError(f"the module {wrapper}, which serves such models, is not bundled here")
    target.mkdir(parents=True)
    for path in sorted(source.glob("*.py")):
        if not path.name.startswith("test_"):
            shutil.copyfile(path, target / path.name)
    _change(target / "module.py", _info_literals, described)
    _change(target / "params.py", _defaults, values)
    entry = {"init_args": {"version": described["version"]}, "predict_args": {}}
    config = {"modules_info": {described["name"]: entry}, "port": 8866}
    (target / "config.json").write_text(json.dumps(config, indent=4) + "\n", encoding="utf-8")


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


def _change(path: Path, find: Any, values: Mapping[str, Any]) -> None:
    """Put ``values`` in the place of the literals that ``find`` names in a source file."""
    source = path.read_text(encoding="utf-8")
    literals: dict[str, ast.expr] = find(ast.parse(source))
    lines = [line.encode() for line in source.splitlines(keepends=True)]  # ast counts bytes
    for name, literal in sorted(literals.items(), key=lambda item: -item[1].lineno):
        if name not in values:
            continue
        first, last = literal.lineno - 1, (literal.end_lineno or literal.lineno) - 1
        before, after = lines[first][: literal.col_offset], lines[last][literal.end_col_offset :]
        lines[first : last + 1] = [before + _literal(values[name], name).encode() + after]
    if unknown := [name for name in values if name not in literals]:
        hint = did_you_mean(unknown[0], literals)
        raise InvalidModuleError(
            f"there is no parameter {unknown[0]!r}.{hint} The parameters are: {', '.join(literals)}"
        )
    path.write_bytes(b"".join(lines))


def _literal(value: Any, name: str) -> str:
    if isinstance(value, list):
        value = tuple(value)
    if not isinstance(value, (str, int, float, bool, tuple, type(None))):
        raise InvalidModuleError(
            f"{name} = {value!r}: a parameter is a number, a text, true, false or a list"
        )
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
