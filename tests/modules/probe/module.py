"""A module whose callers say what it should do: sleep, raise, crash, hang, exit, or tell about itself."""

import os
import signal
import subprocess
import time
from pathlib import Path

from hub.errors import InvalidInputError
from hub.module import Module, moduleinfo, serving


class TooLongError(InvalidInputError):
    """A module's own kind of bad input."""


ERRORS = {"raise": RuntimeError, "refuse": InvalidInputError, "refuse in its own words": TooLongError}


@moduleinfo(name="probe", version="1.0.0", summary="does what the test wants")
class Probe(Module):
    def _initialize(self, journal="", greeting="hello"):
        self.journal = Path(journal) if journal else None
        self.greeting = greeting

    @serving
    def probe(self, text="", sleep=0.0, action="", **others):
        if self.journal:
            with self.journal.open("a") as journal:
                journal.write(f"{text}\n")
        time.sleep(sleep)
        if action in ERRORS:
            raise ERRORS[action](text)
        if action == "exit":
            raise SystemExit(3)
        if action == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        if action == "crash once" and not Path(others["marker"]).exists():
            Path(others["marker"]).touch()
            os.kill(os.getpid(), signal.SIGSEGV)
        if action == "orphan":  # the shell ends at once; who it started ends later, as somebody else's child
            subprocess.Popen(["sh", "-c", "sleep 0.3 &"]).wait()
        if action == "unsendable":
            return object()
        if action == "environment":
            return {name: os.environ.get(name) for name in others["names"]}
        return {"text": text, "greeting": self.greeting, "pid": os.getpid(), "others": others}
