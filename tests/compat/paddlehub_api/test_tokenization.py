"""Tokens, batches, small files, downloads and the logger behave as PaddleHub's did."""

from __future__ import annotations

import http.server
import logging
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from hub.compat.paddlehub_api import paddlehub_env
from hub.compat.paddlehub_api.batching import pad_batch_data
from hub.compat.paddlehub_api.downloads import default_downloader, download
from hub.compat.paddlehub_api.logger import logger
from hub.compat.paddlehub_api.parsers import txt_parser
from hub.compat.paddlehub_api.tokenization import (
    BasicTokenizer,
    FullTokenizer,
    WordpieceTokenizer,
    convert_to_unicode,
)


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


def test_the_logger_has_paddlehubs_levels(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logger.train("step")
        logger.INFO("100%")
        logger.warning("%s is old", "it")
        logger.disable()
        logger.error("unheard")
        logger.enable()
    assert [(each.levelname, each.getMessage()) for each in caplog.records] == [
        ("TRAIN", "step"),
        ("INFO", "100%"),
        ("WARNING", "it is old"),
    ]
    with pytest.raises(AttributeError):
        logger.nonsense  # noqa: B018


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    served = tmp_path / "served"
    (served / "data").mkdir(parents=True)
    (served / "data" / "a.txt").write_text("hello")
    with tarfile.open(served / "data.tar.gz", "w:gz") as tar:
        tar.add(served / "data", "data")
    with tarfile.open(served / "evil.tar", "w") as tar:
        tar.add(served / "data" / "a.txt", "../evil.txt")
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(served))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as http_server:
        threading.Thread(target=http_server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http_server.server_address[1]}"
        http_server.shutdown()


def test_files_are_fetched_and_extracted(address: str, tmp_path: Path) -> None:
    ok, _, folder = default_downloader.download_file_and_uncompress(
        f"{address}/data.tar.gz", str(tmp_path / "home"), print_progress=True
    )
    assert ok and folder is not None and (Path(folder) / "a.txt").read_text() == "hello"
    assert [entry.name for entry in (tmp_path / "home").iterdir()] == ["data"]
    assert Path(download(f"{address}/data/a.txt", str(tmp_path))).read_text() == "hello"


def test_a_failed_download_says_why_and_leaves_nothing(address: str, tmp_path: Path) -> None:
    ok, tips, file = default_downloader.download_file(f"{address}/absent", str(tmp_path / "home"))
    assert not ok and file is None and "404" in tips
    assert list((tmp_path / "home").iterdir()) == []
    assert default_downloader.download_file("file:///etc/passwd", str(tmp_path / "home"))[0] is False


def test_an_archive_cannot_write_beside_its_folder(address: str, tmp_path: Path) -> None:
    with pytest.raises(tarfile.TarError):
        default_downloader.download_file_and_uncompress(f"{address}/evil.tar", str(tmp_path / "home"))
    assert not (tmp_path / "evil.txt").exists()


def test_homes_lie_below_the_hubs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HUB_HOME", str(tmp_path))
    assert str(tmp_path / "thirdparty") == paddlehub_env.THIRD_PARTY_HOME
    assert Path(paddlehub_env.CACHE_HOME).is_dir()
    with pytest.raises(AttributeError):
        paddlehub_env.NO_HOME  # noqa: B018
