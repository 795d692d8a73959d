"""Names that libraries have dropped are replaced in the syntax tree, and nothing else is touched."""

from __future__ import annotations

import ast
import collections.abc
from typing import Any

import numpy as np
import pytest

from hub.compat.importing.patching_loader import lacks
from hub.compat.importing.source_fixes import patch

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
    from hub import compat

    compat.install()
    names = run(statement)
    assert {name: names[name].__name__ for name in bound} == {
        name: f"hub.compat.{module}" for name, module in bound.items()
    }
    assert "hub" in bound or "hub" not in names


def test_the_encoding_of_a_file_is_honoured() -> None:
    assert patch("# coding: gbk\nx = '中'".encode("gbk"), "m", lacks).tree.body[0].value.value == "中"  # type: ignore[attr-defined]
