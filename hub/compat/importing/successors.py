"""Names that libraries have dropped or changed since PaddleHub's modules were written, and today's.

Paddle's part is its 2.0 betas (August and September 2020), which many modules were written with, against
the 2.0 that followed. Standard library only.
"""

from __future__ import annotations

from typing import Final

#: Our own functions for what has no successor of the same form.
OWN_NUMPY: Final = "hub.compat.importing.numpy_names"
OWN_PADDLE: Final = "hub.compat.importing.paddle_names"
#: Answers for ``paddle.fluid``, which Paddle has dropped as a whole.
OWN_FLUID: Final = "hub.compat.paddle_fluid"


def _renamed(library: str, pairs: str) -> dict[str, tuple[str, str]]:
    """Read ``old=new`` pairs of names that have stayed in their library."""
    return {old: (library, new) for old, _, new in (pair.partition("=") for pair in pairs.split())}


def _own(file: str, names: str) -> dict[str, tuple[str, str]]:
    """Return the entries of names that a file of ours answers under the same name."""
    return {name: (file, name) for name in names.split()}


#: library → dropped name → (where its successor is, its name).
SUCCESSORS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "numpy": {
        **{name: ("builtins", name) for name in ("int", "float", "bool", "object", "str", "complex")},
        "long": ("builtins", "int"),
        "unicode": ("builtins", "str"),
        **_renamed(
            "numpy",
            "bool8=bool_ float_=float64 complex_=complex128 int0=intp object0=object_ string_=bytes_ "
            "unicode_=str_ Inf=inf Infinity=inf infty=inf PINF=inf NaN=nan NAN=nan product=prod "
            "cumproduct=cumprod alltrue=all sometrue=any round_=round in1d=isin row_stack=vstack "
            "trapz=trapezoid mat=asmatrix find_common_type=result_type",
        ),
        **_own(OWN_NUMPY, "asscalar fromstring msort"),
    },
    "collections": {
        name: ("collections.abc", name)
        for name in ("Callable", "Iterable", "Iterator", "Mapping", "MutableMapping", "Sequence", "Sized")
    },
    "PIL.Image": _renamed("PIL.Image", "ANTIALIAS=LANCZOS LINEAR=BILINEAR CUBIC=BICUBIC"),
    "paddle": {
        **_renamed(
            "paddle",
            "manual_seed=seed clamp=clip div=divide crop_tensor=crop elementwise_sum=add_n "
            "to_variable=to_tensor in_dygraph_mode=in_dynamic_mode in_imperative_mode=in_dynamic_mode "
            "enable_dygraph=disable_static enable_imperative=disable_static disable_dygraph=enable_static "
            "disable_imperative=enable_static VarBase=Tensor",
        ),
        **{
            f"elementwise_{old}": (OWN_PADDLE, new)
            for old, new in (
                *(("add", "add"), ("sub", "subtract"), ("mul", "multiply"), ("div", "divide")),
                *(("max", "maximum"), ("min", "minimum"), ("pow", "pow"), ("mod", "mod")),
                ("floordiv", "floor_divide"),
            )
        },
        **_own(
            OWN_PADDLE,
            "reduce_sum reduce_mean reduce_prod reduce_max reduce_min reduce_all reduce_any fill_constant "
            "addcmul has_inf has_nan",
        ),
        "Variable": ("paddle.static", "Variable"),
        "fluid": ("hub.compat", "paddle_fluid"),
    },
    "paddle.nn": {
        **{
            f"{old}{size}d": ("paddle.nn", new.format(size))
            for old, new in (
                *((name, name + "{}D") for name in ("Conv", "BatchNorm", "InstanceNorm", "MaxPool")),
                *((name, name + "{}D") for name in ("AvgPool", "AdaptiveAvgPool", "AdaptiveMaxPool")),
                ("ConvTranspose", "Conv{}DTranspose"),
            )
            for size in (1, 2, 3)
        },
        **_renamed(
            "paddle.nn",
            "Dropout2d=Dropout2D Dropout3d=Dropout3D UpSample=Upsample HSigmoid=HSigmoidLoss "
            "UpsamplingBilinear2d=UpsamplingBilinear2D UpsamplingNearest2d=UpsamplingNearest2D",
        ),
    },
    "paddle.nn.functional": _renamed(
        "paddle.nn.functional",
        "conv_transpose1d=conv1d_transpose conv_transpose2d=conv2d_transpose "
        "conv_transpose3d=conv3d_transpose hard_sigmoid=hardsigmoid hard_swish=hardswish "
        "hard_tanh=hardtanh hard_shrink=hardshrink soft_shrink=softshrink tanh_shrink=tanhshrink "
        "logsigmoid=log_sigmoid",
    ),
    "paddle.nn.initializer": {
        **_own(OWN_PADDLE, "MSRA Xavier"),
        **{f"{name}Initializer": (OWN_PADDLE, name) for name in ("MSRA", "Xavier", "Normal")},
        "TruncatedNormalInitializer": (OWN_PADDLE, "TruncatedNormal"),
        **_renamed(
            "paddle.nn.initializer",
            "ConstantInitializer=Constant UniformInitializer=Uniform BilinearInitializer=Bilinear "
            "NumpyArrayInitializer=Assign",
        ),
    },
}
#: Still there, but no longer for bytes.
HALF_GONE: Final = {("numpy", "fromstring")}
#: (library, function that is still there) → keywords it has lost; a call with one is a call of ours.
LOST_KEYWORDS: Final = {
    **{
        ("paddle", name): frozenset({"axis", "act"})
        for name in ("add", "subtract", "multiply", "divide", "maximum", "minimum")
    },
    **{
        ("paddle.nn.initializer", name): frozenset({"loc", "scale", "seed"})
        for name in ("Normal", "TruncatedNormal")
    },
}
