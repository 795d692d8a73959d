"""hub.registry.describe: what ``hub show`` tells of a module without importing it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.registry.describe import describe
from hub.registry.local import LocalRegistry

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("body", "serving"),
    [
        ("    @serving\n    async def ask(self): ...\n", "ask"),
        ("    @serving\n    async def ask(self): ...\n    @serving\n    def tell(self): ...\n", "ask"),
        (
            "    @serving()\n    def tell(self, a): ...\n    @serving\n    async def ask(self): ...\n",
            "tell",
        ),
        ("    async def ask(self): ...\n", None),
    ],
    ids=["async", "async first", "async second", "none"],
)
def test_the_first_serving_method_is_told_plain_or_async(
    tmp_path: Path, body: str, serving: str | None
) -> None:
    head = (
        'from hub.module import moduleinfo, serving\n@moduleinfo(name="mine", version="1.0.0")\nclass Mine:\n'
    )
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "module.py").write_text(head + body)

    assert describe(str(tmp_path / "mine"), LocalRegistry()).serving == serving
