"""tools/test_hubserving.py: the traffic and log lines of PaddleOCR's script, and what it does on errors."""

from __future__ import annotations

import base64
import re
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from fake_module import LINE, FakeModule, envelope

Client = Callable[..., subprocess.CompletedProcess[str]]
STAMP = r"\[\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\] ppocr INFO: "


def test_each_image_is_one_post_with_its_file_bytes_in_base64(
    client: Client, module: FakeModule, folder: Path
) -> None:
    client(module.url, folder)
    sent = [request["body"] for request in module.requests]
    files = [folder / "a.jpg", folder / "b.png"]
    assert sent == [{"images": [base64.b64encode(file.read_bytes()).decode()]} for file in files]


def test_requests_go_as_json_to_the_given_path(client: Client, module: FakeModule, folder: Path) -> None:
    client(module.url, folder / "a.jpg")
    (request,) = module.requests
    assert (request["path"], request["headers"]["Content-Type"]) == (
        "/predict/ocr_system",
        "application/json",
    )


def test_one_connection_serves_all_images(client: Client, module: FakeModule, folder: Path) -> None:
    client(module.url, folder)
    assert (module.connections, len(module.requests)) == (1, 2)


def test_stdout_has_the_log_lines_of_paddleocr_and_nothing_else(
    client: Client, module: FakeModule, folder: Path
) -> None:
    lines = client(module.url, f"{folder}/").stdout.splitlines()
    image_lines = [
        [
            rf"{STAMP}Predict time of {re.escape(str(folder))}/{name}: \d+\.\d{{3}}s",
            STAMP + re.escape(str([LINE])),
        ]
        for name in ("a.jpg", "b.png")
    ]
    patterns = [*image_lines[0], *image_lines[1], rf"{STAMP}avg time cost: [\d.e-]+"]
    assert len(lines) == len(patterns)
    assert [
        line for line, pattern in zip(lines, patterns, strict=True) if not re.fullmatch(pattern, line)
    ] == []


def test_the_newer_options_send_the_same_requests(client: Client, module: FakeModule, folder: Path) -> None:
    client(module.url, folder)
    positional, module.requests = module.requests, []
    done = client(f"--server_url={module.url}", f"--image_dir={folder}", "--visualize=false")
    assert done.returncode == 0
    assert [request["body"] for request in module.requests] == [request["body"] for request in positional]


def test_every_hundredth_image_is_announced(client: Client, module: FakeModule, tmp_path: Path) -> None:
    for index in range(101):
        (tmp_path / f"{index:03}.png").write_bytes(b"x")
    announced = [line for line in client(module.url, tmp_path).stdout.splitlines() if "processed" in line]
    assert [re.sub(STAMP, "", line) for line in announced] == ["100 processed"]


def test_the_summary_on_stderr_counts_and_times(client: Client, module: FakeModule, folder: Path) -> None:
    done = client(module.url, folder)
    assert re.fullmatch(r"2 images, 0 failed; mean [\d.]+ s, p50 [\d.]+ s, [\d.]+ images/s\n", done.stderr)


def test_an_error_reply_is_reported_with_its_status_and_message(
    client: Client, module: FakeModule, folder: Path
) -> None:
    module.replies = [(404, envelope("", status="111", msg="Module ocr_system is not available."))]
    done = client(module.url, folder / "a.jpg")
    assert "a.jpg: HTTP 404, status 111: Module ocr_system is not available." in done.stderr
    assert done.returncode == 1


def test_an_error_of_paddlehub_2_with_http_200_counts_as_a_failure(
    client: Client, module: FakeModule, folder: Path
) -> None:
    module.replies = [(200, envelope("", status="101", msg="out of memory"))]
    done = client(module.url, folder / "a.jpg")
    assert "status 101: out of memory" in done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize("status", ["0", "000"])
def test_both_success_codes_are_success(
    client: Client, module: FakeModule, folder: Path, status: str
) -> None:
    module.replies = [(200, envelope([[]], status=status))]
    assert client(module.url, folder / "a.jpg").returncode == 0


def test_after_a_failed_image_the_next_is_still_sent(
    client: Client, module: FakeModule, folder: Path
) -> None:
    module.replies = [(500, envelope("", status="101", msg="no")), (200, envelope([[LINE]]))]
    done = client(module.url, folder)
    assert "Predict time of" in done.stdout
    assert "2 images, 1 failed" in done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param((502, b"<html>Bad Gateway</html>"), id="html"),
        pytest.param((200, b"[1, 2]"), id="json-list"),
        pytest.param((200, b'{"result": []}'), id="other-envelope"),
        pytest.param((200, envelope([])), id="no-results"),
        pytest.param((0, b""), id="closed-without-reply"),
    ],
)
def test_a_reply_that_is_none_is_one_line_and_no_traceback(
    client: Client, module: FakeModule, folder: Path, reply: tuple[int, bytes]
) -> None:
    module.replies = [reply]
    done = client(module.url, folder / "a.jpg")
    assert done.returncode == 1
    assert [("a.jpg" in line, "1 failed" in line) for line in done.stderr.splitlines()] == [
        (True, False),
        (False, True),
    ]


