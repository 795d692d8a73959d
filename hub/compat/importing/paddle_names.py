"""Names of Paddle 2.0's betas that have no successor of the same form; patched modules call these.

Tensors are Paddle's; a module that names one of these has imported Paddle itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import paddle


def MSRA(uniform: bool = True, fan_in: int | None = None, seed: int = 0) -> Any:
    """Return the initializer that is called Kaiming today; ``seed`` was the generator's."""
    kinds = paddle.nn.initializer
    return kinds.KaimingUniform(fan_in) if uniform else kinds.KaimingNormal(fan_in)


def Xavier(uniform: bool = True, fan_in: int | None = None, fan_out: int | None = None, seed: int = 0) -> Any:
    """Return Xavier's initializer, which has been two since."""
    kinds = paddle.nn.initializer
    return (kinds.XavierUniform if uniform else kinds.XavierNormal)(fan_in, fan_out)


def Normal(loc: float = 0.0, scale: float = 1.0, seed: int = 0) -> Any:
    """Return the normal initializer; ``loc`` is its mean and ``scale`` its standard deviation."""
    return paddle.nn.initializer.Normal(loc, scale)


def TruncatedNormal(loc: float = 0.0, scale: float = 1.0, seed: int = 0) -> Any:
    """Return the normal initializer that draws again beyond two standard deviations."""
    return paddle.nn.initializer.TruncatedNormal(loc, scale)


def loaded(value: Any) -> Any:
    """Return the parameters of ``paddle.load(…)[0]``: a beta returned them and the optimizer's."""
    return value[0] if isinstance(value, (list, tuple)) or 0 in value else value


def fill_constant(shape: Sequence[int], dtype: str, value: float, **_: Any) -> Any:
    """Return a tensor that holds one value everywhere."""
    return paddle.full(shape, value, dtype)


def addcmul(input: Any, tensor1: Any, tensor2: Any, value: float = 1.0, **_: Any) -> Any:
    """Return ``input + value * tensor1 * tensor2``."""
    return input + value * tensor1 * tensor2


def has_inf(x: Any) -> Any:
    """Return whether any value is infinite, as a tensor."""
    return paddle.isinf(x).any()


def has_nan(x: Any) -> Any:
    """Return whether any value is not a number, as a tensor."""
    return paddle.isnan(x).any()


def _binary(name: str) -> Callable[..., Any]:
    """Return Paddle's function of two tensors with the ``axis`` (and ``act``) that it has lost."""

    def call(x: Any, y: Any, axis: int = -1, act: str | None = None, **_: Any) -> Any:
        if axis != -1 and len(y.shape) < len(x.shape):  # y's first axis is this one of x, not the last ones
            missing = len(x.shape) - len(y.shape) - axis
            y = y.reshape([*y.shape, *[1] * missing])
        result = getattr(paddle, name)(x, y)
        return getattr(paddle.nn.functional, act)(result) if act else result

    return call


def _reduced(name: str) -> Callable[..., Any]:
    """Return Paddle's reduction with the names of its arguments in 1.x."""

    def call(input: Any, dim: Any = None, keep_dim: bool = False, **_: Any) -> Any:
        return getattr(paddle, name)(input, axis=dim, keepdim=keep_dim)

    return call


add, subtract, multiply = _binary("add"), _binary("subtract"), _binary("multiply")
divide, maximum, minimum = _binary("divide"), _binary("maximum"), _binary("minimum")
pow, mod, floor_divide = _binary("pow"), _binary("mod"), _binary("floor_divide")
reduce_sum, reduce_mean, reduce_prod = _reduced("sum"), _reduced("mean"), _reduced("prod")
reduce_max, reduce_min = _reduced("max"), _reduced("min")
reduce_all, reduce_any = _reduced("all"), _reduced("any")
