"""Base64 as people send it."""

from __future__ import annotations

import base64
import textwrap
import tracemalloc
from collections.abc import Callable
from urllib.parse import quote

import pytest

from hub import base64_text
from hub.errors import InvalidInputError
from tests.serving import pictures

pytestmark = pytest.mark.unit

PNG = pictures.png()
#: Its base64 has both letters in which the alphabets differ, and needs padding.
DATA = PNG + b"\xfb\xef\xbe\xff" * 20
DATA += b"a" * (4 - len(DATA) % 3)
PLAIN = base64.b64encode(DATA).decode()


TWICE = base64.b64encode(PLAIN.encode()).decode()


@pytest.fixture(params=[True, False], ids=["pybase64", "binascii"])
def has_pybase64(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if not request.param:
        monkeypatch.setattr(base64_text, "pybase64", None)


@pytest.mark.parametrize("size", [1, 2, 3, 100, 1001])
def test_base64_in_each_spelling_gives_the_same_bytes(size: int) -> None:
    data = bytes(number * 7 % 256 for number in range(size))
    plain = base64.b64encode(data).decode()
    spellings = [plain, base64.urlsafe_b64encode(data).decode(), base64.encodebytes(data).decode()]

    for text in [*spellings, "data:image/png;base64," + plain, f"\n {plain}\r\n"]:
        assert base64_text.decode(text, "it") == data


@pytest.mark.parametrize(
    "spell",
    [
        pytest.param(lambda text: text.translate(str.maketrans("+/", "-_")).rstrip("="), id="url-safe, bare"),
        pytest.param(lambda text: "DATA:IMAGE/PNG;BASE64," + text, id="data URI in capitals"),
        pytest.param(lambda text: "Data:," + text, id="data URI without a type"),
        pytest.param(lambda text: f'"{text}"', id="double quotes"),
        pytest.param(lambda text: f"'{text}'\n", id="single quotes"),
        pytest.param(lambda text: f"b'{text}'", id="Python's bytes"),
        pytest.param(lambda text: str(base64.encodebytes(DATA)), id="Python's bytes with line ends"),
        pytest.param(lambda text: quote(text, safe=""), id="percent-encoded"),
        pytest.param(lambda text: text.replace("+", "%2b").replace("/", "%2f"), id="%2b in small letters"),
        pytest.param(lambda text: quote("data:image/png;base64," + text, safe=""), id="percent-encoded URI"),
        pytest.param(lambda text: text.replace("/", "\\/"), id="slashes escaped as PHP does"),
        pytest.param(lambda text: "\n".join(textwrap.wrap(text, 76)), id="lines"),
        pytest.param(lambda text: "  \r\n\t  ".join(textwrap.wrap(text, 64)), id="indented lines"),
        pytest.param(
            lambda text: " \n".join(textwrap.wrap(text, 64)) + "  ", id="blanks at the ends of lines"
        ),
    ],
)
@pytest.mark.usefixtures("has_pybase64")
def test_what_means_one_thing_is_read(spell: Callable[[str], str]) -> None:
    assert base64_text.decode(spell(PLAIN), "it") == DATA


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(PLAIN.replace("+", " "), "which was a `\\+`", id="blanks for +"),
        pytest.param(
            "data:image/png;base64," + PLAIN.replace("+", " "), "a blank inside", id="in a data URI"
        ),
        pytest.param(PLAIN[:40] + " " + PLAIN[40:], "a blank inside", id="one blank"),
        pytest.param(TWICE, "base64 of base64", id="twice"),
        pytest.param(
            base64.b64encode(b"data:image/png;base64," + PLAIN.encode()).decode(),
            "base64 of base64",
            id="a data URI once more",
        ),
        pytest.param(DATA.hex(), "hexadecimal; send base64", id="hex"),
        pytest.param("0x" + DATA.hex().upper(), "hexadecimal; send base64", id="hex with 0x"),
        pytest.param(b"\xff\xd8\xff\xe0abcdef".hex(" "), "hexadecimal; send base64", id="hex with blanks"),
        pytest.param(PLAIN.rstrip("="), "was cut off", id="cut"),
        pytest.param(PLAIN + "é", "character 'é'", id="another letter"),
        pytest.param(f"[{PLAIN}]", r"character '\['", id="a bracket"),
        pytest.param(f"u'{PLAIN}'", 'character "\'"', id="another language's quotes"),
        pytest.param(PLAIN + "\0", r"character '\\x00'", id="a C string's end"),
        pytest.param("http://example.com/a.png", "is an address, not base64", id="an address"),
        pytest.param(" FILE:///tmp/a.png", "is an address, not base64", id="a file's address"),
        pytest.param("a.jpg", "is the name of a file, not base64", id="a file's name"),
        pytest.param("C:\\scan 1\\a.TIFF", "is the name of a file, not base64", id="a path of Windows"),
        pytest.param("data:image/png,%89PNG", "a data URI without base64", id="a data URI of bytes"),
        pytest.param("QU==QUJD", "`=` stands at its end alone", id="two texts joined"),
        pytest.param("abc", "its 3 characters cannot be divided by 4", id="a word"),
    ],
)
def test_what_lost_something_or_is_another_form_is_named(text: str, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        base64_text.decode(text, "images[3]")


@pytest.mark.parametrize("text", ["", "====", "A", "AAA=A", "A=A=", "%", "\0", "甲", "abc", None, 1, b"AAAA"])
@pytest.mark.usefixtures("has_pybase64")
def test_what_is_no_base64_is_refused_and_named(text: object) -> None:
    with pytest.raises(InvalidInputError, match=r"images\[3\]"):
        base64_text.decode(text, "images[3]")


def test_text_that_only_begins_like_another_form_is_read() -> None:
    for data in (b"\x9d\xe7\x1d\xf1" * 60, b"iVBORw0KGgo\0\0", b"424d", b"plain words in a text file"):
        assert base64_text.decode(base64.b64encode(data).decode(), "it") == data


def test_base64_full_of_line_breaks_takes_no_memory_for_each_of_them() -> None:
    tracemalloc.start()
    text = "QU\nJ\nD" * 500_000
    before, _ = tracemalloc.get_traced_memory()
    assert base64_text.decode(text, "it") == b"ABC" * 500_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak - before < 5 * len(text)


@pytest.mark.parametrize(
    "text", [" " * 2_000_000 + "\nA A", "A" + " \n" * 1_000_000 + "A A", "A " * 1_000_000]
)
def test_many_blanks_are_looked_through_once(text: str) -> None:
    with pytest.raises(InvalidInputError, match="blank inside"):
        base64_text.decode("A" + text, "it")


@pytest.mark.parametrize(
    "text", [PLAIN, f"'{PLAIN}'", "DATA:image/png;base64,", DATA.hex(), "/9j/4AAQ", TWICE]
)
def test_base64_of_files_is_known_by_its_beginning(text: str) -> None:
    assert base64_text.is_of_file(text)
    assert not base64_text.is_of_file("plain " + text)
