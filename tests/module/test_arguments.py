"""The parameters of a method, with the fields of a TypedDict among them."""

from __future__ import annotations

from inspect import Parameter
from typing import Annotated, Any, TypedDict, Unpack, get_args

import pytest
from pydantic import Field

from hub.module.arguments import parameters, plain

pytestmark = pytest.mark.unit

Short = Annotated[int, "short"]


class Options(TypedDict, total=False):
    width: Short
    name: str


class Required(TypedDict):
    width: int


def unpacked(images: list[str], **options: Unpack[Options]) -> None: ...


def required(**options: Unpack[Required]) -> None: ...


def anything(images: list[str], **options: Any) -> None: ...


def elsewhere(images: Missing, **options: Unpack[Options]) -> None: ...  # type: ignore[name-defined]  # noqa: F821


def annotated(width: Short = 3, name: str = "") -> None: ...


def test_each_field_of_an_unpacked_dict_is_a_parameter_by_keyword() -> None:
    images, width, name = parameters(unpacked)

    assert (images.name, images.annotation) == ("images", "list[str]")
    assert (width.name, width.kind, width.default) == ("width", Parameter.KEYWORD_ONLY, ...)
    assert get_args(width.annotation) == (int, "short")
    assert (name.name, name.annotation) == ("name", str)


def test_a_field_that_may_not_be_left_out_has_no_default() -> None:
    (width,) = parameters(required)

    assert width.default is Parameter.empty


def test_other_keywords_stay_as_they_are() -> None:
    images, options = parameters(anything)

    assert (images.name, options.name, options.kind) == ("images", "options", Parameter.VAR_KEYWORD)


def test_an_annotation_that_does_not_resolve_leaves_the_others_be() -> None:
    assert [parameter.name for parameter in parameters(elsewhere)] == ["images", "width", "name"]


def test_an_annotation_with_more_than_a_type_is_given_as_a_value() -> None:
    width, name = parameters(annotated)

    assert (get_args(width.annotation), width.default) == ((int, "short"), 3)
    assert name.annotation == "str"


@pytest.mark.parametrize(
    ("hint", "type_alone"),
    [
        (Annotated[int, Field(ge=1, lt=9)], int),
        (Annotated[Annotated[float, Field(gt=0)] | None, Field(description="A share.")], float | None),
        (list[str], list[str]),
        ("list[str]", "list[str]"),
    ],
)
def test_a_type_is_told_without_its_bounds(hint: Any, type_alone: Any) -> None:
    assert plain(hint) == type_alone
