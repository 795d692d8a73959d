"""Say how long texts are: ``POST /predict/NAME``."""

from __future__ import annotations

from typing import Any, Literal

from hub.module import Module, moduleinfo, runnable, serving


@moduleinfo(
    name="NAME",
    version="0.1.0",
    summary="says how long texts are",
    author="",
    type="nlp/example",
)
class CLASS(Module):
    def _initialize(self) -> None:
        """Load models here. Called once in each process; the arguments are the config file's init_args."""

    # A request is checked by the annotations before it gets here: one that does not fit is answered 400.
    @serving
    def predict(
        self, texts: list[str], unit: Literal["characters", "words"] = "characters"
    ) -> list[dict[str, Any]]:
        """Say how long each text is.

        Args:
            texts: the texts.
            unit: what is counted.

        Example:
            {"texts": ["two words"], "unit": "words"}
        """
        return [
            {"text": text, "length": len(text.split()) if unit == "words" else len(text)} for text in texts
        ]

    @runnable
    def run(self, argv: list[str]) -> list[dict[str, Any]]:
        """Answer ``hub run NAME TEXT…``."""
        return self.predict(texts=argv)
