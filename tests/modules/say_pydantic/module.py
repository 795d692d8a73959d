from typing import Literal

from pydantic import BaseModel, Field

from hub.module import Module, moduleinfo, serving


class Options(BaseModel):
    times: int = Field(1, ge=1, le=9)
    style: Literal["plain", "loud"] = "plain"
    margins: tuple[int, int] = (0, 0)


DEFAULT = Options()


class Said(BaseModel):
    text: str
    length: int


@moduleinfo(name="say_pydantic", version="1.0.0", summary="says texts")
class Say(Module):
    @serving
    def say(self, texts: list[str], options: Options = DEFAULT) -> list[Said]:
        before, after = options.margins
        said = [" " * before + text * options.times + " " * after for text in texts]
        said = [text.upper() for text in said] if options.style == "loud" else said
        return [Said(text=text, length=len(text)) for text in said]
