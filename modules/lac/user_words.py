"""A user's dictionary: where its phrases occur, it decides on words and tags.

One phrase a line, in PaddleHub's form: the words of the phrase, each with a tag or without.

    春天/SEASON         the word 春天 is tagged SEASON
    花/n 开/v           花开 is two words
    秋天的风            is one word; its tag is that of its last character
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from hub.errors import ConfigError, InvalidInputError

_TAG = re.compile(r"[^\W\d_][\w-]*\Z")
_FILE_NAME = re.compile(r"\S+\.(txt|dic|dict)\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Phrase:
    """``words`` joined are ``text``; an empty tag leaves the network's."""

    text: str
    words: tuple[tuple[str, str], ...]


class UserWords:
    """Phrases by first character, longest first."""

    def __init__(self, lines: list[str]) -> None:
        phrases = {phrase.text: phrase for phrase in map(_phrase, lines) if phrase}
        self._by_start: dict[str, list[Phrase]] = defaultdict(list)
        for phrase in sorted(phrases.values(), key=lambda phrase: -len(phrase.text)):
            self._by_start[phrase.text[0]].append(phrase)

    @classmethod
    def read(cls, given: Any) -> UserWords:
        """Read a request's ``user_dict``, or a file (a ``Path``, which no request can bring).

        Raises:
            InvalidInputError: it has another form; the message shows the allowed ones.
            ConfigError: there is no such file, or it is not UTF-8.
        """
        if isinstance(given, PathLike):
            try:
                return cls(Path(given).read_text(encoding="utf-8-sig").splitlines())
            except (OSError, ValueError) as error:
                raise ConfigError(f"the user dictionary {given} cannot be read: {error}") from error
        if isinstance(given, Mapping) and all(isinstance(tag or "", str) for tag in given.values()):
            return cls([f"{word}/{tag}" if tag else word for word, tag in given.items()])
        if isinstance(given, list) and all(isinstance(line, str) for line in given):
            return cls(_uploaded(given) or given)
        if isinstance(given, str) and not _FILE_NAME.match(given):
            return cls(given.splitlines())
        raise InvalidInputError(
            f"user_dict is {given!r:.80}; send the words themselves: a text (one phrase a line), a list "
            'of such lines, or {"word": "tag"}. A file on the server is named in init_args.user_dict'
        )

    def decide(self, text: str, tags: list[str], starts: list[bool]) -> None:
        """Change ``tags`` and ``starts`` (one entry per character) where phrases occur."""
        for place, phrase in self._found(text):
            for word, tag in phrase.words:
                end = place + len(word)
                starts[place:end] = [True] + [False] * (len(word) - 1)
                if tag:
                    tags[place:end] = [tag] * len(word)
                place = end
            if place < len(text):
                starts[place] = True

    def _found(self, text: str) -> Iterator[tuple[int, Phrase]]:
        place = 0
        while place < len(text):
            for phrase in self._by_start.get(text[place], ()):
                if text.startswith(phrase.text, place):
                    yield place, phrase
                    place += len(phrase.text)
                    break
            else:
                place += 1


def _phrase(line: str) -> Phrase | None:
    """Parse a line; None for an empty one."""
    words = []
    for item in line.split():
        word, slash, tag = item.rpartition("/")
        if not word:  # no slash, or a word that is one
            word, tag = item, ""
        elif slash and not _TAG.match(tag):
            raise InvalidInputError(
                f"user_dict: {tag!r} in {line!r:.80} is not a tag; write word/tag, as 春天/TIME"
            )
        words.append((word, tag))
    return Phrase("".join(word for word, _ in words), tuple(words)) if words else None


def _uploaded(lines: list[str]) -> list[str] | None:
    """Return the lines of a form's file, which arrives as one base64 text; None for anything else."""
    if len(lines) != 1 or not lines[0].isascii():
        return None
    try:
        text = base64.b64decode(lines[0], validate=True).decode("utf-8-sig")
    except (binascii.Error, ValueError):
        return None
    return None if text.isascii() else text.splitlines()
