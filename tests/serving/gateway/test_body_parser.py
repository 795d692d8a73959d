"""Bodies in each accepted form: JSON, forms, one image."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder

from hub import envelope
from hub.errors import BindingError, InvalidInputError, MediaTypeError, NotJSONError, PayloadTooLargeError
from hub.serving.gateway import body_parser
from hub.serving.gateway import form as form_parts
from hub.serving.gateway.body import Body
from tests.serving import pictures
from tests.serving.gateway.limits import LIMITS

pytestmark = pytest.mark.unit

SMALL = pictures.encode(pictures.plain(30, 30))
LARGE = pictures.encode(pictures.plain(40, 30))
TEXT, LARGE_TEXT = pictures.text_of(SMALL), pictures.text_of(LARGE)

#: Name and value of a form's part: text, or a file's content.
Part = tuple[str, "str | bytes"]


def form(*parts: Part) -> tuple[bytes, str]:
    """Return a form's bytes and its content type."""
    lines = []
    for name, value in parts:
        is_file = isinstance(value, bytes)
        file = '; filename="file.png"\r\nContent-Type: image/png' if is_file else ""
        head = f'--sep\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode()
        lines += [head, value if isinstance(value, bytes) else value.encode(), b"\r\n"]
    return b"".join([*lines, b"--sep--\r\n"]), "multipart/form-data; boundary=sep"


def read_form(*parts: Part, declared: tuple[str, ...] = (), **limits: Any) -> Body:
    data, kind = form(*parts)
    return body_parser.parse(data, kind, declared, replace(LIMITS, **limits))


def arguments(body: Body) -> Any:
    return json.loads(body.arguments)


# -- content types ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/problem+json",
        " application/json ",
    ],
)
def test_json_is_read_under_its_names(kind: str) -> None:
    assert body_parser.parse(b'{"a": 1}', kind, (), LIMITS) == Body(b'{"a": 1}')


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "json"])
def test_another_content_type_is_refused_with_those_that_are_read(kind: str) -> None:
    with pytest.raises(MediaTypeError, match=r"send application/json, multipart/form-data or an image/\*"):
        body_parser.parse(b"{}", kind, (), LIMITS)


def test_json_that_is_none_is_refused() -> None:
    with pytest.raises(NotJSONError):
        body_parser.parse(b"a=1", "application/json", (), LIMITS)


# -- forms -----------------------------------------------------------------------------------------


def test_text_fields_are_json_where_they_can_be_and_else_text() -> None:
    found = read_form(("n", "1.5"), ("flag", "true"), ("names", '["a", "b"]'), ("text", "1,5"), ("empty", ""))

    assert arguments(found) == {"n": 1.5, "flag": True, "names": ["a", "b"], "text": "1,5", "empty": ""}


def test_a_forms_type_may_be_written_in_capitals() -> None:
    data, kind = form(("top_k", "3"))
    body = body_parser.parse(data, kind.replace("multipart/form-data", "Multipart/Form-Data"), (), LIMITS)

    assert arguments(body) == {"top_k": 3}


def test_a_field_that_comes_twice_is_a_list() -> None:
    assert arguments(read_form(("texts", "a"), ("texts", "2"))) == {"texts": ["a", 2]}


def test_files_of_declared_arguments_are_bytes() -> None:
    found = read_form(("images", SMALL), ("images", SMALL), ("n", "1"), declared=("images",))

    assert (found.images, arguments(found)) == ({"images": [SMALL, SMALL]}, {"n": 1})


@pytest.mark.parametrize("value", [SMALL, TEXT], ids=["file", "text"])
def test_one_file_for_an_argument_of_one_image_is_not_a_list(value: str | bytes) -> None:
    assert read_form(("image", value), declared=("image",)).images == {"image": SMALL}


def test_several_files_for_an_argument_of_one_image_are_a_list() -> None:
    body = read_form(("image", SMALL), ("image", SMALL), declared=("image",))
    assert body.images == {"image": [SMALL, SMALL]}


def test_a_raw_image_for_an_argument_of_one_image_is_not_a_list() -> None:
    assert body_parser.parse(SMALL, "image/png", ("image",), LIMITS).images == {"image": SMALL}
    assert body_parser.parse(SMALL, "image/png", ("images",), LIMITS).images == {"images": [SMALL]}


def test_files_of_a_module_that_decodes_itself_become_base64() -> None:
    found = read_form(("images", SMALL))

    assert (found.images, arguments(found)) == ({}, {"images": [TEXT]})


def test_base64_in_a_text_field_of_a_declared_argument_is_decoded() -> None:
    assert read_form(("images", TEXT), declared=("images",)).images == {"images": [SMALL]}


@pytest.mark.parametrize("declared", [("images",), ()])
def test_a_file_over_a_limit_is_refused(declared: tuple[str, ...]) -> None:
    with pytest.raises(PayloadTooLargeError, match=r"images\[0\] has 40 × 30 pixels"):
        read_form(("images", LARGE), declared=declared)
    with pytest.raises(PayloadTooLargeError, match="more than 3 images"):
        read_form(*[("images", SMALL)] * 4, declared=declared, max_pixels=10**6, max_total_pixels=10**7)


