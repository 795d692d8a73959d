"""Waits 50 ms, as a module does that asks another machine: what is measured is how many go on at once."""

import time

from hub.module import Module, moduleinfo, serving


@moduleinfo(name="wait", version="1.0.0", summary="waits 50 ms")
class Wait(Module):
    @serving
    def wait(self):
        time.sleep(0.05)
        return "done"
