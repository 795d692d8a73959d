"""Does nothing with what it gets: what is measured is the way to it."""

from hub.module import Module, moduleinfo, serving


@moduleinfo(name="noop", version="1.0.0", summary="does nothing")
class Noop(Module):
    @serving
    def noop(self, images=(), text=""):
        return {"images": len(images), "text": len(text)}