def test_a_refused_connection_is_one_line_that_says_what_to_start(client: Client, folder: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, not listening: nobody else can take the port meanwhile
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/predict/ocr_system"
        done = client(url, folder)
    assert done.stdout == ""
    assert re.fullmatch(rf"Error: cannot connect to {url}\. .*hub serving start.*\n", done.stderr)
    assert done.returncode == 1


def test_a_late_reply_is_a_failure_that_names_the_option(client: Client, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/predict/ocr_system"
        done = client(url, folder / "a.jpg", "--timeout", "0.2")
    assert "no reply within 0.2 s (--timeout" in done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize("name", ["nothing-here", "labels.json"])
def test_no_image_is_an_error_and_nothing_is_sent(
    client: Client, module: FakeModule, folder: Path, name: str
) -> None:
    done = client(module.url, folder / name)
    assert done.stderr.startswith(f"Error: not found any img file in {folder / name}")
    assert (done.returncode, module.requests) == (1, [])


def test_an_address_that_is_none_is_named(client: Client, folder: Path) -> None:
    done = client("127.0.0.1:8868/predict/ocr_system", folder)
    assert "'127.0.0.1:8868/predict/ocr_system' is not an address like http://" in done.stderr
    assert done.returncode == 1


def test_one_argument_is_wrong_usage(client: Client) -> None:
    done = client("http://127.0.0.1:8868/predict/ocr_system")
    assert done.returncode == 2
    assert "give SERVER_URL and IMAGE_DIR" in done.stderr


def test_text_that_a_terminal_cannot_show_is_escaped(
    client: Client, module: FakeModule, folder: Path
) -> None:
    done = client("--server-url", module.url, "--image-dir", folder / "a.jpg", PYTHONIOENCODING="ascii")

    assert done.returncode == 0, done.stderr
    assert "'text': '\\u4f60\\u597d 100%'" in done.stdout


def test_a_proxy_that_is_in_between_is_named(client: Client, folder: Path) -> None:
    url = "http://ocr.example.invalid:8868/predict/ocr_system"
    done = client(url, folder, http_proxy="http://me:secret@127.0.0.1:9")

    assert done.returncode == 1
    assert f"cannot connect to {url} through the proxy 127.0.0.1:9" in done.stderr
    assert "secret" not in done.stderr


def test_a_proxy_in_the_environment_is_not_asked_for_this_machine(
    client: Client, module: FakeModule, folder: Path
) -> None:
    assert client(module.url, folder, http_proxy="http://127.0.0.1:9").returncode == 0


def test_visualize_saves_picture_and_text_side_by_side(
    client: Client, module: FakeModule, folder: Path, tmp_path: Path
) -> None:
    done = client("--server_url", module.url, "--image_dir", folder, "--visualize", "true", "--output", "out")
    assert "draw boxes and texts!" in done.stdout
    assert "The visualized image saved in out/a.jpg" in done.stdout
    assert {file.name: cv2.imread(str(file)).shape for file in (tmp_path / "out").iterdir()} == {
        "a.jpg": (40, 200, 3),
        "b.png": (40, 200, 3),
    }


def test_visualize_draws_the_boxes_alone_for_ocr_det(
    client: Client, module: FakeModule, folder: Path, tmp_path: Path
) -> None:
    module.replies = [(200, envelope([[{"text_region": LINE["text_region"]}]]))]
    done = client(module.url, folder / "b.png", "--visualize", "true")
    picture = cv2.imread(str(tmp_path / "hubserving_result" / "b.png"))
    assert "draw text boxes only!" in done.stdout
    assert picture.shape == (40, 100, 3)
    assert len({tuple(pixel) for row in picture for pixel in row}) > 1


@pytest.mark.parametrize(
    ("item", "name"),
    [({"text": "你好", "confidence": 0.9}, "ocr_rec"), ({"angle": "180", "confidence": 0.9}, "ocr_cls")],
)
def test_visualize_says_where_there_is_nothing_to_draw(
    client: Client, module: FakeModule, folder: Path, tmp_path: Path, item: dict[str, object], name: str
) -> None:
    module.replies = [(200, envelope([[item]]))]
    done = client(module.url, folder / "b.png", "--visualize", "true")
    assert f"draw function is invalid for {name}!" in done.stdout
    assert (done.returncode, (tmp_path / "hubserving_result").exists()) == (0, False)


def test_a_pdf_is_sent_and_not_drawn_on(client: Client, module: FakeModule, tmp_path: Path) -> None:
    module.replies = [(200, envelope([[]], msg="image 0 is not an image"))]
    (tmp_path / "page.pdf").write_bytes(b"%PDF-1.4")
    done = client(module.url, tmp_path / "page.pdf", "--visualize", "true")
    assert "ppocr WARNING: image 0 is not an image" in done.stdout
    assert "page.pdf cannot be drawn on" in done.stdout
    assert (done.returncode, len(module.requests)) == (0, 1)
