"""Variables of Paddle's static programs: prefix their names, describe them, on what Paddle's block offers."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any


def add_vars_prefix(
    program: Any, prefix: str, vars: Iterable[str] | None = None, excludes: Container[str] = ()
) -> None:
    """Put ``prefix`` before the names of a program's variables, so that two programs fit together."""
    block = program.global_block()
    for name in list(vars or block.vars):
        if name not in (excludes or ()):
            _rename(block, name, prefix + name)


def _rename(block: Any, old: str, new: str) -> None:
    for operator in block.ops:
        if old in operator.input_arg_names:
            operator._rename_input(old, new)
        if old in operator.output_arg_names:
            operator._rename_output(old, new)
    block._rename_var(old, new)


def get_variable_info(var: Any) -> dict[str, Any]:
    """Return what is needed to create a variable like this one elsewhere."""
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
        word = getattr(info["dtype"], "name", "").lower()  # FP32, INT64
        info["dtype"] = word.replace("fp", "float") if word else info["dtype"]
    return info
