"""BERT's tokenisation, by which PaddleHub's transformer modules cut text: words, then word pieces.

The algorithm is published with BERT (Devlin et al., 2018, appendix; WordPiece: longest match first);
its results are what the vocabularies of those modules expect. Standard library only.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, TypeVar

K = TypeVar("K")
V = TypeVar("V")

#: Blocks of CJK ideographs: each of their characters is a word of its own.
_IDEOGRAPHS: Final = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)
_ASCII_PUNCTUATION: Final = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def convert_to_unicode(text: str | bytes) -> str:
    """Return text as it is, and bytes decoded as UTF-8 without the invalid ones."""
    if isinstance(text, str):
        return text
    if isinstance(text, bytes):
        return text.decode("utf-8", "ignore")
    raise ValueError(f"text must be str or bytes, not {type(text).__name__}")


def load_vocab(vocab_file: str) -> dict[str, int]:
    """Map tokens to numbers: the line's own after a tab, else the line's place in the file."""
    vocab: dict[str, int] = {}
    with Path(vocab_file).open(encoding="utf-8") as lines:
        for place, line in enumerate(lines):
            token, *number = line.strip().split("\t")
            if len(number) > 1:
                break
            vocab[token.strip()] = int(number[0]) if number else place
    return vocab


def convert_by_vocab(vocab: Mapping[K, V], items: Iterable[K]) -> list[V]:
    return [vocab[item] for item in items]


convert_tokens_to_ids = convert_ids_to_tokens = convert_by_vocab
whitespace_tokenize = str.split


class BasicTokenizer:
    """Text into words: control characters dropped, ideographs and punctuation apart, accents off."""

    def __init__(self, do_lower_case: bool = True) -> None:
        self.do_lower_case = do_lower_case

    def tokenize(self, text: str | bytes) -> list[str]:
        cleaned = "".join(_spaced(character) for character in convert_to_unicode(text))
        words = []
        for word in cleaned.split():
            if self.do_lower_case:
                decomposed = unicodedata.normalize("NFD", word.lower())
                word = "".join(each for each in decomposed if unicodedata.category(each) != "Mn")
            words += "".join(f" {each} " if _is_punctuation(each) else each for each in word).split()
        return words


class WordpieceTokenizer:
    """Words into the longest pieces that the vocabulary has, from left to right."""

    def __init__(
        self,
        vocab: Mapping[str, int],
        unk_token: str = "[UNK]",
        max_input_chars_per_word: int = 100,
        use_sentence_piece_vocab: bool = False,
    ) -> None:
        self.vocab = vocab
        self.unk_token = unk_token
        self.max_input_chars_per_word = max_input_chars_per_word
        self.use_sentence_piece_vocab = use_sentence_piece_vocab

    def tokenize(self, text: str | bytes) -> list[str]:
        words = convert_to_unicode(text).split()
        return [piece for word in words for piece in self._pieces(word) or [self.unk_token]]

    def _pieces(self, word: str) -> list[str] | None:
        """Return a word's pieces; None if the vocabulary does not have them."""
        if len(word) > self.max_input_chars_per_word:
            return None
        pieces: list[str] = []
        start = 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = self._marked(word[start:end], start)
                if piece in self.vocab:
                    pieces.append(piece)
                    start = end
                    break
            else:
                return None
        return pieces

    def _marked(self, piece: str, start: int) -> str:
        if self.use_sentence_piece_vocab:  # the first piece of a word is the one that is marked
            return piece if start else "\u2581" + piece
        return "##" + piece if start else piece


class FullTokenizer:
    """Words, then pieces, and their numbers in the vocabulary file."""

    def __init__(
        self, vocab_file: str, do_lower_case: bool = True, use_sentence_piece_vocab: bool = False
    ) -> None:
        self.vocab = load_vocab(vocab_file)
        self.inv_vocab = {number: token for token, number in self.vocab.items()}
        self.use_sentence_piece_vocab = use_sentence_piece_vocab
        self.basic_tokenizer = BasicTokenizer(do_lower_case)
        self.wordpiece_tokenizer = WordpieceTokenizer(
            self.vocab, use_sentence_piece_vocab=use_sentence_piece_vocab
        )

    def tokenize(self, text: str | bytes) -> list[str]:
        words = self.basic_tokenizer.tokenize(text)
        return [piece for word in words for piece in self.wordpiece_tokenizer.tokenize(word)]

    def convert_tokens_to_ids(self, tokens: Iterable[str]) -> list[int]:
        return convert_by_vocab(self.vocab, tokens)

    def convert_ids_to_tokens(self, ids: Iterable[int]) -> list[str]:
        return convert_by_vocab(self.inv_vocab, ids)


def _spaced(character: str) -> str:
    """Return a character as it goes into the words: dropped, as a space, as it is, or between spaces."""
    if character in "\t\n\r" or unicodedata.category(character) == "Zs":
        return " "
    if character in "\0\ufffd" or unicodedata.category(character).startswith("C"):
        return ""
    if any(first <= ord(character) <= last for first, last in _IDEOGRAPHS):
        return f" {character} "
    return character


def _is_punctuation(character: str) -> bool:
    return character in _ASCII_PUNCTUATION or unicodedata.category(character).startswith("P")
