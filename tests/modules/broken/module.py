"""Imports, but does not initialise."""

from hub.module import Module, moduleinfo, serving


@moduleinfo(name="broken", version="1.0.0")
class Broken(Module):
    def _initialize(self):
        raise ValueError("the weights are missing")

    @serving
    def never(self):
        return None
