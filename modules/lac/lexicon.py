"""Turns a text into tokens and their ids, which the network reads.

A token is a word of ``small_seg.dic`` or a character. The lexicon says how often each word occurs, and of
all ways to cut a text the most probable one is taken. Words without an id in the network are spelled out.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

#: Words of Latin letters and numbers: one token where the network knows them ("2026"), else spelled.
_LATIN = re.compile(r"([A-Za-z0-9]{2,})")


class Lexicon:
    """LAC's four dictionaries, read from its folder ``conf``."""

    def __init__(self, conf: Path) -> None:
        rows = [line.split("\t") for line in _lines(conf / "word.dic")]
        self._ids = {word: int(number) for number, word in rows}
        self._unknown = self._ids["OOV"]
        self._sign = self._ids["."]
        #: Full-width and traditional characters to plain ones, one to one.
        self._plain = {ord(a): b for a, b in (line.split("\t") for line in _lines(conf / "q2b.dic"))}
        #: Latin letters keep their case until they are spelled: "QQ" and "C++" are words.
        self._simplified = {old: new for old, new in self._plain.items() if old > 127}
        self._weights = _log_probabilities(conf / "small_seg.dic")
        self._longest = max(map(len, self._weights))
        self._rarest = min(self._weights.values())
        #: Name of each label, and whether it starts a word.
        self.labels = _labels(conf / "tag.dic")

    def encode(self, text: str) -> tuple[list[int], list[int]]:
        """Return the ids of the text's tokens, and of how many characters each is made."""
        ids: list[int] = []
        lengths: list[int] = []
        for token in self.cut(text.translate(self._simplified)):
            known = self._ids.get(token) if len(token) > 1 else None
            if known is not None:
                ids.append(known)
                lengths.append(len(token))
            else:
                ids += [self._id(character) for character in token.translate(self._plain)]
                lengths += [1] * len(token)
        return ids, lengths

    def _id(self, character: str) -> int:
        """Return a character's id; an emoji is read as a sign, which leaves the words around it alone."""
        return self._ids.get(character, self._unknown if character.isalnum() else self._sign)

    def cut(self, text: str) -> list[str]:
        """Return the text's most probable tokens; joined they are the text."""
        tokens: list[str] = []
        for index, part in enumerate(_LATIN.split(text)):
            if index % 2:
                tokens.append(part)
            else:
                tokens += self._route(part)
        return tokens

    def _route(self, text: str) -> list[str]:
        """Go from the end to the start: the best token at each place, given the best cut of what follows."""
        count = len(text)
        scores = [0.0] * (count + 1)
        ends = [0] * count
        weight_of = self._weights.get
        for start in range(count - 1, -1, -1):
            best, end = scores[start + 1] + self._rarest, start + 1
            for stop in range(start + 2, min(start + self._longest, count) + 1):
                weight = weight_of(text[start:stop])
                if weight is not None and weight + scores[stop] > best:
                    best, end = weight + scores[stop], stop
            scores[start], ends[start] = best, end
        tokens, start = [], 0
        while start < count:
            tokens.append(text[start : ends[start]])
            start = ends[start]
        return tokens


def _lines(path: Path) -> list[str]:
    # Not splitlines(): some of the dictionaries' characters are line ends to it.
    return path.read_text(encoding="utf-8").rstrip("\n").split("\n")


def _log_probabilities(path: Path) -> dict[str, float]:
    """Return that of each word; single characters have no entry and count as seen once."""
    counts = {word: int(count) for word, count in (line.split(" ") for line in _lines(path))}
    total = math.log(sum(counts.values()))
    return {word: math.log(count) - total for word, count in counts.items()} | {"": -total}


def _labels(path: Path) -> list[tuple[str, bool]]:
    """Return the labels by id: ``n-B`` starts a noun, ``n-I`` goes on with it, ``O`` stands alone."""
    rows = dict(line.split("\t") for line in _lines(path))
    names = [rows.get(str(number), "O") for number in range(max(map(int, rows)) + 1)]
    return [(name.removesuffix("-B").removesuffix("-I"), not name.endswith("-I")) for name in names]
