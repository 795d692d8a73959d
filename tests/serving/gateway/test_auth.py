"""The file of API keys, and who is let in."""

from __future__ import annotations

from pathlib import Path

import pytest
from werkzeug.datastructures import Headers

from hub.errors import ConfigError, UnauthorizedError
from hub.serving.config.api_keys import read_api_keys
from hub.serving.gateway.auth import KeyRing

pytestmark = pytest.mark.unit

RING = KeyRing({"alice": "0123456789abcdef", "bob": "fedcba9876543210"})


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"Authorization": "Bearer 0123456789abcdef"}, "alice"),
        ({"Authorization": "BEARER fedcba9876543210"}, "bob"),
        ({"X-API-Key": "fedcba9876543210"}, "bob"),
        ({"Authorization": "Basic eDp5", "X-API-Key": "fedcba9876543210"}, "bob"),
    ],
)
def test_a_key_is_known_by_its_name(headers: dict[str, str], name: str) -> None:
    assert RING.check(Headers(headers)) == name


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer "},
        {"Authorization": "0123456789abcdef"},
        {"X-API-Key": "0123456789ABCDEF"},
        {"X-API-Key": "0123456789abcdef "},
        {"Authorization": "Bearer wrong", "X-API-Key": "fedcba9876543210"},
        {"X-API-Key": "é"},
    ],
)
def test_anything_else_is_refused_without_repeating_it(headers: dict[str, str]) -> None:
    with pytest.raises(UnauthorizedError) as refused:
        RING.check(Headers(headers))

    assert "wrong;" not in str(refused.value).replace("wrong API key;", "")
    assert "0123456789" not in str(refused.value)


def test_without_keys_everybody_is_let_in() -> None:
    assert KeyRing(read_api_keys(None)).check(Headers({"X-API-Key": "whatever"})) is None


def test_a_file_has_names_keys_comments_and_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("\n# all\nalice : 0123456789abcdef # hers\n\nbob:with:colons:0123456789\n")
    ring = KeyRing(read_api_keys(path))

    assert ring.check(Headers({"X-API-Key": "0123456789abcdef"})) == "alice"
    assert ring.check(Headers({"X-API-Key": "with:colons:0123456789"})) == "bob"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no key"),
        ("# nothing\n", "has no key"),
        ("alice", ":1: write name:key"),
        (":0123456789abcdef", ":1: write name:key"),
        ("a:0123456789abcdef\na:fedcba9876543210", ":2: write name:key, each name once"),
        ("alice:short", "'alice' is shorter than 16"),
    ],
)
def test_a_mistake_in_the_file_names_its_line_and_shows_no_key(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "keys"
    path.write_text(text)
    with pytest.raises(ConfigError) as refused:
        KeyRing(read_api_keys(path))

    assert said in str(refused.value)
    assert "0123456789" not in str(refused.value)


def write(path: Path, *keys: str) -> Path:
    """Write a file of keys, as an editor does: another file takes the name."""
    fresh = path.with_suffix(".new")
    fresh.write_text("".join(f"user{number}:{key}\n" for number, key in enumerate(keys)))
    return fresh.replace(path)


def test_a_key_that_is_taken_out_of_the_file_opens_nothing_from_then_on(tmp_path: Path) -> None:
    path = write(tmp_path / "keys", "0123456789abcdef", "fedcba9876543210")
    ring = KeyRing.of(path)
    before = ring.check(Headers({"X-API-Key": "fedcba9876543210"}))
    write(path, "0123456789abcdef", "aaaaaaaaaaaaaaaa")

    assert before == "user1"
    assert ring.check(Headers({"X-API-Key": "aaaaaaaaaaaaaaaa"})) == "user1"
    with pytest.raises(UnauthorizedError, match="wrong API key"):
        ring.check(Headers({"X-API-Key": "fedcba9876543210"}))


@pytest.mark.parametrize("harm", ["gone", "empty", "wrong"])
def test_a_file_of_keys_that_is_damaged_opens_nothing_new_and_locks_nobody_out(
    tmp_path: Path, harm: str
) -> None:
    path = write(tmp_path / "keys", "0123456789abcdef")
    ring = KeyRing.of(path)
    path.unlink() if harm == "gone" else path.write_text("" if harm == "empty" else "short:key\n")

    assert ring.check(Headers({"X-API-Key": "0123456789abcdef"})) == "user0"
    with pytest.raises(UnauthorizedError):
        ring.check(Headers())