@pytest.mark.parametrize("declared", [("images",), ()])
def test_base64_in_a_text_field_is_held_to_the_limits(declared: tuple[str, ...]) -> None:
    with pytest.raises(PayloadTooLargeError, match="has 40 × 30 pixels"):
        read_form(("images", LARGE_TEXT), declared=declared)


def test_files_and_text_fields_share_one_budget() -> None:
    with pytest.raises(PayloadTooLargeError, match="more than 3 images"):
        read_form(
            *[("images", SMALL)] * 2, ("mask", TEXT), ("mask", TEXT),
            declared=("images", "mask"), max_pixels=10**6, max_total_pixels=10**7,
        )  # fmt: skip


@pytest.mark.parametrize("value", ["/etc/passwd", b"/etc//passwd"])
def test_a_form_cannot_name_files_of_the_server(value: str | bytes) -> None:
    with pytest.raises(BindingError, match="`paths`"):
        read_form(("paths", value))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"no form", "multipart/form-data; boundary=sep"),
        (b"--sep\r\n", "multipart/form-data; boundary=sep"),
        (form(("a", "1"))[0], "multipart/form-data"),
    ],
)
def test_a_broken_form_is_refused(data: bytes, kind: str) -> None:
    with pytest.raises(InvalidInputError, match="the form cannot be read"):
        body_parser.parse(data, kind, (), LIMITS)


def test_a_form_of_too_many_parts_is_refused() -> None:
    with pytest.raises(PayloadTooLargeError, match="more than 1000 fields and files; send JSON"):
        read_form(*[("a", "1")] * (form_parts.MAX_PARTS + 1))


def test_a_form_as_werkzeug_encodes_it_is_read() -> None:
    builder = EnvironBuilder(method="POST", data={"n": "1", "text": "ü"})
    builder.content_type = "multipart/form-data"
    environ = builder.get_environ()
    data = environ["wsgi.input"].read()

    assert arguments(body_parser.parse(data, environ["CONTENT_TYPE"], (), LIMITS)) == {"n": 1, "text": "ü"}


# -- forms as they are sent ------------------------------------------------------------------------

TAKEN = ("images", "visualize", "paths")


def sent_form(*parts: tuple[str, bytes]) -> Body:
    """A form of parts with the headers that are given, for a module that takes TAKEN."""
    data = b"".join(f"--sep\r\n{head}\r\n\r\n".encode() + value + b"\r\n" for head, value in parts)
    kind = "multipart/form-data; boundary=sep"
    return body_parser.parse(data + b"--sep--\r\n", kind, ("images",), LIMITS, TAKEN)


def part(name: str = "", more: str = "") -> str:
    return "Content-Disposition: form-data" + (f'; name="{name}"' if name else "") + more


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(part("images"), id="without a file name"),
        pytest.param(part("images") + "\r\nContent-Type: image/png", id="with a type instead"),
        pytest.param(part("images", '; filename=""'), id="with an empty file name"),
        pytest.param(part(), id="without a name"),
        pytest.param(part(more='; filename="a.png"'), id="without a name, with a file name"),
        pytest.param(part("images[]", '; filename="a.png"'), id="images[]"),
        pytest.param(part("images[0]", '; filename="a.png"'), id="images[0]"),
        pytest.param(part("image", '; filename="a.png"'), id="image"),
        pytest.param(part("file", '; filename="a.png"'), id="file"),
        pytest.param(part("files[]", '; filename="a.png"'), id="files[]"),
        pytest.param("content-disposition: form-data; name=images; filename=a.png", id="C# without quotes"),
        pytest.param(part("images", "; filename=\"a.png\"; filename*=UTF-8''%E5%9B%BE.png"), id="filename*"),
    ],
)
def test_a_file_is_read_however_its_part_is_called(head: str) -> None:
    assert sent_form((head, SMALL)).images == {"images": [SMALL]}


def test_files_under_several_names_and_texts_are_one_list() -> None:
    found = sent_form((part("image", '; filename="a"'), SMALL), (part("images"), TEXT.encode()))

    assert found.images == {"images": [SMALL, SMALL]}


def test_a_name_that_the_module_takes_is_not_another_ones() -> None:
    data, kind = form(("file", SMALL), ("images", SMALL))
    found = body_parser.parse(data, kind, ("images",), LIMITS, ("images", "file"))

    assert (list(found.images), list(arguments(found))) == (["images"], ["file"])


def test_a_module_that_takes_any_name_gets_the_one_that_was_sent() -> None:
    assert list(arguments(read_form(("file", SMALL)))) == ["file"]
    assert list(arguments(read_form(("texts[]", "a"), ("texts[]", "b")))) == ["texts"]


