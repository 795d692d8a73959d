"""Greets names, many in one call; tells how many came in that call."""

import time

from hub.module import Module, moduleinfo, serving


@moduleinfo(name="greet", version="1.0.0")
class Greet(Module):
    def __init__(self, directory=None, word="hello"):
        super().__init__(directory)
        self.word = word

    @serving(batch="names")
    def greet(self, names, sleep=0.0):
        time.sleep(sleep)
        if "bad" in names:
            raise ValueError("bad is no name")
        if "lost" in names:
            return []
        return [f"{self.word} {name}, one of {len(names)}" for name in names]
