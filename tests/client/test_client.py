"""hub.Client against a real server: what it sends, what it returns, what it raises."""

from __future__ import annotations

import io
import logging
import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

import hub
from hub import errors
from tests.serving.pictures import png
from tests.serving.running import ROOT, Server, free_port


@pytest.fixture
def client(server: Server) -> Iterator[hub.Client]:
    with hub.Client(server.url, timeout=20) as client:
        yield client


# -- what is sent ----------------------------------------------------------------------------------


def test_other_arguments_reach_the_module_as_they_are(client: hub.Client) -> None:
    given = {"text": "你好", "numbers": [1, 2.5, None], "deep": {"a": True}, "path_like": "a.jpg"}
    answered = client.predict("probe", **given)

    assert answered["text"] == "你好"
    assert answered["others"] == {key: value for key, value in given.items() if key != "text"}


def test_paths_strings_bytes_and_arrays_are_all_the_same_image(client: hub.Client, tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (20, 30, 3), dtype=np.uint8)
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), pixels)
    seen = client.predict("look", images=[str(path), path, path.read_bytes(), pixels], mask=pixels)

    expected = {"shape": [20, 30, 3], "type": "uint8", "corner": pixels[0, 0].tolist()}
    assert seen == {"seen": [expected] * 4, "mask": expected, "label": ""}


def test_an_array_arrives_without_loss(client: hub.Client) -> None:
    from hub.client import payload

    pixels = np.random.default_rng(2).integers(0, 255, (17, 23, 3), dtype=np.uint8)
    decoded = cv2.imdecode(np.frombuffer(payload._png(pixels, "x"), np.uint8), cv2.IMREAD_COLOR)

    assert np.array_equal(decoded, pixels)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        pytest.param("absent.jpg", "images[0]: absent.jpg cannot be read: No such file", id="no file"),
        pytest.param("iVBOR" * 30, "base64 text is not guessed: pass bytes", id="base64"),
        pytest.param(b"", "images[0] is empty", id="no bytes"),
        pytest.param(np.zeros((4, 4, 3)), "float64 and shape (4, 4, 3); an image is uint8", id="float"),
        pytest.param(np.zeros((4, 4, 4), np.uint8), "shape (4, 4, 4)", id="four channels"),
        pytest.param(np.zeros((0, 4, 3), np.uint8), "shape (0, 4, 3)", id="no pixels"),
        pytest.param(object(), "type object has no JSON form", id="an object"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_it_is(client: hub.Client, value: Any, said: str) -> None:
    with pytest.raises(hub.InvalidInputError) as caught:
        client.predict("look", images=[value])

    assert said in str(caught.value)


# -- errors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        pytest.param(
            lambda client: client.predict("absent"),
            errors.UnknownModuleError,
            "Module absent is not available. Served there: probe, greet, look",
            id="no such module",
        ),
        pytest.param(
            lambda client: client.predict("look", pictures=[]),
            errors.BindingError,
            "unknown argument `pictures`",
            id="no such argument",
        ),
        pytest.param(
            lambda client: client.predict("probe", action="raise", text="broken"),
            errors.ModuleRaisedError,
            "broken",
            id="the module raises",
        ),
        pytest.param(
            lambda client: client.predict("probe", action="refuse", text="not so"),
            errors.InvalidInputError,
            "not so",
            id="the module refuses",
        ),
        pytest.param(
            lambda client: client.predict("probe", text="x" * 2_000_000),
            errors.PayloadTooLargeError,
            "max_body_mb",
            id="too large",
        ),
        pytest.param(
            lambda client: client.predict("look", images=[b"no image"]),
            errors.InvalidInputError,
            "images[0] is not a readable image",
            id="no image",
        ),
        pytest.param(
            lambda client: client.with_options(timeout=0.3).predict("probe", sleep=2),
            errors.DeadlineError,
            "probe did not answer within the request's time",
            id="too late",
        ),
    ],
)
def test_each_error_has_its_class_and_the_server_s_message(
    client: hub.Client, call: Callable[[hub.Client], Any], error: type[errors.RequestError], said: str
) -> None:
    with pytest.raises(error) as caught:
        call(client)

    assert type(caught.value) is error
    assert said in str(caught.value)
    assert caught.value.request_id


def test_the_request_id_of_an_error_is_in_the_server_s_log(client: hub.Client, server: Server) -> None:
    with pytest.raises(errors.ModuleRaisedError) as caught:
        client.predict("probe", action="raise", text="to be found")

    assert f"request {caught.value.request_id}: probe raised" in server.log()


@pytest.mark.slow
def test_a_server_in_2_x_style_gives_the_same_errors_and_results(home: Path) -> None:
    with Server(home, {"probe": {}}, status_style="2.x") as server, hub.Client(server.url) as client:
        assert client.predict("probe", text="a")["text"] == "a"
        with pytest.raises(errors.ModuleRaisedError, match="broken"):
            client.predict("probe", action="raise", text="broken")
        with pytest.raises(errors.UnknownModuleError):
            client.predict("absent")


def test_an_image_that_cannot_be_read_is_a_remark_when_not_strict(
    client: hub.Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "hub.client"):
        answered = client.with_options(strict=False).predict("look", images=[png(), b"no image"])

    assert [bool(seen) for seen in answered["seen"]] == [True, False]
    assert "look: images[1] is not a readable image" in caplog.text


