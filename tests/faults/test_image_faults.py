"""Pictures that are none, are strange, or are bombs: cases 21 and 22 of the fault list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving import pictures
from tests.serving.running import Server

MAX_PIXELS = 4_000_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("home")
    with Server(home, {"look": {}, "probe": {}}, max_pixels=MAX_PIXELS, max_images=8) as running:
        yield running


def look(server: Server, *images: bytes, strict: bool = False) -> Any:
    headers = {"X-Hub-Strict": "1"} if strict else {}
    return server.post("look", {"images": [pictures.text_of(image) for image in images]}, headers=headers)


@pytest.mark.parametrize("name", pictures.exotic())
def test_case_21_a_valid_but_exotic_picture_is_read(server: Server, name: str) -> None:
    reply = look(server, pictures.exotic()[name])
    (seen,) = reply.json()["results"]["seen"]

    assert reply.status_code == 200
    assert reply.json()["msg"] == pictures.REMARKS.get(name, "")
    assert (seen["shape"], seen["type"]) == ([20, 30, 3], "uint8")


@pytest.mark.parametrize("name", pictures.unreadable())
def test_case_21_what_is_no_picture_is_noted_by_its_index_and_the_others_are_read(
    server: Server, name: str
) -> None:
    reply = look(server, pictures.png(), pictures.unreadable()[name], pictures.png())
    first, bad, last = reply.json()["results"]["seen"]

    assert reply.status_code == 200
    assert reply.json()["msg"].startswith("images[1] is not a readable image: it")
    assert (first == last, bad) == (True, None)


@pytest.mark.parametrize("name", pictures.unreadable())
def test_case_21_what_is_no_picture_is_400_when_the_caller_is_strict(server: Server, name: str) -> None:
    reply = look(server, pictures.png(), pictures.unreadable()[name], strict=True)

    assert (reply.status_code, reply.json()["status"]) == (400, "101")
    assert "images[1]" in reply.json()["msg"]


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_case_21_a_truncated_picture_does_no_harm(server: Server, kind: str) -> None:
    (seen,) = look(server, pictures.truncated(kind)).json()["results"]["seen"]

    assert seen is None or seen["shape"] == [60, 60, 3]  # OpenCV fills up what is missing


@pytest.mark.parametrize(
    ("value", "said"),
    [
        pytest.param("%%%", "images[1] is not base64", id="garbage"),
        pytest.param("QUJD=QUJD", "images[1] is not base64", id="data after padding"),
        pytest.param("QUJDR", "images[1] is not base64", id="cut"),
        pytest.param("图片", "images[1] is not base64", id="other letters"),
        pytest.param("", "images[1] is empty", id="0 bytes"),
        pytest.param("data:image/png;base64,", "images[1] is empty", id="empty data URI"),
        pytest.param(7, "images[1] must be base64 text, not the number 7", id="a number"),
        pytest.param(None, "images[1] must be base64 text, not null", id="null"),
        pytest.param(["QUJD"], "images[1] must be base64 text, not a list of 1", id="a list"),
    ],
)
def test_case_21_what_is_no_base64_is_400_and_says_which(server: Server, value: Any, said: str) -> None:
    reply = server.post("look", {"images": [pictures.text_of(pictures.png()), value]})

    assert (reply.status_code, reply.json()["status"]) == (400, "101")
    assert said in reply.json()["msg"]


# -- case 22: bombs --------------------------------------------------------------------------------


def peak_memory_mb(server: Server, module: str) -> float:
    """The most that any runner of the module ever held."""
    peaks = []
    for pid in server.runner_pids(module):
        fields = dict(
            line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line
        )
        peaks.append(int(fields["VmHWM"].split()[0]) / 1024)
    return max(peaks)


@pytest.mark.parametrize("module", ["look", "probe"])
@pytest.mark.parametrize(
    ("width", "height"), [(20_000, 20_000), (2_000_000_000, 2_000_000_000), (5_000_000, 1), (1, 5_000_000)]
)
def test_case_22_a_picture_of_too_many_pixels_is_413_whether_or_not_the_module_decodes(
    server: Server, module: str, width: int, height: int
) -> None:
    reply = server.post(module, {"images": [pictures.text_of(pictures.bomb(width, height))]})

    assert reply.status_code == 413
    assert f"{width} × {height} pixels" in reply.json()["msg"]


def test_case_22_pictures_that_are_too_much_together_are_413(server: Server) -> None:
    reply = look(server, *[pictures.bomb(1990, 2000)] * 3)

    assert reply.status_code == 413
    assert "together" in reply.json()["msg"]


def test_case_22_too_many_pictures_are_413(server: Server) -> None:
    reply = look(server, *[pictures.png()] * 9)

    assert reply.status_code == 413
    assert "at most 8" in reply.json()["msg"]


def test_case_22_a_bomb_in_a_format_that_only_the_decoder_knows_is_not_decoded(server: Server) -> None:
    small, large = pictures.radiance(400, 300), pictures.radiance(2100, 2000)
    reply = look(server, small, large)
    seen, bomb = reply.json()["results"]["seen"]

    assert (seen["shape"], bomb) == ([300, 400, 3], None)
    assert reply.json()["msg"].startswith(
        "images[1] is not a readable image: it is a Radiance HDR that is damaged or cut off, "
        "or has more than 4000000 pixels (max_pixels)"
    )


def test_case_22_a_very_long_picture_is_just_a_picture(server: Server) -> None:
    (seen,) = look(server, pictures.png(100_000, 1)).json()["results"]["seen"]

    assert seen["shape"] == [1, 100_000, 3]


def test_case_22_no_bomb_takes_memory_in_a_runner(server: Server) -> None:
    look(server, pictures.png())
    before = peak_memory_mb(server, "look")
    for picture in (pictures.bomb(20_000, 20_000), pictures.bomb(1990, 2000), pictures.radiance(2100, 2000)):
        look(server, picture)
    whole = look(server, pictures.png(1900, 2000))

    assert whole.status_code == 200
    assert peak_memory_mb(server, "look") - before < 60
