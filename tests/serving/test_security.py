"""Who may call, from where, and what is kept from whom."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.serving.running import MODULES, Server, free_port, hub

ALICE = "alice-0123456789abcdef"
BOB = "bob-fedcba9876543210"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Needs a key; browsers of one origin may call; has a secret in its environment."""
    home = tmp_path_factory.mktemp("home")
    keys = home / "keys"
    keys.write_text(f"# who: key\nalice: {ALICE}\nbob:{BOB}  # and a comment\n\n")
    keys.chmod(0o600)
    secrets = {"HUB_API_KEY_FILE": str(keys), "HUB_TOKEN": "hub-secret"}
    os.environ.update(secrets)
    try:
        started = Server(home, {"probe": {}}, cors_origins=["https://app.example"])
    finally:
        for name in secrets:
            del os.environ[name]
    with started as running:
        yield running


# -- keys ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Authorization": f"Bearer {ALICE}"}, id="Bearer"),
        pytest.param({"Authorization": f"bearer  {BOB} "}, id="bearer, another key"),
        pytest.param({"X-API-Key": BOB}, id="X-API-Key"),
    ],
)
def test_each_key_lets_in_by_either_header(server: Server, headers: dict[str, str]) -> None:
    assert server.post("probe", {}, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="none"),
        pytest.param({"Authorization": "Bearer wrong-0123456789abcdef"}, id="wrong"),
        pytest.param({"Authorization": f"Bearer {ALICE[:-1]}"}, id="cut"),
        pytest.param({"Authorization": f"Bearer {ALICE}x"}, id="too long"),
        pytest.param({"Authorization": f"Basic {ALICE}"}, id="another scheme"),
        pytest.param({"Authorization": ALICE}, id="no scheme"),
        pytest.param({"Authorization": "Bearer"}, id="empty"),
        pytest.param({"X-API-Key": "alice"}, id="the name"),
        pytest.param({"X-API-Key": ""}, id="empty key"),
        pytest.param({"X-API-Key": "ÿ" * 22}, id="no ASCII"),
        pytest.param({"Cookie": f"key={ALICE}"}, id="a cookie"),
    ],
)
def test_a_missing_or_wrong_key_is_401_in_the_envelope(server: Server, headers: dict[str, str]) -> None:
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}
    reply = requests.post(f"{server.url}/predict/probe", json={}, headers=encoded, timeout=10)

    assert (reply.status_code, reply.json()["status"], reply.json()["results"]) == (401, "101", "")
    assert reply.headers["WWW-Authenticate"] == "Bearer"


def test_a_key_in_the_address_is_no_key(server: Server) -> None:
    reply = requests.post(f"{server.url}/predict/probe?api_key={ALICE}", json={}, timeout=10)

    assert reply.status_code == 401


@pytest.mark.parametrize("path", ["/", "/metrics", "/nothing", "/predict/nobody"])
def test_without_a_key_nothing_is_told_of_what_is_there(server: Server, path: str) -> None:
    assert requests.get(server.url + path, timeout=10).status_code == 401


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_health_needs_no_key(server: Server, path: str) -> None:
    assert requests.get(server.url + path, timeout=10).status_code == 200


def test_a_large_body_without_a_key_is_refused_unread(server: Server) -> None:
    reply = requests.post(f"{server.url}/predict/probe", data=b"x" * 5_000_000, timeout=20)

    assert reply.status_code == 401


def test_the_log_names_the_caller_and_never_shows_a_key(server: Server) -> None:
    server.post("probe", {"action": "raise", "text": "oh"}, headers={"X-API-Key": BOB})
    server.post("probe", {}, headers={"Authorization": "Bearer wrong-0123456789abcdef"})
    record = server.pid_file()
    assert record is not None
    written = [path for path in Path(record["run_dir"]).rglob("*") if path.is_file()]

    assert "key=bob" in server.log()
    for text in (server.log(), *(path.read_bytes().decode("latin-1") for path in written)):
        assert ALICE not in text
        assert BOB not in text
        assert "wrong-0123456789abcdef" not in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "has no key", id="empty"),
        pytest.param("alice-0123456789abcdef", "name:key", id="no name"),
        pytest.param(f"a:{ALICE}\na:{BOB}", ":2: write name:key, each name once", id="a name twice"),
        pytest.param("a:short", "shorter than 16", id="short"),
        pytest.param(None, "No such file", id="absent"),
    ],
)
def test_a_wrong_key_file_is_an_error_at_start(tmp_path: Path, text: str | None, said: str) -> None:
    keys = tmp_path / "keys"
    if text is not None:
        keys.write_text(text)
    done = start(tmp_path, api_key_file=str(keys))

    assert (done.returncode, said in done.stderr) == (1, True)
    assert "short\n" not in done.stderr


def start(tmp_path: Path, **settings: object) -> subprocess.CompletedProcess[str]:
    """Start with settings that should be refused."""
    modules = {"probe": {"init_args": {"directory": str(MODULES / "probe")}}}
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"modules_info": modules, "port": free_port(), **settings}))
    return hub("serving", "start", "-c", str(path), home=tmp_path / "home", check=False)


# -- browsers --------------------------------------------------------------------------------------


def preflight(server: Server, origin: str) -> requests.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-api-key",
    }
    return requests.options(f"{server.url}/predict/probe", headers=headers, timeout=10)


