"""Variables of Paddle's static programs: rename them, describe them, on whatever Paddle's block offers."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

#: Paddle's element types by PaddleHub's words for them.
_WORDS = {
    "FP16": "float16",
    "FP32": "float32",
    "FP64": "float64",
    "INT8": "int8",
    "INT16": "int16",
    "INT32": "int32",
    "INT64": "int64",
    "BOOL": "bool",
    "UINT8": "uint8",
}


def __getattr__(name: str) -> Any:
    if name == "dtype_map":
        from paddle.base import core

        return {getattr(core.VarDesc.VarType, each): word for each, word in _WORDS.items()}
    raise AttributeError(name)


def rename_var(block: Any, old_name: str, new_name: str) -> None:
    """Rename a variable of a block, and wherever its operators read or write it."""
    for operator in block.ops:
        if old_name in operator.input_arg_names:
            operator._rename_input(old_name, new_name)
        if old_name in operator.output_arg_names:
            operator._rename_output(old_name, new_name)
    block._rename_var(old_name, new_name)


def add_vars_prefix(
    program: Any, prefix: str, vars: Iterable[str] | None = None, excludes: Container[str] | None = None
) -> None:
    """Put ``prefix`` before the names of a program's variables, so that two programs fit together."""
    block = program.global_block()
    for name in _chosen(block, vars, excludes):
        rename_var(block, name, prefix + name)


def remove_vars_prefix(
    program: Any, prefix: str, vars: Iterable[str] | None = None, excludes: Container[str] | None = None
) -> None:
    """Take ``prefix`` off the names that have it."""
    block = program.global_block()
    for name in _chosen(block, vars, excludes):
        if name.startswith(prefix):
            rename_var(block, name, name.removeprefix(prefix))


def get_variable_info(var: Any) -> dict[str, Any]:
    """What is needed to create a variable like this one elsewhere."""
    if not hasattr(var, "stop_gradient") or not hasattr(var, "name"):
        raise TypeError(f"a variable of a static program is expected, not {type(var).__name__}")
    wanted = ["name", "stop_gradient", "is_data", "error_clip", "type", "dtype", "lod_level", "shape"]
    if hasattr(var, "trainable"):  # a parameter
        wanted += ["trainable", "optimize_attr", "regularizer", "do_model_average"]
    else:
        wanted.append("persistable")
    info: dict[str, Any] = {}
    for name in wanted:
        try:
            info[name] = getattr(var, name)
        except (AttributeError, ValueError, RuntimeError):  # Paddle's versions differ in what a variable has
            continue
    if "dtype" in info:
        info["dtype"] = _WORDS.get(getattr(info["dtype"], "name", ""), info["dtype"])
    return info


def _chosen(block: Any, names: Iterable[str] | None, excludes: Container[str] | None) -> list[str]:
    every = list(names) if names else list(block.vars)
    return [name for name in every if excludes is None or name not in excludes]
