from typing import Annotated, Literal

from annotated_types import Ge, Le

from hub.module import Module, moduleinfo, serving


@moduleinfo(name="say_annotated", version="1.0.0", summary="says texts")
class Say(Module):
    @serving
    def say(
        self,
        texts: list[str],
        times: Annotated[int, Ge(1), Le(9)] = 1,
        style: Literal["plain", "loud"] = "plain",
        margins: tuple[int, int] | None = None,
    ) -> list[str]:
        before, after = margins or (0, 0)
        said = [" " * before + text * times + " " * after for text in texts]
        return [text.upper() for text in said] if style == "loud" else said
