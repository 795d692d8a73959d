"""Writes down the number in each image (its first pixel's blue and green); for counting what was sent."""

import time
from pathlib import Path

from hub.module import Module, moduleinfo, serving


@moduleinfo(name="tally", version="1.0.0")
class Tally(Module):
    def _initialize(self, journal, sleep=0.0):
        self.journal, self.sleep = Path(journal), sleep

    @serving(images="images")
    def tally(self, images):
        numbers = [int(image[0, 0, 0]) + 256 * int(image[0, 0, 1]) for image in images]
        with self.journal.open("a") as journal:
            journal.writelines(f"{number}\n" for number in numbers)
        time.sleep(self.sleep)
        return [[{"text": f"number {number}", "confidence": 1.0}] for number in numbers]
