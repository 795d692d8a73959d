"""Parameters of lac: edit, then uninstall, install and start again."""

from __future__ import annotations


class Config:
    #: A weights name or a folder with conf/ and model/, as LAC's own training writes it.
    model_dir = "LAC"

    #: Sentences go through the network together until they have this many tokens: the more, the
    #: faster, until about a thousand; memory grows with it.
    max_tokens = 2048

    #: A longer text is cut at the ends of its sentences, so that its parts are computed side by side.
    max_characters = 256


def read_params() -> Config:
    """Return the parameters, one object with a field each."""
    return Config()
