"""The forms a request may come in: base64 JSON in every spelling, multipart forms, and one raw picture."""

from __future__ import annotations

import base64
import json
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.serving import pictures
from tests.serving.running import Server

PNG = pictures.encode(pictures.plain(31, 21, colour=(255, 254, 63)))
SEEN = {"shape": [21, 31, 3], "type": "uint8", "corner": [63, 254, 255]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("home")
    with Server(home, {"look": {}, "probe": {}, "greet": {}}, max_images=4, max_pixels=1_000_000) as running:
        yield running


def raw(server: Server, module: str, data: bytes, content_type: str, **headers: str) -> Any:
    return server.post(module, data=data, json=None, headers={"Content-Type": content_type, **headers})


# -- base64 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spell",
    [
        pytest.param(pictures.text_of, id="plain"),
        pytest.param(lambda data: "data:image/png;base64," + pictures.text_of(data), id="data URI"),
        pytest.param(lambda data: base64.urlsafe_b64encode(data).decode(), id="url-safe"),
        pytest.param(lambda data: base64.encodebytes(data).decode(), id="lines of 76"),
        pytest.param(lambda data: "\r\n".join(textwrap.wrap(pictures.text_of(data), 64)), id="lines of PEM"),
        pytest.param(lambda data: f" {pictures.text_of(data)}\n", id="space around"),
    ],
)
def test_base64_is_read_in_every_usual_spelling(server: Server, spell: Callable[[bytes], str]) -> None:
    # A picture whose text has both letters in which the alphabets differ.
    data = PNG + b"\xfb\xff\xbf" * 30
    assert {"+", "/"} & set(pictures.text_of(data))

    assert server.post("look", {"images": [spell(data)]}).json()["results"]["seen"] == [SEEN]


def test_an_argument_may_be_one_picture_instead_of_a_list(server: Server) -> None:
    text = pictures.text_of(PNG)

    assert server.post("look", {"images": [], "mask": text}).json()["results"]["mask"] == SEEN


def test_other_arguments_come_along(server: Server) -> None:
    reply = server.post("look", {"images": [pictures.text_of(PNG)], "label": "甲"})

    assert reply.json()["results"]["label"] == "甲"


def test_a_module_that_decodes_itself_gets_the_text_as_it_was_sent(server: Server) -> None:
    text = "data:image/png;base64," + base64.encodebytes(PNG).decode()

    assert server.post("probe", {"images": [text]}).json()["results"]["others"]["images"] == [text]


def test_what_only_looks_like_a_picture_is_left_alone(server: Server) -> None:
    others = {"image": "not base64 at all", "images": [1, None, {"a": "b"}, "QUJD"]}

    assert server.post("probe", others).json()["results"]["others"] == others


@pytest.mark.parametrize("module", ["look", "probe"])
def test_more_pictures_than_allowed_are_413(server: Server, module: str) -> None:
    reply = server.post(module, {"images": [pictures.text_of(PNG)] * 5})

    assert reply.status_code == 413
    assert "4" in reply.json()["msg"]
    assert server.post(module, {"images": [pictures.text_of(PNG)] * 4}).status_code == 200


# -- what cannot be read ---------------------------------------------------------------------------


def test_msg_names_each_unreadable_picture(server: Server) -> None:
    texts = [pictures.text_of(data) for data in (b"none", PNG, b"neither")]
    reply = server.post("look", {"images": texts})

    said = [note.partition(":")[0] for note in reply.json()["msg"].split("; ")]
    assert said == ["images[0] is not a readable image", "images[2] is not a readable image"]
    assert reply.json()["results"]["seen"] == [None, SEEN, None]


@pytest.mark.parametrize(("value", "code"), [("1", 400), ("true", 400), ("yes", 400), ("0", 200), ("", 200)])
def test_a_strict_caller_gets_400_instead(server: Server, value: str, code: int) -> None:
    reply = server.post("look", {"images": [pictures.text_of(b"none")]}, headers={"X-Hub-Strict": value})

    assert reply.status_code == code


# -- multipart/form-data ---------------------------------------------------------------------------


def test_files_of_a_form_are_pictures_and_its_fields_arguments(server: Server) -> None:
    files = [("images", ("a.png", PNG)), ("images", ("b.png", PNG)), ("label", (None, "甲"))]
    reply = server.post("look", json=None, files=files)

    assert reply.json()["results"] == {"seen": [SEEN, SEEN], "mask": None, "label": "甲"}


def test_a_module_that_decodes_itself_gets_files_as_base64(server: Server) -> None:
    reply = server.post("probe", json=None, files={"images": ("a.png", PNG)})

    assert reply.json()["results"]["others"]["images"] == [pictures.text_of(PNG)]


