"""A JSON body, checked and taken apart."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from hub.errors import BindingError, InvalidInputError, NotJSONError, PayloadTooLargeError, RequestError
from hub.serving.gateway import body
from hub.serving.gateway.body import Body
from tests.serving import pictures
from tests.serving.gateway.limits import LIMITS

pytestmark = pytest.mark.unit

#: 30 × 30 pixels, of 1000 that one image may have.
SMALL = pictures.encode(pictures.plain(30, 30))
LARGE = pictures.encode(pictures.plain(40, 30))
MANY_PIXELS = {"max_pixels": 10**6, "max_total_pixels": 10**7}
TEXT, LARGE_TEXT = pictures.text_of(SMALL), pictures.text_of(LARGE)


def read(value: Any, *declared: str, **limits: Any) -> Body:
    return body.from_json(json.dumps(value).encode(), declared, replace(LIMITS, **limits))


@pytest.mark.parametrize(
    "name",
    [
        "paths", "path", "image_path", "audio_file", "output_dir", "save_path", "save_dir", "video_path",
        "wav_path", "model_dir", "output_directory", "img_paths", "path_list", "file_path", "imagePath",
        "saveDir", "output-dir", "dir", "folder", "save_filename", "wav_files",
    ],
)  # fmt: skip
def test_names_of_server_files_are_refused_unless_allowed_or_empty(name: str) -> None:
    with pytest.raises(BindingError, match=f"`{name}`"):
        body.refuse_server_paths({name: ["/etc/passwd"]}, LIMITS)
    body.refuse_server_paths({name: []}, LIMITS)
    body.refuse_server_paths({name: ["/etc/passwd"]}, replace(LIMITS, allow_server_paths=True))


def test_names_of_server_files_are_refused_in_a_json_body() -> None:
    with pytest.raises(BindingError, match="`paths`"):
        read({"paths": ["/etc/passwd"]})


@pytest.mark.parametrize("name", ["image", "text", "file", "profile", "xpath", "directed", "data", "dirty"])
def test_other_names_are_not_taken_for_files(name: str) -> None:
    body.refuse_server_paths({name: "a"}, LIMITS)


# -- JSON ------------------------------------------------------------------------------------------


def test_what_was_sent_is_passed_on_byte_by_byte_where_nothing_is_taken_out() -> None:
    sent = b'{ "texts":["a"] , "n": 1.50 }'

    assert body.from_json(sent, ("images",), LIMITS) == Body(sent)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"", "the body is empty: send a JSON object of arguments"),
        (b" \r\n", "the body is empty"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "the body is empty"),  # a byte order mark alone
        (b"\xff", "not JSON"),
        (b"[1]", "a JSON object of arguments, not a list of 1"),
        (b'"text"', "a JSON object of arguments, not the text"),
        (b"null", "a JSON object of arguments, not null"),
    ],
)
def test_a_body_that_is_not_an_object_is_refused(sent: bytes, said: str) -> None:
    with pytest.raises(NotJSONError, match=said):
        body.from_json(sent, (), LIMITS)


# -- declared images -------------------------------------------------------------------------------


def test_declared_images_are_taken_out_as_bytes_and_the_rest_stays() -> None:
    found = read({"images": [TEXT], "mask": TEXT, "n": 1}, "images", "mask")

    assert json.loads(found.arguments) == {"n": 1}
    assert found.images == {"images": [SMALL], "mask": SMALL}


def test_declared_images_that_are_absent_are_left_to_the_module() -> None:
    assert read({"n": 1}, "images").images == {}


def test_an_empty_list_of_images_is_an_empty_list() -> None:
    assert read({"images": []}, "images").images == {"images": []}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("not base64!", "images is not base64"),
        (["", TEXT], r"images\[0\] is empty"),
        ([TEXT, 7], r"images\[1\] must be base64 text, not the number 7"),
        (None, "images must be base64 text, not null"),
        ({"a": TEXT}, "images must be base64 text, not an object"),
    ],
)
def test_a_declared_image_that_is_not_base64_is_refused_and_located(value: Any, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        read({"images": value}, "images")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (LARGE_TEXT, "images has 40 × 30 pixels; at most 1000"),
        ([TEXT, LARGE_TEXT], r"images\[1\] has 40 × 30 pixels"),
        ([TEXT] * 3, "together have more than 2000 pixels"),
        ([TEXT] * 4, "4 images in one request; at most 3"),
        (["rubbish"] * 900, "900 images in one request; at most 3"),
    ],
)
def test_declared_images_over_a_limit_are_refused(value: Any, said: str) -> None:
    with pytest.raises(PayloadTooLargeError, match=said):
        read({"images": value}, "images")


def test_all_declared_arguments_share_one_budget() -> None:
    with pytest.raises(PayloadTooLargeError, match="more than 3 images"):
        read({"images": [TEXT, TEXT], "masks": [TEXT, TEXT]}, "images", "masks", **MANY_PIXELS)


def test_bytes_that_are_no_image_are_passed_on_for_the_module_to_refuse() -> None:
    assert read({"images": [pictures.text_of(b"no image")]}, "images").images == {"images": [b"no image"]}


# -- images of a module that decodes itself --------------------------------------------------------


@pytest.mark.parametrize("name", body.CUSTOMARY_IMAGE_ARGUMENTS)
def test_customary_images_are_held_to_the_limits_and_stay_as_sent(name: str) -> None:
    assert json.loads(read({name: [TEXT]}).arguments) == {name: [TEXT]}
    with pytest.raises(PayloadTooLargeError, match=rf"{name}\[0\] has 40 × 30 pixels"):
        read({name: LARGE_TEXT})


def test_customary_images_beside_declared_ones_are_held_to_the_limits_too() -> None:
    with pytest.raises(PayloadTooLargeError, match=r"images\[0\] has 40 × 30 pixels"):
        read({"mask": TEXT, "images": [LARGE_TEXT]}, "mask")


@pytest.mark.parametrize("value", ["not base64!", "", 7, None, {"a": 1}, ["x!", 7]])
def test_other_values_under_a_customary_name_are_none_of_our_business(value: Any) -> None:
    assert json.loads(read({"images": value}).arguments) == {"images": value}


# -- small bodies of the protocols -----------------------------------------------------------------


def test_an_object_is_parsed_and_anything_else_named() -> None:
    assert body.parse_object(b'{"a": 1}', LIMITS) == {"a": 1}
    with pytest.raises(RequestError, match="must be a JSON object, not the number"):
        body.parse_object(b"1", LIMITS)


def test_a_part_of_a_form_without_a_name_is_no_server_file() -> None:
    body.refuse_server_paths({None: "a"}, LIMITS)  # type: ignore[dict-item]
