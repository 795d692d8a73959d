"""Takes its time to load."""

import time

from hub.module import Module, moduleinfo, serving


@moduleinfo(name="slow_start", version="1.0.0")
class SlowStart(Module):
    def _initialize(self, seconds=3.0):
        time.sleep(seconds)

    @serving
    def ok(self):
        return "ok"
