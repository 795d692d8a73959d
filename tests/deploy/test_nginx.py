"""deploy/nginx/hubserving.conf in a real nginx, with TLS, before real servers."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.deploy.nginx import KEY, NGINX, Nginx, running
from tests.serving.running import Server, free_port, hub, wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(NGINX is None, reason="needs nginx: apt-get install nginx-light"),
]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "keys"
    path.write_text(f"tester: {KEY}\n")
    return path


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Iterator[tuple[Nginx, Server]]:
    """nginx, and one of its two servers: the other is down."""
    folder = tmp_path_factory.mktemp("nginx")
    server = Server(folder / "home", {"probe": {}}, api_key_file=str(keys))
    with server, running(folder, [server.port, free_port()]) as nginx:
        yield nginx, server


def test_nginx_finds_no_fault_in_the_file(tmp_path: Path) -> None:
    said = Nginx(tmp_path, [1, 2]).check()

    assert "test is successful" in said
    assert "[warn]" not in said


def test_calls_go_through_tls_with_their_key_and_request_id(front: tuple[Nginx, Server]) -> None:
    nginx, server = front
    reply = nginx.call("/predict/probe", {"text": "x"}, headers={"X-Request-ID": "seen-by-all"})

    assert reply.json()["results"]["text"] == "x"
    assert reply.headers["X-Request-ID"] == "seen-by-all"
    assert "seen-by-all" in server.log()


def test_no_key_is_401_and_health_needs_none(front: tuple[Nginx, Server]) -> None:
    nginx, _ = front

    assert nginx.call("/predict/probe", {}, key=None).status_code == 401
    assert nginx.call("/health/ready", key=None).status_code == 200


def test_a_server_that_is_down_fails_no_request(front: tuple[Nginx, Server]) -> None:
    nginx, _ = front
    codes = {nginx.call("/predict/probe", {"text": "x"}).status_code for _ in range(10)}

    assert codes == {200}
    assert "Connection refused" in nginx.error_log(), "the server that is down was never asked"


def test_a_page_of_the_proxy_may_post_and_one_of_a_stranger_may_not(front: tuple[Nginx, Server]) -> None:
    nginx, _ = front
    codes = {}
    for origin in (nginx.url, "https://evil.example", f"http://127.0.0.1:{nginx.plain_port}", "null"):
        reply = nginx.call("/predict/probe", {"text": "x"}, headers={"Origin": origin})
        codes[origin] = reply.status_code, "allowed_hosts" in reply.text

    assert codes.pop(nginx.url) == (200, False)
    assert set(codes.values()) == {(403, True)}


def test_a_proxy_that_does_not_pass_its_name_on_is_named_in_allowed_hosts(tmp_path: Path) -> None:
    keeps_it = {"    proxy_set_header Host $http_host;": ""}
    codes = []
    for number, settings in enumerate(({}, {"allowed_hosts": ["127.0.0.1"]})):
        folder = tmp_path / str(number)
        folder.mkdir()
        with (
            Server(folder / "home", {"probe": {}}, **settings) as server,
            running(folder, [server.port, free_port()], keeps_it) as nginx,
        ):
            codes += [
                nginx.call("/predict/probe", {}, headers={"Origin": origin}).status_code
                for origin in (nginx.url, "https://evil.example")
            ]

    assert codes == [403, 403, 200, 403]


def test_plain_http_is_sent_to_https(front: tuple[Nginx, Server]) -> None:
    nginx, _ = front
    reply = requests.post(
        f"http://127.0.0.1:{nginx.plain_port}/predict/probe", allow_redirects=False, timeout=20
    )

    assert (reply.status_code, reply.headers["Location"]) == (308, "https://127.0.0.1/predict/probe")


def test_old_tls_is_refused(front: tuple[Nginx, Server]) -> None:
    nginx, _ = front
    old = ssl.create_default_context(cafile=str(nginx.certificate))
    with pytest.warns(DeprecationWarning):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", nginx.port)) as plain, pytest.raises(ssl.SSLError):
        old.wrap_socket(plain, server_hostname="127.0.0.1")


def test_counters_are_not_for_the_outside(front: tuple[Nginx, Server]) -> None:
    nginx, server = front

    assert nginx.call("/metrics").status_code == 404
    assert server.session.get(f"{server.url}/metrics", headers={"X-API-Key": KEY}).status_code == 200


def test_a_body_too_large_gets_the_usual_error_at_once(front: tuple[Nginx, Server]) -> None:
    nginx, _ = front
    with socket.create_connection(("127.0.0.1", nginx.port)) as plain:
        context = ssl.create_default_context(cafile=str(nginx.certificate))
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as tls:
            head = "POST /predict/probe HTTP/1.1\r\nHost: x\r\nContent-Length: 99000000\r\n\r\n"
            tls.sendall(head.encode())
            answer = tls.recv(4096).decode()

    assert answer.startswith("HTTP/1.1 413")
    assert json.loads(answer.partition("\r\n\r\n")[2])["status"] == "101"


def test_an_image_of_several_megabytes_arrives_and_is_not_put_on_disk(front: tuple[Nginx, Server]) -> None:
    nginx, _ = front
    text = "x" * 6_000_000

    assert nginx.call("/predict/probe", {"text": text}).json()["results"]["text"] == text
    assert "client request body is buffered to a temporary file" not in nginx.error_log()


def test_too_many_calls_by_one_key_get_429_and_others_go_on(tmp_path: Path) -> None:
    slow = {"rate=100r/s": "rate=1r/m", "burst=200 ": "burst=2 "}
    with running(tmp_path, [free_port(), free_port()], slow) as nginx:
        mine = [nginx.call("/predict/probe", {}) for _ in range(5)]
        other = nginx.call("/predict/probe", {}, key="another-key-of-somebody")

    assert [reply.status_code for reply in mine] == [503, 503, 503, 429, 429]
    assert mine[-1].headers["Retry-After"] == "1"
    assert mine[-1].json()["msg"].startswith("too many requests")
    assert other.status_code == 503


def test_a_made_up_key_for_each_call_does_not_lift_the_limit_of_an_address(tmp_path: Path) -> None:
    slow = {"rate=200r/s": "rate=1r/m", "burst=400 ": "burst=2 "}
    with running(tmp_path, [free_port(), free_port()], slow) as nginx:
        codes = [
            nginx.call("/predict/probe", {}, key=f"made-up-key-{number}").status_code for number in range(6)
        ]

    assert codes == [503, 503, 503, 429, 429, 429]


def test_when_no_server_answers_the_error_is_the_usual_one(tmp_path: Path) -> None:
    with running(tmp_path, [free_port(), free_port()]) as nginx:
        reply = nginx.call("/predict/probe", {})

    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")
    assert reply.json() == {"msg": "no server answers; try again later", "results": "", "status": "101"}


def test_a_rolling_restart_and_a_reload_under_load_fail_no_request(tmp_path: Path, keys: Path) -> None:
    modules: dict[str, dict[str, Any]] = {"probe": {}, "slow_start": {"init_args": {"seconds": 4.0}}}

    def start(port: int = 0) -> Server:
        return Server(tmp_path / "home", modules, port=port, api_key_file=str(keys))

    servers = [start(), start()]
    ports = [server.port for server in servers]
    generations = set()
    try:
        as_much_as_can_be = {"rate=200r/s": "rate=9000r/s", "burst=400 ": "burst=9000 ",
                             "rate=100r/s": "rate=9000r/s", "burst=200 ": "burst=9000 "}  # fmt: skip
        with running(tmp_path, ports, as_much_as_can_be) as nginx, Load(nginx) as load:
            for number, port in enumerate(ports):
                hub("serving", "reload", "probe", "-p", str(port), home=tmp_path / "home")
                generations.add(servers[number].module("probe").generation)
                load.passed(20)
                assert servers[number].stop() == 0
                servers[number] = start(port)
                load.passed(20)
        answers = (tmp_path / "access.log").read_text().splitlines()
        refused = nginx.error_log().count("Connection refused")
    finally:
        for server in servers:
            server.stop()

    assert load.failures == []
    assert generations == {2}
    assert refused, "no request met a server that was down, so this test shows nothing"
    assert "200 of 503, 200" in answers, "no request met a server that was loading"


class Load:
    """Callers that send one request after the other, each with its own content, while this is open."""

    def __init__(self, nginx: Nginx, callers: int = 4) -> None:
        self.failures: list[str] = []
        self.answered = 0
        self._nginx = nginx
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(number,)) for number in range(callers)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join(60)

    def passed(self, requests_more: int) -> None:
        """Wait for so many more answers."""
        goal = self.answered + requests_more
        wait_until(lambda: self.answered >= goal, 40, "answers under load")
        assert not self.failures

    def _call(self, caller: int) -> None:
        module = "slow_start" if caller == 0 else "probe"
        count = 0
        with requests.Session() as session:
            session.headers["X-API-Key"] = KEY
            while not self._is_over.is_set():
                count += 1
                text = f"{caller}-{count}"
                body = {"text": text, "sleep": 0.02} if module == "probe" else {}
                url = f"https://127.0.0.1:{self._nginx.port}/predict/{module}"
                try:
                    reply = session.post(url, json=body, verify=str(self._nginx.certificate), timeout=40)
                    is_right = module != "probe" or f'"text":"{text}"' in reply.text
                    if reply.status_code != 200 or not is_right:
                        self.failures.append(f"{module} {reply.status_code} {reply.text}")
                except requests.RequestException as error:
                    self.failures.append(repr(error))
                self.answered += 1
