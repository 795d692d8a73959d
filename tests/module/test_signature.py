"""hub.module.signature: the arguments of a call, checked by the method's annotations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from hub.errors import BindingError, ConfigError
from hub.module import Module, moduleinfo, serving
from hub.module.contract import HINTS_MARK
from hub.module.signature import Signature, enforce
from hub.serving.runner.binding import Binding

if TYPE_CHECKING:
    from nowhere import Missing  # type: ignore[import-not-found]


@moduleinfo(name="counts", version="1.0.0")
class Counts(Module):
    @serving(images="images")
    def count(
        self,
        texts: list[str],
        images: Sequence[Any] = (),
        top: int = None,  # type: ignore[assignment]  # noqa: RUF013 - as people write it
        other: Missing = 0,
        ground: np.ndarray | None = None,
        **more: int,
    ) -> dict[str, int]:
        return {"texts": len(texts), "top": top or 0}


def signature() -> Signature:
    return Signature(Counts().count, ("images",))


def test_arguments_are_converted_and_the_others_stay() -> None:
    assert signature().apply({"texts": "a", "other": "x", "b": 1}) == {"texts": ["a"], "other": "x", "b": 1}


def test_an_argument_that_does_not_fit_is_a_binding_error() -> None:
    with pytest.raises(BindingError, match=r"`texts\[0\]` must be str, not the number 1"):
        signature().apply({"texts": [1]})


def test_none_is_allowed_where_it_is_the_default() -> None:
    assert signature().apply({"top": None}) == {"top": None}
    with pytest.raises(BindingError, match="`top` must be int"):
        signature().apply({"top": "x"})


def test_names_that_do_not_resolve_and_arrays_are_not_checked() -> None:
    assert set(signature().unchecked) == {"other", "ground"}


def test_one_decoded_image_is_a_list_of_one_where_a_list_is_taken() -> None:
    image = np.zeros((2, 2, 3), np.uint8)
    assert signature().apply({"images": image}) == {"images": [image]}
    assert signature().apply({"images": [None, image]}) == {"images": [None, image]}


def test_a_list_of_one_decoded_image_is_the_image_where_one_is_taken() -> None:
    def look(image: np.ndarray, mask: np.ndarray | None = None) -> None: ...

    image = np.zeros((2, 2, 3), np.uint8)
    checked = Signature(look, ("image", "mask"))
    assert checked.apply({"image": [image]}) == {"image": image}
    with pytest.raises(BindingError, match="`mask` must be one image, not a list of 2"):
        checked.apply({"mask": [image, image]})


def test_a_module_loaded_in_python_checks_its_own_calls() -> None:
    module = enforce(Counts())
    assert module.count("a") == {"texts": 1, "top": 0}
    with pytest.raises(BindingError, match="`texts` must be a list of str, not the number 3"):
        module.count(texts=3)
    with pytest.raises(TypeError, match="texts"):
        module.count()


def test_a_module_written_for_paddlehub_is_called_as_it_is() -> None:
    class Older(Counts):
        pass

    setattr(Older, HINTS_MARK, True)
    assert enforce(Older()).count(texts=(1, 2)) == {"texts": 2, "top": 0}


def test_predict_args_that_do_not_fit_are_a_config_error() -> None:
    with pytest.raises(ConfigError, match="predict_args: `top` must be int, not the text 'x'"):
        Binding(Counts().count, {"top": "x"}, signature())
