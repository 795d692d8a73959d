"""Works for a millisecond and answers what it was asked, so that an answer can be told from any other."""

import time

from hub.module import Module, moduleinfo, serving


@moduleinfo(name="fast", version="1.0.0", summary="echoes after a millisecond")
class Fast(Module):
    @serving
    def echo(self, text):
        time.sleep(0.001)
        return text
