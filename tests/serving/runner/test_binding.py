"""From a request's keys to the serving method's parameters."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict, Unpack

import pytest
from pydantic import Field

from hub.errors import BindingError
from hub.module.contract import ServingOptions
from hub.module.signature import Signature
from hub.serving.messages.manifest import Parameter
from hub.serving.runner.binding import Binding

pytestmark = pytest.mark.unit


#: Has no form in JSON.
PLAIN = object()


class Options(TypedDict, total=False):
    width: Annotated[Annotated[int, Field(ge=1, le=9)] | None, Field(description="Of the word.")]
    mode: Literal["fast", "good"]


class Module:
    summary = "says it again"

    def choose(self, texts: list[str], **options: Unpack[Options]) -> list[Any]:
        return [texts, options]

    def predict(self, texts: list[str], scale: int = 1, *, mode: Any = PLAIN) -> list[str]:
        """Say it again.

        Loudly.
        """
        return [*texts, str(scale), str(mode)]

    def anything(self, **options: Any) -> Any:
        return options

    def positional(self, first: int, /, second: int) -> None: ...


def predict(**defaults: Any) -> Binding:
    return Binding(Module().predict, defaults)


def test_arguments_are_passed_by_name() -> None:
    assert predict().bind({"texts": ["a"], "scale": 2}) == {"texts": ["a"], "scale": 2}


def test_a_requests_argument_wins_over_predict_args() -> None:
    assert predict(scale=3).bind({"texts": []}) == {"texts": [], "scale": 3}
    assert predict(scale=3).bind({"texts": [], "scale": 4}) == {"texts": [], "scale": 4}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"texts": [], "colour": 1}, "unknown argument `colour`; accepted: `texts`, `scale`, `mode`"),
        ({"texts": [], "self": 1}, "unknown argument `self`"),
        ({}, "missing argument `texts`; accepted: `texts`, `scale`, `mode`"),
    ],
)
def test_what_the_method_does_not_take_is_refused_with_what_it_takes(
    arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(BindingError) as refused:
        predict().bind(arguments)

    assert said in str(refused.value)


class Reader:
    def read(self, images: list[str], image_path: str = "", save_dir: str = "") -> None: ...


@pytest.mark.parametrize("arguments", [{"image": 1, "images": []}, {}])
def test_names_that_are_refused_are_not_offered(arguments: dict[str, Any]) -> None:
    with pytest.raises(BindingError) as error:
        Binding(Reader().read, {}, names_paths=False).bind(arguments)
    with pytest.raises(BindingError, match="`images`, `image_path`, `save_dir`"):
        Binding(Reader().read, {}).bind(arguments)

    assert "accepted: `images`" in str(error.value)
    assert "_" not in str(error.value)


@pytest.mark.parametrize(("sent", "meant"), [("image", "images"), ("Images", "images"), ("img", "images")])
def test_the_argument_that_was_probably_meant_is_named(sent: str, meant: str) -> None:
    with pytest.raises(BindingError, match=rf"Did you mean {meant}\?$"):
        Binding(Reader().read, {}, names_paths=False).bind({sent: 1})


def test_a_method_with_kwargs_takes_any_argument_but_self() -> None:
    anything = Binding(Module().anything, {})

    assert anything.bind({"a": 1, "b": 2}) == {"a": 1, "b": 2}
    with pytest.raises(BindingError, match="`self`"):
        anything.bind({"self": 1})


def test_fields_of_unpacked_options_are_arguments_and_others_are_refused() -> None:
    choose = Binding(Module().choose, {"mode": "good"})

    assert choose.bind({"texts": ["a"], "width": 3}) == {"texts": ["a"], "width": 3, "mode": "good"}
    with pytest.raises(BindingError, match="`heigth`; accepted: `texts`, `width`, `mode`"):
        choose.bind({"texts": ["a"], "heigth": 3})


def test_the_manifest_tells_bounds_and_description_of_an_option() -> None:
    choose = Module().choose
    manifest = Binding(choose, {}, Signature(choose)).manifest(ServingOptions())
    _, width, mode = manifest.parameters

    assert manifest.takes_any is False
    number = {"type": "integer", "minimum": 1, "maximum": 9}
    schema = {"anyOf": [number, {"type": "null"}], "description": "Of the word."}
    assert width == Parameter("width", False, "Optional[int]", schema=schema)
    assert (mode.annotation, mode.schema) == ("Literal['fast', 'good']", {"enum": ["fast", "good"]})


def test_a_positional_parameter_cannot_be_given() -> None:
    assert Binding(Module().positional, {}).accepted == ["second"]


def test_the_manifest_says_what_the_method_takes_and_gives() -> None:
    manifest = predict().manifest(ServingOptions(batch="texts", images=("images",), example={"texts": ["a"]}))

    assert (manifest.method, manifest.summary, manifest.doc) == (
        "predict", "says it again", "Say it again.\n\nLoudly.",
    )  # fmt: skip
    assert (manifest.returns, manifest.takes_any) == ("'list[str]'", False)  # postponed, so text of a text
    assert (manifest.batch, manifest.images, manifest.example) == ("texts", ("images",), {"texts": ["a"]})
    assert manifest.parameters == (
        Parameter("texts", True, "'list[str]'"),
        Parameter("scale", False, "'int'", True, 1),
        Parameter("mode", False, "'Any'"),  # its default is not JSON, so it is not told
    )


def test_loosely_typed_options_become_what_the_manifest_holds() -> None:
    options = ServingOptions(idempotent=0)  # type: ignore[arg-type]

    assert predict().manifest(options).idempotent is False