def test_fields_of_a_form_are_read_as_json_where_they_are_some(server: Server) -> None:
    fields = {"sleep": "0.01", "text": "plain words", "box": "[1, 2]", "flag": "true"}
    reply = server.post("probe", json=None, files={name: (None, value) for name, value in fields.items()})

    assert reply.json()["results"]["text"] == "plain words"
    assert reply.json()["results"]["others"] == {"box": [1, 2], "flag": True}


def test_a_field_that_comes_twice_is_a_list(server: Server) -> None:
    reply = server.post("greet", json=None, files=[("names", (None, "a")), ("names", (None, "b"))])

    assert reply.json()["results"] == ["hello a, one of 2", "hello b, one of 2"]


def test_a_base64_field_of_a_form_is_a_picture(server: Server) -> None:
    reply = server.post("look", json=None, files={"images": (None, pictures.text_of(PNG))})

    assert reply.json()["results"]["seen"] == [SEEN]


def test_a_large_file_of_a_form_arrives_whole(server: Server) -> None:
    data = PNG + bytes(2_000_000)
    reply = server.post("probe", json=None, files={"blob": ("a.bin", data)})

    assert base64.b64decode(reply.json()["results"]["others"]["blob"][0]) == data


@pytest.mark.parametrize(
    ("data", "content_type", "code", "said"),
    [
        pytest.param(b"--x\r\n", "multipart/form-data", 400, "has no boundary", id="no boundary"),
        pytest.param(b"no form", "multipart/form-data; boundary=x", 400, "boundary 'x'", id="no parts"),
        pytest.param(
            b'--y\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--y--',
            "multipart/form-data; boundary=x",
            400,
            "the boundary 'x' of its content type is not in it",
            id="another boundary",
        ),
        pytest.param(
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1',
            "multipart/form-data; boundary=x",
            400,
            "its end is missing",
            id="cut",
        ),
        pytest.param(
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 1001 + b"--x--",
            "multipart/form-data; boundary=x",
            413,
            "more than 1000",
            id="1001 parts",
        ),
    ],
)
def test_a_form_that_cannot_be_read_is_refused(
    server: Server, data: bytes, content_type: str, code: int, said: str
) -> None:
    reply = raw(server, "probe", data, content_type)

    assert (reply.status_code, said in reply.json()["msg"]) == (code, True), reply.text
    assert set(reply.json()) == {"msg", "results", "status"}


@pytest.mark.parametrize("filename", ["a.png", ""])
def test_a_file_of_a_form_cannot_smuggle_in_a_server_path(server: Server, filename: str) -> None:
    content = base64.b64decode("/etc//passwd")  # whose base64 is a path
    head = f'--x\r\nContent-Disposition: form-data; name="paths"; filename="{filename}"\r\n\r\n'.encode()
    reply = raw(server, "probe", head + content + b"\r\n--x--\r\n", "multipart/form-data; boundary=x")

    assert reply.status_code == 400
    assert "`paths`" in reply.json()["msg"]


def test_a_picture_in_a_form_is_held_to_the_limits(server: Server) -> None:
    for name in ("images", "elsewhere"):
        reply = server.post("look", json=None, files={name: ("a.png", pictures.bomb(20_000, 20_000))})

        assert reply.status_code == 413


# -- image/* ---------------------------------------------------------------------------------------


def test_a_raw_picture_is_the_module_s_first_image_argument(server: Server) -> None:
    reply = raw(server, "look", PNG, "image/png")

    assert reply.json()["results"] == {"seen": [SEEN], "mask": None, "label": ""}


def test_a_raw_picture_reaches_a_module_that_decodes_itself_as_base64(server: Server) -> None:
    reply = raw(server, "probe", PNG, "image/png")

    assert reply.json()["results"]["others"] == {"images": [pictures.text_of(PNG)]}


def test_an_empty_raw_picture_is_400(server: Server) -> None:
    assert raw(server, "look", b"", "image/png").status_code == 400


def test_a_raw_picture_of_too_many_pixels_is_413(server: Server) -> None:
    assert raw(server, "look", pictures.bomb(20_000, 20_000), "image/png").status_code == 413


def test_a_raw_picture_that_is_none_is_400_for_a_strict_caller(server: Server) -> None:
    assert raw(server, "look", b"none", "image/png").json()["results"]["seen"] == [None]
    assert raw(server, "look", b"none", "image/png", **{"X-Hub-Strict": "1"}).status_code == 400


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/x+json"]
)
def test_json_may_be_announced_in_several_ways(server: Server, kind: str) -> None:
    reply = raw(server, "greet", json.dumps({"names": ["甲"]}).encode(), kind)

    assert reply.json()["results"] == ["hello 甲, one of 1"]
