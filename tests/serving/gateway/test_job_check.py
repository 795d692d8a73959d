"""What is wrong with a job's arguments is known from the module's manifest, in the runner's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

import pytest
from pydantic import BaseModel, Field

from hub.errors import BindingError
from hub.module import serving
from hub.module.annotations import check_of
from hub.module.contract import ServingOptions
from hub.module.signature import Signature
from hub.serving.gateway import job_check
from hub.serving.messages.manifest import Manifest
from hub.serving.runner.binding import Binding

pytestmark = pytest.mark.unit
VALUES: Final = (
    None, True, 0, 1, 4, 7, 2.5, "a", "long text", [], [1, 2], ["a"], [1, "a"], [[1]], [1, 2, 3, 4], {},
    {"a": 1}, {"a": 9}, {"a": "b"}, {"x": 1},
)  # fmt: skip


class Point(BaseModel):
    x: int


class Reader:
    @serving(batch="texts", images="pictures")
    def read(
        self,
        texts: list[str],
        pictures: list | None = None,
        size: Annotated[int, Field(ge=1, lt=9)] = 3,
        mark: Literal["a", "b"] = "a",
        ratio: float = None,  # type: ignore[assignment]  # noqa: RUF013
        point: Point | None = None,
        out_dir: str = "",
        loose=0,  # type: ignore[no-untyped-def]
    ) -> list[str]:
        return texts

    @serving(batch="texts")
    def anything(self, texts: list[str], **others: Any) -> list[str]:
        return texts


def binding(name: str = "read", *, defaults: dict[str, Any] | None = None) -> Binding:
    method = getattr(Reader(), name)
    return Binding(method, defaults or {}, Signature(method, ["pictures"]), names_paths=False)


def manifest(name: str = "read") -> Manifest:
    return binding(name).manifest(ServingOptions(batch="texts", images=("pictures",)))


def refused(arguments: dict[str, Any], name: str = "read", defaults: Sequence[str] = ()) -> str:
    try:
        job_check.refuse_wrong(manifest(name), arguments, defaults, names_paths=False)
    except BindingError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"sise": 3},
        {"size": 0},
        {"size": 9},
        {"size": "3"},
        {"size": True},
        {"size": None},
        {"mark": "c"},
        {"mark": None},
        {"ratio": "x"},
        {"foo": 1, "bar": 2},
    ],
    ids=str,
)
def test_a_wrong_argument_is_refused_with_the_words_of_the_runner(wrong: dict[str, Any]) -> None:
    sent = {"texts": ["a"], **wrong}
    with pytest.raises(BindingError) as caught:
        binding().bind(sent)
    assert refused(sent) == str(caught.value)


def test_a_missing_argument_is_refused_with_the_words_of_the_runner() -> None:
    with pytest.raises(BindingError) as caught:
        binding().bind({"size": 3})
    assert refused({"size": 3}) == str(caught.value) != ""
    assert refused({"size": 3}, defaults=["texts"]) == ""


@pytest.mark.parametrize(
    "fine",
    [
        {"size": 8, "mark": "b", "ratio": 1, "loose": {"a": [1]}},
        {"ratio": None, "point": None, "out_dir": "x"},
        {"texts": "one alone", "pictures": b"png"},
    ],
    ids=str,
)
def test_what_the_runner_takes_is_not_refused(fine: dict[str, Any]) -> None:
    sent = {"texts": ["a"], **fine}
    binding().bind(sent)
    assert refused(sent) == ""


def test_an_item_is_its_pages_own_and_a_pydantic_model_the_runners() -> None:
    assert refused({"texts": ["a", 7], "point": {"x": "no"}}) == ""


def test_a_method_that_takes_any_name_refuses_none() -> None:
    assert refused({"texts": ["a"], "foo": 1}, "anything") == ""


def test_a_module_that_nobody_has_loaded_yet_is_asked_nothing() -> None:
    job_check.refuse_wrong(Manifest(), {"foo": 1}, (), names_paths=False)


@pytest.mark.parametrize(
    "annotation",
    [
        str, int, float, bool, None, list, list[int], list[list[str]], dict, dict[str, int], Sequence[float],
        tuple[int, str], tuple[float, ...], Literal["a", 1, None], int | None, list[int] | None,
        int | str | None, Annotated[int, Field(ge=1, le=5)], Annotated[float, Field(gt=0)] | None,
        Annotated[int | None, Field(ge=1)], Annotated[list[int], Field(min_length=1, max_length=3)],
        Annotated[str, Field(max_length=4)], dict[str, Annotated[int, Field(lt=3)]],
        Annotated[int, Field(multiple_of=4)], list[Point], Point,
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("value", VALUES, ids=str)
def test_a_schema_refuses_what_its_annotation_refuses_and_nothing_else(annotation: Any, value: Any) -> None:
    original = check_of(annotation)
    assert original is not None
    again = check_of(job_check.annotation(original.schema))
    if "Point" in str(annotation):  # its schema is not ours
        assert again is None or outcome(again, value) == "taken" or outcome(original, value) != "taken"
    else:
        assert again is not None
        assert again.schema == original.schema
        assert outcome(again, value) == outcome(original, value)


def outcome(check: Any, value: Any) -> str:
    try:
        check.convert(value, True)
    except Exception as error:
        return f"refused {getattr(error, 'wanted', '')}"
    return "taken"
