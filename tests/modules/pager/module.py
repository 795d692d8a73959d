"""Takes 20 ms for a page, and writes down each that it has begun with; texts may make it fail."""

import time
from pathlib import Path

from hub.errors import InvalidInputError
from hub.module import Module, moduleinfo, serving
from hub.pictures.pages import Pages


@moduleinfo(name="pager", version="1.0.0")
class Pager(Module):
    def _initialize(self, journal="", seconds=0.02):
        self.journal = Path(journal)
        self.seconds = seconds

    def _note(self, what):
        with self.journal.open("a") as journal:
            journal.write(f"{what}\n")
        time.sleep(self.seconds)

    @serving(batch="images", images="images", documents=True)
    def read(self, images: list, pages: int | list[int] | None = None, mark: str = "") -> list:
        """Say how wide each page is."""
        return [self._item(image, mark) for image in images]

    def _item(self, image, mark):
        if image is None:
            return []
        if not isinstance(image, Pages):
            self._note("picture")
            return [{"width": image.shape[1], "mark": mark}]
        lines = []
        for number, page in zip(image.numbers, image.images, strict=True):
            self._note(number)
            lines += [] if page is None else [{"width": page.shape[1], "mark": mark, "page": number}]
        return lines

    @serving(batch="images", images="images", documents=True, whole_documents=True)
    def count(self, images: list, pages: int | list[int] | None = None) -> list:
        """Count the pages of each document."""
        self._note("whole")
        return [len(image.numbers) if isinstance(image, Pages) else 1 for image in images]

    @serving(batch="texts")
    def say(self, texts: list[str], mark: str = "") -> list[str]:
        """Say texts again."""
        for text in texts:
            self._note(text)
            if text.startswith("fail"):
                raise RuntimeError(text)
            if text.startswith("refuse"):
                raise InvalidInputError(text)
        return [text.upper() + mark for text in texts]

    @serving
    def add(self, numbers: list[int]) -> int:
        """Add numbers, which are of one whole."""
        self._note("add")
        return sum(numbers)

    @serving(batch="texts", idempotent=False)
    def pay(self, texts: list[str]) -> list[str]:
        """Do what must not be done twice."""
        for text in texts:
            self._note(text)
            time.sleep(0.3)
        return texts
