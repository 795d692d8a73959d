"""Must not be called twice for one request; writes down every call."""

import time
from pathlib import Path

from hub.module import Module, moduleinfo, serving


@moduleinfo(name="once", version="1.0.0")
class Once(Module):
    def _initialize(self, journal):
        self.journal = Path(journal)

    @serving(idempotent=False)
    def once(self, text, sleep=0.0):
        with self.journal.open("a") as journal:
            journal.write(f"{text}\n")
        time.sleep(sleep)
        return text
