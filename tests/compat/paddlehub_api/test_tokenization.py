"""Tokens, batches and small files are as PaddleHub's modules expect them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hub.compat.paddlehub_api.batching import pad_batch_data
from hub.compat.paddlehub_api.parsers import txt_parser
from hub.compat.paddlehub_api.tokenization import (
    BasicTokenizer,
    FullTokenizer,
    WordpieceTokenizer,
    convert_to_unicode,
)

pytestmark = pytest.mark.unit


def test_text_is_cut_into_words_and_pieces(tmp_path: Path) -> None:
    words = ["[UNK]", "un", "##aff", "##able", "今", "天", ",", "cafe"]
    (tmp_path / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    tokenizer = FullTokenizer(str(tmp_path / "vocab.txt"))
    tokens = tokenizer.tokenize("UNaffable今天,\tCafé\x00 xyz")
    assert tokens == ["un", "##aff", "##able", "今", "天", ",", "cafe", "[UNK]"]
    ids = tokenizer.convert_tokens_to_ids(tokens)
    assert ids == [1, 2, 3, 4, 5, 6, 7, 0] and tokenizer.convert_ids_to_tokens(ids) == tokens


def test_case_and_accents_are_kept_on_demand() -> None:
    assert BasicTokenizer(do_lower_case=False).tokenize("Café!") == ["Café", "!"]


def test_sentence_pieces_mark_the_first() -> None:
    cut = WordpieceTokenizer({"\u2581ab": 0, "c": 1}, use_sentence_piece_vocab=True)
    assert cut.tokenize("abc") == ["\u2581ab", "c"]


def test_bytes_become_text() -> None:
    assert convert_to_unicode("中".encode() + b"\xff") == "中"
    with pytest.raises(ValueError, match="not int"):
        convert_to_unicode(1)  # type: ignore[arg-type]


def test_a_batch_is_padded_with_all_that_is_asked_for() -> None:
    ids, positions, mask, longest, count, lengths = pad_batch_data(
        [[5, 6], [7]], 9, 3, True, True, True, True, True
    )
    assert ids[:, :, 0].tolist() == [[5, 6, 9], [7, 9, 9]] and ids.dtype == np.int64
    assert positions[:, :, 0].tolist() == [[0, 1, 9], [0, 9, 9]]
    assert mask[:, :, 0].tolist() == [[1, 1, 0], [1, 0, 0]] and mask.dtype == np.float32
    assert (longest, count, lengths.tolist()) == (3, 3, [[2], [1]])
    assert pad_batch_data([[1]], max_seq_len=2).shape == (1, 2, 1)
    with pytest.raises(ValueError, match="4 tokens does not fit"):
        pad_batch_data([[1] * 4], max_seq_len=3)


def test_lines_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(" 中\n\nb\n".encode("gbk"))
    assert txt_parser.parse(str(tmp_path / "a.txt")) == ["中", "b"]
    assert txt_parser.parse(str(tmp_path / "a.txt"), use_strip=False)[0] == " 中"
