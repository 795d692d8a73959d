"""Somebody kills runners at random, loaded or loading, while callers go on: what becomes of requests."""

from __future__ import annotations

import base64
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.registry.weights import fetch
from tests.serving.running import ROOT, Server, wait_until

CALLERS = 8
#: Of the OCR module's requests.
TIMEOUT = 300
MODEL = "PP-OCRv6_small_det"


@dataclass
class Storm:
    """Callers of one module that do not stop, and kills meanwhile.

    Attributes:
        answers: (HTTP code, seconds) of each request; code 0 for a connection that broke.
    """

    server: Server
    module: str
    body: Callable[[int], dict[str, Any]]
    answers: list[tuple[int, float]] = field(default_factory=list)
    kills: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    @contextmanager
    def blowing(self) -> Iterator[None]:
        stop = threading.Event()
        threads = [threading.Thread(target=self._call, args=(number, stop)) for number in range(CALLERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join(TIMEOUT + 30)

    def _call(self, number: int, stop: threading.Event) -> None:
        url = f"{self.server.url}/predict/{self.module}"
        with requests.Session() as session:
            while not stop.is_set():
                begun = time.monotonic()
                try:
                    code = session.post(url, json=self.body(number), timeout=TIMEOUT + 20).status_code
                except requests.RequestException:
                    code = 0
                self.answers.append((code, time.monotonic() - begun))

    def kill_one(self, *, ready_only: bool = False) -> None:
        runners = self.server.module(self.module).runners
        pids = [runner.pid for runner in runners if runner.ready or not ready_only]
        if pids:
            self.kills += 1
            try:
                os.kill(self.chance.choice(pids), signal.SIGKILL)
            except ProcessLookupError:
                self.kills -= 1

    def kill_each(self, seconds: float, pause: float, **options: bool) -> None:
        begun, number = time.monotonic(), 0
        while time.monotonic() < begun + seconds:
            self.kill_one(**options)
            number += 1
            time.sleep(max(0.0, begun + number * pause - time.monotonic()))

    @property
    def codes(self) -> set[int]:
        return {code for code, _ in self.answers}

    def load_seconds(self) -> float:
        """Kill a runner and measure how long its successor loads."""
        begun = time.monotonic()
        dead = self.server.kill_runner(self.module)

        def is_whole() -> bool:
            pids = self.server.runner_pids(self.module)
            return dead not in pids and len(pids) == self.server.module(self.module).runners_wanted

        wait_until(is_whole, 60, "another runner")
        return time.monotonic() - begun

    def wait_ready(self, seconds: float) -> None:
        wait_until(lambda: self.server.get("/health/ready").status_code == 200, seconds, "ready again")


def test_a_kill_every_moment_is_answered_by_nothing_but_200_and_leaves_no_trace(home: Path) -> None:
    with Server(home, {"probe": {"instances": [{"count": 2}]}}) as server:
        storm = Storm(server, "probe", lambda number: {"text": str(number), "sleep": 0.05})
        load_seconds = storm.load_seconds()
        with storm.blowing():
            storm.kill_each(4.0, 0.2)
            storm.wait_ready(10 + load_seconds)
        after = [server.post("probe", storm.body(number)).status_code for number in range(CALLERS)]

        assert storm.kills > 5
        assert storm.codes == {200}
        assert set(after) == {200}


@pytest.fixture
def ocr(tmp_path: Path) -> Iterator[Storm]:
    """A server with two runners of ocr_det, and a picture for each caller."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "weights").symlink_to(fetch((MODEL,))[MODEL].parent)
    pictures = sorted((ROOT / "doc" / "imgs").glob("*.jpg"))
    texts = [base64.b64encode(picture.read_bytes()).decode() for picture in pictures]
    folder = ROOT / "deploy" / "hubserving" / "ocr_det"
    modules = {"ocr_det": {"init_args": {"directory": str(folder)}, "instances": [{"count": 2}]}}
    with Server(home, modules, timeout=TIMEOUT) as server:
        wait_until(lambda: len(server.runner_pids("ocr_det")) == 2, 60, "both runners")
        yield Storm(server, "ocr_det", lambda number: {"images": [texts[number % len(texts)]]})


@pytest.mark.slow
@pytest.mark.models
@pytest.mark.timeout(600)
def test_a_kill_each_load_time_and_a_second_leaves_every_request_answered_200(ocr: Storm) -> None:
    load_seconds = ocr.load_seconds()
    with ocr.blowing():
        ocr.kill_each(60.0, load_seconds + 1.0, ready_only=True)

    assert ocr.kills > 5
    assert ocr.codes == {200}


@pytest.mark.slow
@pytest.mark.models
@pytest.mark.timeout(900)
def test_with_a_kill_a_second_no_request_is_lost_or_blamed_and_the_server_recovers(ocr: Storm) -> None:
    load_seconds = ocr.load_seconds()
    with ocr.blowing():
        ocr.kill_each(60.0, 1.0)
        ocr.wait_ready(10 + load_seconds)
    late = [seconds for code, seconds in ocr.answers if code == 504]
    after = [ocr.server.post("ocr_det", ocr.body(number)).status_code for number in range(CALLERS)]

    assert ocr.kills > 15  # where none is started yet there is none to kill
    assert ocr.codes <= {200, 504}
    assert all(seconds >= TIMEOUT for seconds in late)
    assert set(after) == {200}
