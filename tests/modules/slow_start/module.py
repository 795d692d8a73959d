"""Takes its time to load, or waits for a file."""

import time
from pathlib import Path

from hub.module import Module, moduleinfo, serving


@moduleinfo(name="slow_start", version="1.0.0")
class SlowStart(Module):
    def _initialize(self, seconds=3.0, until=""):
        if not until:
            time.sleep(seconds)
        while until and not Path(until).exists():
            time.sleep(0.02)

    @serving
    def ok(self):
        return "ok"
