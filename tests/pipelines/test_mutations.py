"""Seeded variants of files in every format, sent to a server: right text or a word about what is wrong."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from hub.pictures.kinds import recognised
from tests.pictures import formats, mutations
from tests.pipelines.conftest import OCRServer, text_of

pytestmark = [pytest.mark.models, pytest.mark.slow]
SAMPLES = formats.samples()
SEED = 20261120


def check(server: OCRServer, data: bytes, texts: tuple[str, ...]) -> bool:
    """Send a file; tell whether its text is right. All else must be said."""
    reply = server.post("ocr_system", {"images": [text_of(data)]}, timeout=60)
    body = reply.json()
    message = body["msg"]
    assert "Traceback" not in message and " at 0x" not in message
    if reply.status_code != 200:
        assert 400 <= reply.status_code < 500 and message, (reply.status_code, message)
        return False
    (lines,) = body["results"]
    assert not message or message.startswith("images[0]"), message
    return formats.texts(lines) == list(texts)


def keep(server: OCRServer, rounds: int, seed: int) -> Counter[str]:
    """Return how many variants that keep the pixels have another text, by sample."""
    chance = random.Random(seed)
    wrong: Counter[str] = Counter()
    for name, (data, texts) in SAMPLES.items():
        for _ in range(rounds):
            wrong[name] += not check(server, mutations.keeping(data, chance), texts)
    return wrong


def damage(server: OCRServer, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    for data, texts in SAMPLES.values():
        for _ in range(rounds):
            check(server, mutations.damaging(data, chance), texts)


def pids(server: OCRServer) -> list[int]:
    return server.runner_pids("ocr_system")


def test_variants_that_keep_the_pixels_give_the_right_text(server: OCRServer) -> None:
    assert {name: count for name, count in keep(server, 1, SEED).items() if count} == {}


def test_damaged_files_are_read_or_named_and_no_runner_dies(server: OCRServer) -> None:
    before = pids(server)
    damage(server, 2, SEED)
    assert pids(server) == before


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_nine_in_ten_of_many_variants_of_each_format_give_the_right_text(server: OCRServer) -> None:
    rounds = 10
    wrong = keep(server, rounds, SEED + 1)
    assert {name: count for name, count in wrong.items() if count > rounds // 10} == {}


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_many_damaged_files_are_read_or_named_and_no_runner_dies(server: OCRServer) -> None:
    before = pids(server)
    damage(server, 25, SEED + 2)
    assert pids(server) == before


def test_each_kind_of_damage_is_made_of_each_format() -> None:
    chance = random.Random(SEED)
    made: list[Any] = [
        (change, recognised(data).name) for data, _ in SAMPLES.values() for change in mutations.DAMAGES
        if change(data, chance) != data
    ]  # fmt: skip
    assert len(set(made)) >= 7 * len({recognised(data).name for data, _ in SAMPLES.values()}) - 5
