"""Names that libraries have dropped are replaced in the syntax tree, and nothing else is touched."""

from __future__ import annotations

import ast
import collections.abc
import importlib
from typing import Any

import numpy as np
import pytest

from hub import compat
from hub.compat.importing.patching_loader import lacks
from hub.compat.importing.source_fixes import patch
from hub.compat.importing.successors import SUCCESSORS
from hub.errors import InvalidModuleError

pytestmark = pytest.mark.unit


def run(source: str) -> dict[str, Any]:
    """Run the patched source and return its names."""
    names: dict[str, Any] = {}
    code = compile(patch(source.encode(), "module.py", lacks).tree, "module.py", "exec")
    exec(code, names)  # noqa: S102 - the tests' own source
    return names


def patched(source: str) -> tuple[str, list[str]]:
    found = patch(source.encode(), "module.py", lacks)
    return ast.unparse(found.tree), [name for name, _ in found.changes]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("np.fromstring(b'\\x01\\x02', np.uint8).tolist()", [1, 2]),
        ("np.fromstring('AB', dtype='uint8').tolist()", [65, 66]),
        ("np.fromstring('1,2', sep=',').tolist()", [1.0, 2.0]),
        ("np.arange(2, dtype='uint8').tostring()", b"\x00\x01"),
        ("np.int(3.7)", 3),
        ("np.zeros(1, np.float).dtype.name", "float64"),
        ("np.zeros(1, dtype=np.object).dtype.name", "object"),
        ("np.asscalar(np.array([5]))", 5),
        ("np.float_(1).dtype.name", "float64"),
        ("np.product([2, 3])", 6),
        ("np.array([1], copy=False).tolist()", [1]),
        ("np.array([[2], [1]]).tolist() and np.msort(np.array([2, 1])).tolist()", [1, 2]),
    ],
)
def test_numpy_names_work_again(expression: str, value: Any) -> None:
    assert run(f"import numpy as np\nvalue = {expression}")["value"] == value


def test_what_fromstring_returns_may_be_written_to() -> None:
    array = run("import numpy\nvalue = numpy.fromstring(b'ab', numpy.uint8)")["value"]
    array[0] = 0
    assert array.tolist() == [0, ord("b")]


def test_from_imports_are_patched() -> None:
    names = run(
        "from numpy import int, fromstring as read, arange\nfrom collections import Mapping, OrderedDict"
    )
    assert names["int"] is int and names["Mapping"] is collections.abc.Mapping
    assert names["read"](b"\x07", np.uint8).tolist() == [7]
    assert names["arange"](1).tolist() == [0]


def test_attributes_of_collections_and_pillow_are_patched() -> None:
    names = run(
        "import collections\nfrom PIL import Image\n"
        "value = isinstance({}, collections.Mapping), Image.ANTIALIAS"
    )
    assert names["value"][0] is True
    assert names["value"][1] == names["Image"].LANCZOS


PADDLE = (
    "import paddle\nimport paddle.nn as nn\nimport paddle.nn.functional as F\nx = paddle.ones([2, 3, 4, 4])\n"
)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("F.hard_sigmoid(x).shape == F.hard_swish(x).shape", True),
        ("nn.Dropout2d(0.5).__class__.__name__", "Dropout2D"),
        ("nn.initializer.MSRA().__class__.__name__", "KaimingUniform"),
        ("nn.initializer.MSRA(uniform=False).__class__.__name__", "KaimingNormal"),
        ("nn.initializer.Xavier(uniform=False, seed=3).__class__.__name__", "XavierNormal"),
        ("nn.initializer.Normal(loc=0.0, scale=0.1).__class__.__name__", "Normal"),
        ("paddle.elementwise_add(x, x).max().item()", 2.0),
        ("paddle.multiply(x=x, y=paddle.full([2, 3], 3.0), axis=0).sum().item()", 288.0),
        ("paddle.multiply(x, paddle.full([3, 4], 3.0), axis=1).sum().item()", 288.0),
        ("paddle.elementwise_sub(x, x * 2, act='relu').max().item()", 0.0),
        ("paddle.reduce_sum(x, dim=[2, 3], keep_dim=True).shape", [2, 3, 1, 1]),
        ("paddle.fill_constant([2], 'float32', 7).tolist()", [7.0, 7.0]),
        ("paddle.to_variable([1]).tolist()", [1]),
        ("paddle.in_dygraph_mode()", True),
    ],
)
def test_names_of_paddles_betas_work_again(expression: str, value: Any) -> None:
    pytest.importorskip("paddle")
    assert run(f"{PADDLE}value = {expression}")["value"] == value


