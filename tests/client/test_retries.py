"""What hub.Client sends again, when, and what it does not: servers that are full, killed, or away."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import hub
from hub import errors
from tests.serving.running import Server, free_port, wait_until


class AnotherServer(ThreadingHTTPServer):
    """One that is none of ours, and answers everything with the same."""

    daemon_threads = True

    def __init__(self, code: int, body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.code, self.body = code, body
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    wbufsize = -1
    server: AnotherServer

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.server.code)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, format: str, *args: object) -> None:
        pass


#: Code and body → a server that answers so.
Foreign = Callable[[int, bytes], AnotherServer]


def kill_gateway(server: Server) -> None:
    pid = next(process.pid for process in server.state().processes if process.role == "gateway")
    os.kill(pid, signal.SIGKILL)


def answers(url: str) -> bool:
    with hub.Client(url) as client, contextlib.suppress(errors.ClientError):
        return bool(client.health())
    return False


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("home")
    once = {"init_args": {"journal": str(home / "journal")}}
    with Server(home, {"probe": {"max_queue_size": 2}, "once": once, "broken": {}}) as server:
        yield server


@pytest.fixture
def fragile(started: Server) -> Server:
    """Two requests may wait; every further one is refused. Its gateway may be killed: another is started."""
    wait_until(lambda: answers(started.url))
    return started


# -- 503 -----------------------------------------------------------------------------------------------


def test_a_full_queue_is_tried_again_until_there_is_room(fragile: Server) -> None:
    with hub.Client(fragile.url, timeout=30) as client, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: client.predict("probe", text=str(n), sleep=0.1), range(8)))
        metrics = fragile.get("/metrics").text

    assert [answer["text"] for answer in answers] == [str(number) for number in range(8)]
    assert 'hub_requests_total{code="503",module="probe"}' in metrics  # or this has tested nothing


def test_a_queue_that_stays_full_is_an_error_before_the_deadline(fragile: Server) -> None:
    with hub.Client(fragile.url, timeout=20) as client, ThreadPoolExecutor(4) as pool:
        busy = [pool.submit(client.predict, "probe", sleep=0.8)]
        time.sleep(0.2)  # it runs, and two more wait
        busy += [pool.submit(client.predict, "probe", sleep=0.8) for _ in range(3)]
        time.sleep(0.2)
        started = time.monotonic()
        with pytest.raises(errors.QueueFullError) as caught:
            client.with_options(timeout=0.9).predict("probe")
        took = time.monotonic() - started
        for each in busy:
            each.result()

    assert caught.value.retry_after == 1
    assert took < 0.9  # Retry-After lies beyond the deadline, so nobody waits for it


def test_a_module_that_has_failed_is_not_waited_for(fragile: Server) -> None:
    with hub.Client(fragile.url, timeout=20) as client:
        with pytest.raises(errors.UnavailableError, match="broken has failed"):
            client.predict("broken")
        with pytest.raises(errors.UnavailableError, match="broken is FAILED"):
            client.wait_until_ready()


# -- connections that end --------------------------------------------------------------------------


def test_a_request_whose_gateway_is_killed_is_sent_again(fragile: Server) -> None:
    with hub.Client(fragile.url, timeout=30) as client, ThreadPoolExecutor(3) as pool:
        running = [pool.submit(client.predict, "probe", text=str(n), sleep=0.4) for n in range(3)]
        time.sleep(0.3)
        kill_gateway(fragile)
        answers = [future.result() for future in running]

    assert [answer["text"] for answer in answers] == ["0", "1", "2"]


@pytest.mark.parametrize("resend", [None, False], ids=["the server says so", "the caller says so"])
def test_a_module_that_must_not_run_twice_is_not_called_again(fragile: Server, resend: bool | None) -> None:
    journal = fragile.home / "journal"
    before = len(lines(journal))
    with hub.Client(fragile.url, timeout=20, resend=resend) as client, ThreadPoolExecutor(1) as pool:
        running = pool.submit(client.predict, "once", text="pay", sleep=1.0)
        wait_until(lambda: len(lines(journal)) > before)
        kill_gateway(fragile)
        with pytest.raises(errors.ConnectionLostError, match="ended before the answer was there"):
            running.result()
    wait_until(lambda: answers(fragile.url))
    with hub.Client(fragile.url) as client:
        client.predict("once", text="again")

    assert lines(journal)[before:] == ["pay", "again"]


@pytest.mark.slow  # two servers; hub predict has the same test
def test_a_server_that_was_there_is_waited_for_while_it_is_started_again(home: Path) -> None:
    port = free_port()
    with hub.Client(f"http://127.0.0.1:{port}", timeout=30) as client:
        with Server(home, {"probe": {}}, port=port):
            client.predict("probe")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(client.predict, "probe", text="later")
            time.sleep(0.3)
            with Server(home, {"probe": {}}, port=port):
                assert waiting.result()["text"] == "later"


def test_a_server_that_stays_away_is_an_error_at_the_deadline(foreign: Foreign) -> None:
    server = foreign(200, b'{"msg": "", "results": 1, "status": "0"}')
    with hub.Client(server.url, timeout=1.0) as client:
        assert client.predict("probe") == 1
        server.stop()
        started = time.monotonic()
        with pytest.raises(errors.UnreachableError):
            client.predict("probe")

    assert 0.3 < time.monotonic() - started < 10


# -- what no server of ours says ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "body", "error", "said"),
    [
        (413, b"<html>Request Entity Too Large</html>", errors.PayloadTooLargeError, "HTTP 413"),
        (504, b"<html>Gateway Time-out</html>", errors.DeadlineError, "HTTP 504"),
        (404, b"<html>nginx</html>", errors.ReplyError, "Is this the address of a HubServing server?"),
        (200, b"[1, 2]", errors.ReplyError, "without an answer of a module"),
        (200, b"", errors.ReplyError, "HTTP 200"),
        (301, b"", errors.ReplyError, "it is elsewhere"),
        (404, b'{"msg": "no", "results": "", "status": "111"}', errors.UnknownModuleError, "no"),
        (400, b'{"msg": "no", "results": "", "status": "112"}', errors.NotJSONError, "no"),
        (500, b'{"msg": "no", "results": "", "status": "101"}', errors.ModuleRaisedError, "no"),
        (502, b'{"msg": "no", "results": "", "status": "101"}', errors.RunnerLostError, "no"),
        (200, b'{"msg": "no", "results": "", "status": "101"}', errors.RequestError, "no"),
    ],
)
def test_answers_of_proxies_and_older_servers_have_a_class_too(
    code: int, body: bytes, error: type[errors.HubError], said: str, foreign: Foreign
) -> None:
    with hub.Client(foreign(code, body).url, timeout=5) as client, pytest.raises(error) as caught:
        client.predict("probe")

    assert type(caught.value) is error
    assert said in str(caught.value)


@pytest.fixture
def foreign() -> Iterator[Foreign]:
    started: list[AnotherServer] = []

    def start(code: int, body: bytes) -> AnotherServer:
        started.append(AnotherServer(code, body))
        return started[-1]

    yield start
    for server in started:
        server.stop()
