"""Does what noop does; the types of its arguments are checked."""

from collections.abc import Sequence
from typing import Annotated, Literal

from annotated_types import Ge, Le

from hub.module import Module, moduleinfo, serving


@moduleinfo(name="checked", version="1.0.0", summary="does nothing with checked arguments")
class Checked(Module):
    @serving
    def checked(
        self,
        images: Sequence[str] = (),
        text: str = "",
        size: Annotated[int, Ge(1), Le(9)] = 1,
        mode: Literal["plain", "rich"] = "plain",
    ):
        return {"images": len(images), "text": len(text)}