@pytest.mark.parametrize("library", [library for library in SUCCESSORS if library.startswith("paddle")])
def test_every_successor_in_paddle_is_there(library: str) -> None:
    pytest.importorskip("paddle")
    wanted = {name: each for name, each in SUCCESSORS[library].items() if lacks(library, name)}
    gone = {name: each for name, each in wanted.items() if name != "fluid"}
    assert gone
    for where, successor in gone.values():
        assert hasattr(importlib.import_module(where), successor), f"{where}.{successor}"


@pytest.mark.parametrize("loaded", ["({'w': 1}, {'lr': 2})", "{'w': 1}"])
def test_the_first_of_what_paddle_loads_are_the_parameters(loaded: str) -> None:
    pytest.importorskip("paddle")
    names = run(
        f"import paddle\npaddle = type('p', (), {{'load': lambda path: {loaded}}})\nv = paddle.load('x')[0]"
    )
    assert names["v"] == {"w": 1}


@pytest.mark.parametrize(
    "source",
    [
        "import paddle.fluid as fluid\n",
        "import paddle.fluid\nfluid = paddle.fluid\n",
        "import paddle\nfluid = paddle.fluid\n",
        "from paddle import fluid\n",
    ],
)
def test_paddle_fluid_is_there_in_each_form_until_it_computes(source: str) -> None:
    pytest.importorskip("paddle")
    compat.install()
    names = run(
        f"{source}from paddle.fluid.core import PaddleTensor, AnalysisConfig, create_paddle_predictor\n"
        "from paddle.fluid.core_avx import CPUPlace\nfrom paddle.fluid.regularizer import L2Decay\n"
        "from paddle.fluid.dygraph.nn import Conv2D\nfrom paddle.fluid.param_attr import ParamAttr\n"
        "from paddle.fluid.initializer import MSRA\nimport paddle\n"
        "class Net(fluid.dygraph.Layer):\n    act = fluid.layers.relu\nclass Old(Conv2D):\n    pass\n"
        "attribute = fluid.ParamAttr(initializer=fluid.initializer.ConstantInitializer(0.0))\n"
        "place = fluid.CPUPlace()\nvalue = fluid.dygraph.to_variable\nlayer = paddle.nn.Layer\n"
    )
    assert issubclass(names["Net"], names["layer"]) and type(names["place"]) is names["CPUPlace"]
    for call, named in ((names["Net"].act, "layers.relu"), (names["Old"], "dygraph.nn.Conv2D")):
        with pytest.raises(
            InvalidModuleError, match=rf"paddle\.fluid\.{named} is not in the installed Paddle"
        ):
            call(1)


def test_others_with_such_a_method_keep_it() -> None:
    source = "class Tree:\n    def tostring(self):\n        return 'xml'\nvalue = Tree().tostring()"
    assert run(source)["value"] == "xml"


@pytest.mark.parametrize(
    "source",
    [
        "from xml.etree import ElementTree as ET\nET.tostring(node)",
        "class np:\n    int = 1\nnp.int",
        "import numpy as np\nnp.int32, np.bool_, np.random.random",
        "import numpy as np\nself.int = np.array([1], copy=True)",
        "import hub\nx.fromstring(b'')",
    ],
)
def test_nothing_else_is_touched(source: str) -> None:
    assert patched(source) == (ast.unparse(ast.parse(source)), [])


def test_lines_keep_their_numbers() -> None:
    head = '"""Doc."""\nfrom __future__ import division\nimport numpy as np\n\n'
    source = head + 'np.fromstring(b"", np.uint8)\n1 / 0\n'
    with pytest.raises(ZeroDivisionError) as caught:
        run(source)
    assert caught.traceback[-1].lineno + 1 == 6
    assert patch(source.encode(), "m", lacks).changes == [("numpy.fromstring", 5)]


@pytest.mark.parametrize(
    ("statement", "bound"),
    [
        ("import paddlehub", {"paddlehub": "paddlehub"}),
        ("import paddlehub as hub", {"hub": "paddlehub"}),
        ("import paddlehub.env", {"paddlehub": "paddlehub"}),
        ("import paddlehub.utils.log as log, os", {"log": "paddlehub.utils.log"}),
        ("from paddlehub.utils import log", {"log": "paddlehub.utils.log"}),
    ],
)
def test_imports_of_paddlehub_bind_what_they_always_did(statement: str, bound: dict[str, str]) -> None:
    compat.install()
    names = run(statement)
    assert {name: names[name].__name__ for name in bound} == {
        name: f"hub.compat.{module}" for name, module in bound.items()
    }
    assert "hub" in bound or "hub" not in names


def test_the_encoding_of_a_file_is_honoured() -> None:
    assert patch("# coding: gbk\nx = '中'".encode("gbk"), "m", lacks).tree.body[0].value.value == "中"  # type: ignore[attr-defined]
