"""What ``@serving`` takes from a method besides its options."""

from __future__ import annotations

from typing import Any

import pytest

from hub.module import serving
from hub.module.contract import ServingOptions, serving_method

pytestmark = pytest.mark.unit


def options_of(doc: str | None, **given: Any) -> ServingOptions:
    def say(self: Any, texts: Any) -> None: ...

    say.__doc__ = doc
    found = serving_method(type("Say", (), {"say": serving(**given)(say)}))
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    "doc",
    [
        'Say it.\n\n    Example:\n        {"texts": ["a"]}\n    ',
        'Say it.\n\n    Examples::\n\n        {\n            "texts": ["a"]\n        }\n\n    Returns more.',
    ],
)
def test_the_example_of_a_docstring_is_the_method_s(doc: str) -> None:
    assert options_of(doc, batch="texts") == ServingOptions(batch="texts", example={"texts": ["a"]})


@pytest.mark.parametrize(
    "doc", [None, "Say it.", "Example:\n    say(['a'])", "Example:\n    {not JSON}", 'See Example: {"a": 1}']
)
def test_a_docstring_without_json_gives_no_example(doc: str | None) -> None:
    assert options_of(doc).example is None


def test_the_decorator_s_own_example_comes_first() -> None:
    assert options_of('Example:\n    {"texts": ["a"]}', example={"texts": []}).example == {"texts": []}