def test_a_listed_origin_may_call_after_asking_without_a_key(server: Server) -> None:
    asked = preflight(server, "https://app.example")
    reply = server.post("probe", {}, headers={"X-API-Key": BOB, "Origin": "https://app.example"})

    assert asked.status_code == 204
    assert {"content-type", "x-api-key"} <= {
        name.strip() for name in asked.headers["Access-Control-Allow-Headers"].lower().split(",")
    }
    assert "POST" in asked.headers["Access-Control-Allow-Methods"]
    for answer in (asked, reply):
        assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
        assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "https://app.example.evil", "null", "http://app.example"]
)
def test_another_origin_may_not(server: Server, origin: str) -> None:
    asked = preflight(server, origin)
    reply = server.post("probe", {}, headers={"X-API-Key": BOB, "Origin": origin})

    assert asked.status_code == 401
    assert not [name for name in (*asked.headers, *reply.headers) if name.startswith("Access-Control")]


# -- what others can see ---------------------------------------------------------------------------


def test_runners_do_not_see_the_server_s_own_variables(server: Server) -> None:
    names = ["HUB_API_KEY_FILE", "HUB_TOKEN", "PROMETHEUS_MULTIPROC_DIR", "HUB_HOME", "PATH"]
    body = {"action": "environment", "names": names}
    seen = server.post("probe", body, headers={"X-API-Key": BOB}).json()["results"]
    pid = server.runner_pids("probe")[0]
    whole = Path(f"/proc/{pid}/environ").read_bytes()

    assert [seen[name] for name in names[:3]] == [None, None, None]
    assert seen["HUB_HOME"] == str(server.home)
    assert seen["PATH"]
    assert b"hub-secret" not in whole
    assert b"keys" not in whole.replace(str(server.home).encode(), b"")


def test_no_command_line_shows_a_secret(server: Server) -> None:
    lines = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid, _ in server.all_processes()]

    assert len(lines) >= 4
    assert not [line for line in lines if b"hub-secret" in line or ALICE.encode() in line]


def test_files_and_sockets_are_the_user_s_alone(server: Server) -> None:
    record = server.pid_file()
    assert record is not None
    run_dir = Path(record["run_dir"])

    def mode(path: Path) -> int:
        return path.stat().st_mode & 0o777

    assert mode(run_dir) == 0o700
    assert mode(server.home / "conf" / f"serving_{server.port}.json") == 0o600
    sockets = [path for path in run_dir.iterdir() if path.is_socket()]
    assert len(sockets) == 3  # control, jobs, and one module
    assert {mode(path) for path in sockets} == {0o600}


def test_a_server_listens_on_this_machine_only_unless_told(server: Server) -> None:
    assert listening(server.port) == {"0100007F"}  # 127.0.0.1 as /proc/net/tcp writes it


def test_another_address_is_listened_on_when_told(tmp_path: Path) -> None:
    with Server(
        tmp_path / "home", {"probe": {}}, host="0.0.0.0", metrics_port=(port := free_port())
    ) as server:
        assert listening(server.port) == {"00000000"}
        assert listening(port) == {"00000000"}
        assert server.post("probe", {}).status_code == 200


def listening(port: int) -> set[str]:
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    local = [row[1].split(":") for row in rows if row[3] == "0A"]
    return {address for address, number in local if int(number, 16) == port}


# -- TLS -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(certificate, key) for 127.0.0.1, signed by itself."""
    folder = tmp_path_factory.mktemp("tls")
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *files],
        check=True,
        capture_output=True,
    )
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture(scope="module")
def secure(certificate: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("home")
    with Server(home, {"probe": {}}, certfile=str(certificate[0]), keyfile=str(certificate[1])) as running:
        yield running


def test_https_is_served(secure: Server, certificate: tuple[Path, Path]) -> None:
    url = f"https://127.0.0.1:{secure.port}/predict/probe"
    with requests.Session() as session:
        for body in ({"text": "a"}, {"text": "x" * 2_000_000}):
            reply = session.post(url, json=body, timeout=20, verify=str(certificate[0]))

            assert reply.json()["results"]["text"] == body["text"]
    assert f"https://127.0.0.1:{secure.port}/predict/probe" in secure.log()


def test_plain_http_to_a_tls_port_is_refused_without_harm(
    secure: Server, certificate: tuple[Path, Path]
) -> None:
    for _ in range(5):
        with pytest.raises(requests.RequestException):
            requests.post(
                f"http://127.0.0.1:{secure.port}/predict/probe", json={}, timeout=10
            ).raise_for_status()
    url = f"https://127.0.0.1:{secure.port}/health/ready"

    assert requests.get(url, verify=str(certificate[0]), timeout=10).status_code == 200


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls_is_refused(secure: Server, certificate: tuple[Path, Path]) -> None:
    context = ssl.create_default_context(cafile=str(certificate[0]))
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with (
        socket.create_connection(("127.0.0.1", secure.port), timeout=10) as plain,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        context.wrap_socket(plain, server_hostname="127.0.0.1")


def test_a_caller_that_leaves_is_noticed_behind_tls_too(
    secure: Server, certificate: tuple[Path, Path]
) -> None:
    url = f"https://127.0.0.1:{secure.port}/predict/probe"
    with pytest.raises(requests.Timeout):
        requests.post(url, json={"sleep": 1.0}, verify=str(certificate[0]), timeout=0.3)

    assert requests.post(url, json={}, verify=str(certificate[0]), timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("certfile", "keyfile"), [("absent.pem", "absent.pem"), ("config.json", "config.json"), (None, "key.pem")]
)
def test_a_certificate_that_cannot_be_used_is_an_error_at_start(
    tmp_path: Path, certfile: str | None, keyfile: str
) -> None:
    paths = {"certfile": certfile and str(tmp_path / certfile), "keyfile": str(tmp_path / keyfile)}
    done = start(tmp_path, **paths)

    assert (done.returncode, "certfile" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr
