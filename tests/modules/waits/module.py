"""Says texts later, by an async method."""

import asyncio

from hub.module import Module, moduleinfo, serving


@moduleinfo(name="waits", version="1.0.0", summary="says texts later")
class Waits(Module):
    @serving(thread_safe=True)
    async def say(self, texts: list[str]) -> list[str]:
        await asyncio.sleep(0.01)
        return [f"{text}, later" for text in texts]
