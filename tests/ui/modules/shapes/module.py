"""One argument of every kind a form can have; answers with what it got."""

from typing import Annotated, Any, Literal, TypedDict, Unpack

from pydantic import Field

from hub.errors import InvalidInputError
from hub.module import Module, moduleinfo, serving


class Bounds(TypedDict, total=False):
    width: Annotated[int | None, Field(ge=1, le=9, description="Of a letter.")]
    share: Annotated[float | None, Field(gt=0, le=1)]
    side: Annotated[Literal["left", "right"] | None, Field(description="Of the page.")]
    boxes: Annotated[bool | None, Field(description="Tell them, too.")]


@moduleinfo(name="shapes", version="0.1.0", summary="says what it was given")
class Shapes(Module):
    @serving
    def echo(
        self,
        title: str,
        count: int = 1,
        ratio: float = 0.5,
        mode: Literal["fast", "good"] = "fast",
        names: list[str] | None = None,
        loud: bool = False,
        extra: dict[str, Any] | None = None,
        **bounds: Unpack[Bounds],
    ) -> dict[str, Any]:
        """Give back the arguments.

        Args:
            title: refused when it is "bad".
            count: how many.
        """
        if title == "bad":
            raise InvalidInputError("this title is bad")
        if title == "worse":
            raise RuntimeError("the module is at its end")
        return {
            "title": title,
            "count": count,
            "ratio": ratio,
            "mode": mode,
            "names": names,
            "loud": loud,
            "extra": extra,
            **bounds,
        }
