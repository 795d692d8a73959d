"""Paddle's static mode is entered where PaddleHub entered it, and always left again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

paddle = pytest.importorskip("paddle")

import hub  # noqa: E402
from hub.compat.paddlehub_api import static_mode  # noqa: E402
from hub.compat.paddlehub_api.contract import RunModule, moduleinfo, settle  # noqa: E402


@pytest.fixture(autouse=True)
def dynamic() -> Iterator[None]:
    paddle.disable_static()
    yield
    paddle.disable_static()


class Static(RunModule):
    def asks(self) -> bool:
        return bool(self.asks_inside())

    def asks_inside(self) -> bool:
        return not paddle.in_dynamic_mode()

    def fails(self) -> None:
        raise ValueError("inside")


def test_methods_of_a_plain_module_run_static() -> None:
    assert Static().asks() is True
    assert paddle.in_dynamic_mode()


def test_a_method_that_fails_leaves_no_trace() -> None:
    with pytest.raises(ValueError, match="inside"):
        Static().fails()
    assert paddle.in_dynamic_mode()


def test_a_layer_stays_dynamic() -> None:
    @moduleinfo(name="layer", version="1", meta=RunModule)
    class Layer(paddle.nn.Layer):  # type: ignore[misc, name-defined]
        def asks(self) -> bool:
            return bool(paddle.in_dynamic_mode())

    assert Layer().asks() is True


@pytest.mark.parametrize("static", [False, True])
def test_a_kept_method_begins_and_ends_in_its_own_mode(static: bool) -> None:
    static_mode.switch(to_static=static)

    def leaves_the_other() -> bool:
        seen = static_mode.is_static()
        static_mode.switch(to_static=not static)
        return seen

    method = static_mode.kept(leaves_the_other)
    static_mode.switch(to_static=not static)
    assert [method(), static_mode.is_static(), method()] == [static, static, static]


def test_a_module_that_turns_the_switch_while_it_loads_turns_it_for_itself(tmp_path: Path) -> None:
    (tmp_path / "turner").mkdir()
    (tmp_path / "turner" / "module.py").write_text(
        "import paddle\nfrom paddlehub.module.module import moduleinfo, serving\npaddle.enable_static()\n"
        "@moduleinfo(name='turner', version='1.0')\nclass Turner:\n"
        "    @serving\n    def ask(self):\n        return paddle.in_dynamic_mode()\n"
    )
    turner = hub.Module(directory=str(tmp_path / "turner"))
    assert paddle.in_dynamic_mode()
    assert turner.ask() is False
    assert paddle.in_dynamic_mode()


def test_a_process_of_its_own_rests_in_the_modules_mode() -> None:
    settle(Static())
    assert static_mode.is_static()
