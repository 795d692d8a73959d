"""Takes memory, or works page by page, as its callers say."""

import time
from pathlib import Path

from hub.checkpoint import checkpoint
from hub.module import Module, moduleinfo, serving


@moduleinfo(name="reader", version="1.0.0")
class Reader(Module):
    def _initialize(self, journal=""):
        self.journal = Path(journal)

    @serving
    def read(self, pages=0, eat_mb=0, data=None):
        eaten = bytearray(b"x" * (1 << 20)) * eat_mb
        if eaten:
            time.sleep(5)
        for page in range(pages):
            checkpoint()
            with self.journal.open("a") as journal:
                journal.write(f"{page}\n")
            time.sleep(0.1)
        return {"pages": pages, "bytes": len(eaten)}
