"""Its process dies while loading."""

import os
import signal

from hub.module import Module, moduleinfo, serving


@moduleinfo(name="crash_on_load", version="1.0.0")
class CrashOnLoad(Module):
    def _initialize(self):
        os.kill(os.getpid(), signal.SIGKILL)

    @serving
    def never(self):
        return None
