"""Bodies, pictures and work that would take memory or time without end."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import requests

from hub.serving.messages import death
from tests.serving import pictures
from tests.serving.running import Server, wait_until

pytestmark = pytest.mark.slow

RUNNER_LIMIT_MB = 300


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("journal") / "pages"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, journal: Path) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("home")
    modules: dict[str, dict[str, Any]] = {"reader": {"init_args": {"journal": str(journal)}}, "look": {}}
    limits = {"max_pixels": 1_000_000, "runner_memory_limit_mb": RUNNER_LIMIT_MB}
    with Server(home, modules, timeout=30, **limits) as running:
        yield running


def peaks_mb(server: Server) -> dict[int, float]:
    """The most that each process of the server ever held."""
    found = {}
    for pid, _ in server.all_processes():
        status = Path(f"/proc/{pid}/status").read_text()
        found[pid] = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    return found


def grew_by(server: Server, before: dict[int, float]) -> float:
    after = peaks_mb(server)
    return max(after[pid] - peak for pid, peak in before.items() if pid in after)


def send(server: Server, path: str, data: bytes, **headers: str) -> requests.Response:
    headers = {"Content-Type": "application/json", **headers}
    return requests.post(server.url + path, data=data, headers=headers, timeout=40)


@pytest.mark.parametrize("path", ["/predict/reader", "/v2/models/reader/infer"])
def test_json_of_many_empty_lists_is_refused_before_it_takes_memory_or_a_runner(
    server: Server, path: str
) -> None:
    send(server, path, b'{"pages": 0}')
    before, runners = peaks_mb(server), server.runner_pids("reader")
    data = b'{"data": [' + b"[]," * 6_000_000 + b"[]]}"
    reply = send(server, path, data)

    assert reply.status_code == 400
    assert "max_json_values" in reply.text
    assert grew_by(server, before) < 8 * len(data) / 1e6  # parsed it takes 25 times as much
    assert server.runner_pids("reader") == runners


def test_as_much_json_as_is_allowed_is_answered(server: Server) -> None:
    reply = send(server, "/predict/reader", b'{"data": [' + b"[]," * 900_000 + b"[]]}")

    assert (reply.status_code, reply.json()["results"]["pages"]) == (200, 0)


@pytest.mark.parametrize("kind", [".avif", ".hdr"])
def test_pictures_of_formats_that_few_can_read_are_counted(server: Server, kind: str) -> None:
    pixels = np.zeros((900, 1000, 3), np.float32 if kind == ".hdr" else np.uint8)
    picture = pictures.text_of(bytes(cv2.imencode(kind, pixels)[1]))

    assert server.post("look", {"images": [picture] * 2}).status_code == 200
    assert server.post("look", {"images": [picture] * 40}).status_code == 413


def test_work_of_many_pages_ends_at_its_deadline_and_costs_no_runner(server: Server, journal: Path) -> None:
    runners = server.runner_pids("reader")
    reply = server.post("reader", {"pages": 1000}, headers={"X-Request-Timeout": "1"})
    again = server.post("reader", {"pages": 1})  # by the same runner, when it has stopped

    assert (reply.status_code, again.status_code) == (504, 200)
    assert 1 < journal.read_text().count("\n") < 500
    assert server.runner_pids("reader") == runners


def test_a_runner_above_its_ceiling_is_killed_and_replaced(server: Server) -> None:
    (runner,) = server.runner_pids("reader")
    others = server.runner_pids("look")
    reply = server.post("reader", {"eat_mb": 2 * RUNNER_LIMIT_MB}, headers={"X-Request-Timeout": "20"})

    assert reply.status_code in (500, 502, 504)
    assert "runner_memory_limit_mb" in server.log()
    wait_until(lambda: server.runner_pids("reader") not in ([], [runner]), what="another runner")
    assert server.post("reader", {"pages": 0}).status_code == 200
    assert server.runner_pids("look") == others
    assert {each.cause for each in server.module("reader").deaths} == {death.OUT_OF_MEMORY}


def test_the_memory_of_large_bodies_goes_back_to_the_system(server: Server) -> None:
    data = b'{"data": "%s"' % (b"x" * 40_000_000)  # no JSON: no runner sees it
    send(server, "/predict/reader", b'{"pages": 0}')
    before = anonymous_mb(server)
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: send(server, "/predict/reader", data).status_code, range(16)))

    assert set(codes) == {400}
    wait_until(lambda: anonymous_mb(server) < before + 50, 30, "memory as before")


def anonymous_mb(server: Server) -> float:
    total = 0
    for pid, _ in server.all_processes():
        total += int(Path(f"/proc/{pid}/status").read_text().partition("RssAnon:")[2].split()[0])
    return total / 1024
