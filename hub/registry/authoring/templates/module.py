"""Say how long texts are: ``POST /predict/NAME``."""

from __future__ import annotations

from hub.errors import InvalidInputError
from hub.module import Module, moduleinfo, runnable, serving


@moduleinfo(
    name="NAME",
    version="0.1.0",
    summary="says how long texts are",
    author="",
    type="nlp/example",
)
class CLASS(Module):
    def _initialize(self, unit: str = "characters") -> None:
        """Load models here. Called once in each process; the arguments are the config file's init_args."""
        if unit not in ("characters", "words"):
            raise ValueError(f"unit must be characters or words, not {unit!r}")
        self.unit = unit

    # With batch="texts", texts of requests that wait at the same time come in one call: one result per text.
    @serving(batch="texts")
    def predict(self, texts: list[str]) -> list[dict[str, object]]:
        """Say how long each text is."""
        if not all(isinstance(text, str) for text in texts):
            raise InvalidInputError("texts must be a list of strings")
        return [{"text": text, "length": self._length(text)} for text in texts]

    @runnable
    def run(self, argv: list[str]) -> list[dict[str, object]]:
        """Answer ``hub run NAME TEXT…``."""
        return self.predict(texts=argv)

    def _length(self, text: str) -> int:
        return len(text) if self.unit == "characters" else len(text.split())