@pytest.mark.parametrize(
    ("head", "value", "said"),
    [
        pytest.param(part("images", '; filename="a.png"'), b"", r"images\[0\] is empty$", id="empty file"),
        pytest.param(part("images", '; filename=""'), b"", "no file was chosen", id="no file chosen"),
        pytest.param(part("images"), b"", r"images\[0\] is empty", id="empty text"),
        pytest.param(
            part(), b"3", "has no name; name it after an argument: images", id="a text without a name"
        ),
        pytest.param(part("images"), b"a.png", "curl -F images=@FILE", id="a path for a file"),
        pytest.param(
            part("visualize"), b"\xff\xfe", "`visualize` of the form is not UTF-8 text", id="not text"
        ),
        pytest.param(part("images", '; filename="\udcb2.png"'), SMALL, "are not UTF-8", id="a name in GBK"),
    ],
)
def test_what_a_form_lacks_is_said(head: str, value: bytes, said: str) -> None:
    data = b"--sep\r\n" + head.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + value + b"\r\n--sep--\r\n"
    with pytest.raises(InvalidInputError, match=said):
        body_parser.parse(data, "multipart/form-data; boundary=sep", ("images",), LIMITS, TAKEN)


def test_text_in_latin_1_that_says_so_is_read() -> None:
    head = part("visualize") + "\r\nContent-Type: text/plain; charset=ISO-8859-1"

    assert arguments(sent_form((head, b"\xe9t\xe9"))) == {"visualize": "été"}


def test_words_that_only_json_loads_takes_for_numbers_are_words() -> None:
    found = read_form(("a", "NaN"), ("b", "Infinity"), ("c", "[1, Infinity]"))

    assert envelope.loads(found.arguments) == {"a": "NaN", "b": "Infinity", "c": [1, float("inf")]}


# -- one image -------------------------------------------------------------------------------------


def test_a_raw_image_is_the_first_declared_argument() -> None:
    found = body_parser.parse(SMALL, "image/png", ("images", "mask"), LIMITS)

    assert found == Body(b"{}", {"images": [SMALL]})


def test_a_raw_image_for_a_module_that_decodes_itself_is_base64_in_images() -> None:
    assert arguments(body_parser.parse(SMALL, "image/jpeg", (), LIMITS)) == {"images": [TEXT]}


def test_an_empty_image_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="the body is empty"):
        body_parser.parse(b"", "image/png", (), LIMITS)


@pytest.mark.parametrize("declared", [("images",), ()])
def test_a_raw_image_over_the_limit_is_refused(declared: tuple[str, ...]) -> None:
    with pytest.raises(PayloadTooLargeError, match="the image has 40 × 30 pixels"):
        body_parser.parse(LARGE, "image/png", declared, LIMITS)


# -- headers of a form's parts ---------------------------------------------------------------------

HEAD = b'--sep\r\nContent-Disposition: form-data; name="a"'
END = b"\r\n\r\nv\r\n--sep--\r\n"


def parse_form(data: bytes) -> Body:
    return body_parser.parse(data, "multipart/form-data; boundary=sep", (), LIMITS)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(HEAD + b"; a=b" * 60_000 + END, id="parameters"),
        pytest.param(HEAD + b"\r\nA: b" * 60_000 + END, id="headers"),
        pytest.param(b"\r\n" * 150_000 + HEAD + END, id="lines before the first part"),
        pytest.param(b"x" + HEAD + b"; a=b" * 60_000 + END, id="a first part that begins no line"),
        pytest.param(HEAD + b"\r\n\r\nv\r" + HEAD + b"; a=b" * 60_000 + END, id="after a bare CR"),
        pytest.param(HEAD + b"\n\nv\n" + HEAD + b"; a=b" * 60_000 + END, id="after a bare LF"),
        pytest.param(b"".join([HEAD + b"; a=b" * 200 + b"\r\n\r\nv\r\n"] * 300) + END, id="of all parts"),
        pytest.param(HEAD + b"a" * 300_000, id="without an end"),
    ],
)
def test_headers_that_would_keep_the_parser_busy_are_refused(data: bytes) -> None:
    with pytest.raises(PayloadTooLargeError, match="bytes of headers"):
        parse_form(data)


def test_content_that_resembles_headers_or_a_boundary_is_content() -> None:
    content = b"A: b\r\n" * 60_000 + b"x--sep x-- sep--sep"
    found = arguments(parse_form(HEAD + b"\r\n\r\n" + content + b"\r\n--sep--\r\n"))

    assert found == {"a": content.decode()}


def test_a_boundary_that_is_all_over_a_file_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="boundary"):
        parse_form(HEAD + b"\r\n\r\n" + b"a--sep" * 100_000 + b"\r\n--sep--\r\n")


def test_as_many_fields_as_a_form_may_have_are_read() -> None:
    parts = [(f"a_field_with_quite_a_long_name_{number}", "1") for number in range(form_parts.MAX_PARTS)]

    assert len(arguments(read_form(*parts))) == form_parts.MAX_PARTS
