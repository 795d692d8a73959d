"""Does what checked does; nothing is checked."""

from hub.module import Module, moduleinfo, serving


@moduleinfo(name="loose", version="1.0.0", summary="does nothing with unchecked arguments")
class Loose(Module):
    @serving
    def loose(self, images=(), text="", size=1, mode="plain"):
        return {"images": len(images), "text": len(text)}
