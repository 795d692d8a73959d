"""hub.module.annotations: what a value of a request must be."""
# ruff: noqa: UP007, UP045 - the older ways to write a union are read as well

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple, Optional, TypeVar, Union

import numpy as np
import pytest

from hub.module.annotations import check_of
from hub.module.check import Mismatch

T = TypeVar("T")


class Bound(NamedTuple):
    """As annotated_types writes them."""

    ge: float | None = None
    lt: float | None = None
    multiple_of: int | None = None
    min_length: int | None = None
    max_length: int | None = None


GOOD = [
    (str, "a", "a"),
    (int, 5, 5),
    (int, np.int64(5), 5),
    (float, 5, 5.0),
    (float, 0.5, 0.5),
    (bool, False, False),
    (None, None, None),
    (list[str], ["a"], ["a"]),
    (list[str], "ab", ["ab"]),
    (list, {"a": 1}, [{"a": 1}]),
    (Sequence[list[int]], [1, 2], [[1], [2]]),
    (list[float], (1, 2.5), [1.0, 2.5]),
    (tuple[int, str], [1, "a"], (1, "a")),
    (tuple[int, ...], [1, 2], (1, 2)),
    (tuple, [1], (1,)),
    (dict[str, int], {"a": 1}, {"a": 1}),
    (Mapping[str, list[int]], {"a": 1}, {"a": [1]}),
    (dict, {"a": 1}, {"a": 1}),
    (Literal["a", 1], 1, 1),
    (Optional[int], None, None),
    (Union[float, int], 5, 5),
    (Union[str, list[str]], "a", "a"),
    (Union[int, list[str]], "a", ["a"]),
    (Annotated[int, Bound(ge=1, lt=3)], 2, 2),
    (Annotated[int | None, Bound(ge=1)], None, None),
    (Annotated[list[int], Bound(min_length=1)], 7, [7]),
    (Annotated[str, "a word about it"], "x", "x"),
]

BAD = [
    (str, 5, "`x` must be str, not the number 5"),
    (int, True, "`x` must be int, not true"),
    (int, 5.0, "`x` must be int, not the number 5.0"),
    (int, "5", "`x` must be int, not the text '5'"),
    (float, "5", "`x` must be float, not the text '5'"),
    (float, False, "`x` must be float, not false"),
    (float, 10**400, "`x` must be float, not a number of 401 digits"),
    (bool, 1, "`x` must be bool, not the number 1"),
    (None, 0, "`x` must be null, not the number 0"),
    (list[str], ["a", 5], "`x[1]` must be str, not the number 5"),
    (list[str], None, "`x` must be a list of str, not null"),
    (list, None, "`x` must be a list, not null"),
    (list[list[int]], [[1], ["a"]], "`x[1][0]` must be int, not the text 'a'"),
    (tuple[int, str], [1], "`x` must be a list of 2 (int, str), not a list of 1"),
    (tuple[int, str], ["a", 1], "`x[0]` must be int, not the text 'a'"),
    (dict[str, int], {"a": "b"}, "`x['a']` must be int, not the text 'b'"),
    (dict, [], "`x` must be an object, not a list of 0"),
    (Literal["a", 1], True, "`x` must be one of 'a', 1, not true"),
    (Optional[int], "a", "`x` must be int or null, not the text 'a'"),
    (Union[int, list[str]], [5], "`x[0]` must be str, not the number 5"),
    (Annotated[int, Bound(ge=1, lt=3)], 3, "`x` must be int from 1 below 3, not the number 3"),
    (Annotated[int, Bound(multiple_of=32)], 33, "`x` must be int in steps of 32, not the number 33"),
    (Annotated[str, Bound(max_length=2)], "abc", "`x` must be str at most 2 long, not the text 'abc'"),
    (str, {"a": 1}, "`x` must be str, not an object"),
    (int, "x" * 50, f"`x` must be int, not the text '{'x' * 40}…'"),
]


@pytest.mark.parametrize(("annotation", "sent", "got"), GOOD)
def test_what_an_annotation_allows_is_converted(annotation: Any, sent: Any, got: Any) -> None:
    check = check_of(annotation)
    assert check is not None
    found = check.convert(sent, True)
    assert (found, type(found)) == (got, type(got))


@pytest.mark.parametrize(("annotation", "sent", "message"), BAD)
def test_what_it_does_not_allow_is_told_by_argument_wish_and_value(
    annotation: Any, sent: Any, message: str
) -> None:
    check = check_of(annotation)
    assert check is not None
    with pytest.raises(Mismatch) as raised:
        check.convert(sent, True)
    assert raised.value.told("x") == message


@pytest.mark.parametrize(
    "annotation", [np.ndarray, Any, T, set[int], bytes, dict[int, str], Union[int, np.ndarray]]
)
def test_what_says_nothing_to_json_is_not_checked(annotation: Any) -> None:
    assert check_of(annotation) is None


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (Optional[int], {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        (Annotated[int, Bound(ge=1)], {"type": "integer", "minimum": 1}),
        (
            Annotated[list[str], Bound(max_length=9)],
            {"type": "array", "items": {"type": "string"}, "maxItems": 9},
        ),
        (Annotated[str, Bound(min_length=1)], {"type": "string", "minLength": 1}),
        (dict[str, float], {"type": "object", "additionalProperties": {"type": "number"}}),
        (Literal["a", "b"], {"enum": ["a", "b"]}),
        (list[np.ndarray], {"type": "array", "items": {}}),
    ],
)
def test_the_schema_says_the_same(annotation: Any, schema: dict[str, Any]) -> None:
    check = check_of(annotation)
    assert check is not None and check.schema == schema


def test_pydantics_bounds_mean_the_same_as_annotated_types() -> None:
    import annotated_types
    from pydantic import Field

    for annotation in (
        Annotated[int, Field(ge=1, le=9)],
        Annotated[int, annotated_types.Interval(ge=1, le=9)],
    ):
        check = check_of(annotation)
        assert check is not None and check.schema == {"type": "integer", "minimum": 1, "maximum": 9}


def test_a_pydantic_model_converts_and_names_the_field() -> None:
    from pydantic import BaseModel

    class Inner(BaseModel):
        size: int

    class Outer(BaseModel):
        parts: list[Inner]
        next: Outer | None = None

    Outer.model_rebuild(_types_namespace={"Outer": Outer, "Inner": Inner})
    check = check_of(list[Outer])
    assert check is not None
    assert check.convert({"parts": [{"size": "3"}]}, True) == [Outer(parts=[Inner(size=3)])]
    assert "$ref" not in str(check.schema)
    with pytest.raises(Mismatch) as raised:
        check.convert([{"parts": [{"size": "x"}]}], True)
    assert raised.value.told("x").startswith("`x[0].parts[0].size`: ")


def test_all_but_models_holds_without_pydantic() -> None:
    code = (
        "import sys, pytest; sys.modules['pydantic'] = None; "
        "sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', '-k', 'not pydantic', sys.argv[1]]))"
    )
    done = subprocess.run([sys.executable, "-c", code, __file__], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