def test_a_refused_connection_is_an_error_at_once_that_names_the_address() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    started = time.monotonic()
    with hub.Client(url) as client, pytest.raises(errors.UnreachableError, match=url):
        client.predict("probe")

    assert time.monotonic() - started < 10  # far from the timeout of 60


@pytest.mark.parametrize(
    "url", ["ftp://host", "http://", "http://host:x", "host:x", "http://host/?a=b", "127.0.0.1:8866?a=b", ""]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(errors.ConfigError, match="is not a server's address"):
        hub.Client(url)


def test_an_address_without_a_scheme_is_meant_for_http(server: Server) -> None:
    with hub.Client(f"127.0.0.1:{server.port}/") as client:
        assert client.predict("greet", names=["a"]) == ["hello a, one of 1"]


def test_pil_images_and_file_objects_are_sent_as_files(client: hub.Client, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png(7, 5))
    with path.open("rb") as file, Image.open(path) as image:
        seen = client.predict("look", images=[file, image, io.BytesIO(png(7, 5))], mask=image)

    assert [each["shape"] for each in (*seen["seen"], seen["mask"])] == [[5, 7, 3]] * 4


@pytest.mark.parametrize("value", [io.StringIO("text"), io.BytesIO()])
def test_a_file_object_that_gives_no_bytes_is_named(client: hub.Client, value: Any) -> None:
    with pytest.raises(errors.InvalidInputError, match=r"images\[1\]"):
        client.predict("look", images=[png(), value])


def test_half_a_surrogate_pair_goes_there_and_back(client: hub.Client) -> None:
    assert client.predict("probe", word="a\ud800")["others"] == {"word": "a\ud800"}


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan")])
def test_a_timeout_must_be_a_time(timeout: float) -> None:
    with pytest.raises(errors.ConfigError, match="timeout"):
        hub.Client("http://127.0.0.1", timeout=timeout)


# -- the server ----------------------------------------------------------------------------------


def test_modules_and_health_tell_what_is_served(client: hub.Client) -> None:
    client.wait_until_ready()

    assert [module["name"] for module in client.modules()] == ["probe", "greet", "look"]
    assert client.health()["ready"] is True


def test_connections_are_reused(client: hub.Client, server: Server) -> None:
    for _ in range(5):
        client.predict("probe")
    pool = client._http._transport._pool  # type: ignore[attr-defined]

    assert len(pool.connections) == 1


@pytest.mark.slow
def test_waiting_for_a_server_ends_when_its_modules_are_ready(home: Path) -> None:
    with (
        Server(home, {"slow_start": {"init_args": {"seconds": 0.5}}}, wait=False) as server,
        hub.Client(server.url, timeout=30) as client,
    ):
        client.wait_until_ready()
        assert client.predict("slow_start") == "ok"


# -- many --------------------------------------------------------------------------------------------


def test_many_come_back_in_order_and_a_bad_one_does_not_stop_them(client: hub.Client) -> None:
    items = [f"name {number}" for number in range(20)]
    items[7] = "bad"
    found = list(client.predict_many("greet", items, argument="names", concurrency=5))

    assert [prediction.item for prediction in found] == items
    assert isinstance(found[7].error, errors.ModuleRaisedError)
    assert all(p.results[0].startswith(f"hello {p.item}") for p in found if p.error is None)


def test_what_is_wrong_with_all_of_them_ends_the_iteration(client: hub.Client) -> None:
    with pytest.raises(errors.UnknownModuleError):
        list(client.predict_many("absent", [b"x"] * 10))
    with pytest.raises(errors.BindingError):
        list(client.predict_many("greet", ["a"] * 10, argument="people"))


def test_items_are_drawn_as_they_are_needed(client: hub.Client) -> None:
    drawn = []

    def items() -> Iterator[str]:
        for number in range(1000):
            drawn.append(number)
            yield str(number)

    predictions = client.predict_many("greet", items(), argument="names", concurrency=3)
    for _ in range(5):
        next(predictions)
    predictions.close()  # type: ignore[attr-defined]

    assert len(drawn) < 50


def test_a_progress_bar_is_shown_on_the_terminal_when_asked_for(server: Server) -> None:
    script = (
        "import sys, hub\n"
        "with hub.Client(sys.argv[1]) as client:\n"
        "    for shown in (False, True):\n"
        "        names = [str(number) for number in range(30)]\n"
        "        for each in client.predict_many('greet', names, argument='names', progress=shown):\n"
        "            print(each.item)\n"
    )
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", script, server.url], cwd=ROOT, env={**os.environ, "TERM": "xterm"},
        stdout=subprocess.PIPE, stderr=theirs, text=True, check=True,
    )  # fmt: skip
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)

    assert done.stdout.split() == [str(number) for number in range(30)] * 2
    assert "greet" in shown
    assert "/30" in shown


def test_no_calls_at_once_is_refused(client: hub.Client) -> None:
    with pytest.raises(errors.ConfigError, match="concurrency"):
        list(client.predict_many("greet", ["a"], argument="names", concurrency=0))


# -- imports ---------------------------------------------------------------------------------------


def test_importing_hub_does_not_import_the_client() -> None:
    script = (
        "import sys, hub; assert not {'httpx2', 'numpy', 'rich'} & set(sys.modules)\n"
        "hub.Client; assert 'httpx2' in sys.modules; assert not {'numpy', 'rich', 'cv2'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.stderr == ""
