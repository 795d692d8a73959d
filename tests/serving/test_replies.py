"""What comes in and what goes out: the table of replies and errors, on one running server."""

from __future__ import annotations

import http.client
import json
import socket
import time

import pytest

from tests.serving.running import Server


def test_a_reply_has_the_three_keys_of_the_envelope(server: Server) -> None:
    reply = server.post("greet", {"names": ["你好"]})

    assert reply.status_code == 200
    assert reply.json() == {"msg": "", "results": ["hello 你好, one of 1"], "status": "0"}


def test_text_is_sent_as_utf_8_not_escaped(server: Server) -> None:
    assert "你好".encode() in server.post("greet", {"names": ["你好"]}).content


@pytest.mark.parametrize(
    ("body", "content_type", "code", "status", "said"),
    [
        pytest.param(b"{", "application/json", 400, "112", "not JSON", id="malformed"),
        pytest.param(b"", "application/json", 400, "112", "the body is empty", id="empty"),
        pytest.param(b"[1]", "application/json", 400, "112", "object", id="a list"),
        pytest.param(b"null", "application/json", 400, "112", "object", id="null"),
        pytest.param(b'{"text": nan}', "application/json", 400, "112", "not JSON", id="nan"),
        pytest.param(b"[" * 100_000, "application/json", 400, "112", "not JSON", id="deep nesting"),
        pytest.param(b"text=a", "application/x-www-form-urlencoded", 415, "101", "content type", id="form"),
        pytest.param(b"text=a", "", 400, "112", "not JSON", id="no type, not JSON"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    server: Server, body: bytes, content_type: str, code: int, status: str, said: str
) -> None:
    reply = server.post("probe", data=body, headers={"Content-Type": content_type}, json=None)

    assert (reply.status_code, reply.json()["status"]) == (code, status)
    assert said in reply.json()["msg"]
    assert reply.json()["results"] == ""


def test_an_unknown_module_is_404_with_status_111(server: Server) -> None:
    reply = server.post("nobody", {})

    assert reply.status_code == 404
    assert reply.json() == {"msg": "Module nobody is not available.", "results": "", "status": "111"}


def test_an_unknown_module_that_resembles_one_is_told_it(server: Server) -> None:
    assert server.post("prob", {}).json()["msg"] == "Module prob is not available. Did you mean probe?"


@pytest.mark.parametrize("name", ["../../etc/passwd", "a%00b", "x" * 3000, "模块"])
def test_a_strange_module_name_is_404(server: Server, name: str) -> None:
    assert server.post(name, {}).status_code == 404


def test_an_unknown_argument_is_400_and_names_the_accepted(server: Server) -> None:
    reply = server.post("greet", {"names": ["a"], "nmaes": 1})

    assert (reply.status_code, reply.json()["status"]) == (400, "101")
    assert "`nmaes`" in reply.json()["msg"]
    assert "`names`, `sleep`" in reply.json()["msg"]


@pytest.mark.parametrize(("sent", "meant"), [("nmaes", "names"), ("Name", "names"), ("sleeep", "sleep")])
def test_an_unknown_argument_is_told_the_one_that_was_probably_meant(
    server: Server, sent: str, meant: str
) -> None:
    assert server.post("greet", {sent: 1}).json()["msg"].endswith(f"Did you mean {meant}?")


def test_a_missing_argument_is_400(server: Server) -> None:
    assert "missing argument `names`" in server.post("greet", {}).json()["msg"]


def test_a_module_with_kwargs_takes_any_argument(server: Server) -> None:
    assert server.post("probe", {"colour": "red"}).json()["results"]["others"] == {"colour": "red"}


def test_what_the_module_raises_is_500_with_its_message(server: Server) -> None:
    reply = server.post("probe", {"action": "raise", "text": "no such luck"})

    assert reply.status_code == 500
    assert reply.json() == {"msg": "probe raised RuntimeError: no such luck", "results": "", "status": "101"}
    assert "Traceback" in server.log()


def test_a_500_names_the_exceptions_class_also_without_a_message(server: Server) -> None:
    sleep = server.post("probe", {"sleep": "long"})
    silent = server.post("probe", {"action": "raise"})

    assert (sleep.status_code, silent.status_code) == (500, 500)
    assert sleep.json()["msg"].startswith("probe raised TypeError: ")
    assert silent.json()["msg"] == "probe raised RuntimeError"
    assert server.post("probe", {"action": "exit"}).json()["msg"] == "probe raised SystemExit: 3"


def test_a_module_may_refuse_its_input_with_400(server: Server) -> None:
    for action in ("refuse", "refuse in its own words"):
        assert server.post("probe", {"action": action, "text": "too long"}).status_code == 400


def test_a_module_that_calls_exit_fails_one_request_only(server: Server) -> None:
    pid = server.post("probe", {}).json()["results"]["pid"]

    assert server.post("probe", {"action": "exit"}).status_code == 500
    assert server.post("probe", {}).json()["results"]["pid"] == pid


def test_a_result_that_is_not_json_is_500_and_names_the_type(server: Server) -> None:
    reply = server.post("probe", {"action": "unsendable"})

    assert reply.status_code == 500
    assert "object" in reply.json()["msg"]


@pytest.mark.parametrize("argument", ["paths", "image_path", "output_dir", "save_path"])
def test_files_of_the_server_cannot_be_named(server: Server, argument: str) -> None:
    reply = server.post("probe", {argument: "/etc/passwd"})

    assert reply.status_code == 400
    assert f"`{argument}`" in reply.json()["msg"]


def test_a_body_over_the_limit_is_413_before_it_is_read(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest("POST", "/predict/probe")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", "2000000")
    connection.endheaders()
    reply = connection.getresponse()

    assert reply.status == 413
    assert "max_body_mb" in json.loads(reply.read())["msg"]


def test_a_whole_body_over_the_limit_still_gets_its_413(server: Server) -> None:
    reply = server.post(
        "probe", data=b"x" * 3_000_000, headers={"Content-Type": "application/json"}, json=None
    )

    assert reply.status_code == 413


def test_a_chunked_body_over_the_limit_is_413(server: Server) -> None:
    chunks = (b"x" * 65536 for _ in range(40))
    reply = server.post("probe", data=chunks, headers={"Content-Type": "application/json"}, json=None)

    assert reply.status_code == 413


@pytest.mark.parametrize(
    ("path", "method", "code"), [("/nothing", "GET", 404), ("/predict/probe", "GET", 405)]
)
def test_framework_errors_come_in_the_envelope(server: Server, path: str, method: str, code: int) -> None:
    reply = server.session.request(method, server.url + path, timeout=10)

    assert reply.status_code == code
    assert set(reply.json()) == {"msg", "results", "status"}


@pytest.mark.parametrize(
    ("request_line", "code"),
    [
        pytest.param(b"POST /predict/" + b"x" * 9000 + b" HTTP/1.1", 414, id="long line"),
        pytest.param(b"POST /predict/probe HTTP/9", 400, id="version"),
        pytest.param(b"POST /predict/probe HTTP/1.1\r\nContent-Length: abc", 400, id="length"),
        pytest.param(b"POST /predict/probe HTTP/1.1\r\nTransfer-Encoding: strange", 501, id="coding"),
    ],
)
def test_what_is_no_http_is_answered_in_the_envelope_too(
    server: Server, request_line: bytes, code: int
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request_line + b"\r\nHost: x\r\n\r\n")
        reply = http.client.HTTPResponse(connection)
        reply.begin()

        assert reply.status == code
        assert set(json.loads(reply.read())) == {"msg", "results", "status"}


def test_a_request_id_is_kept_and_returned(server: Server) -> None:
    assert server.post("probe", {}, headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"] == "abc-1"


def test_a_request_without_id_gets_one(server: Server) -> None:
    assert len(server.post("probe", {}).headers["X-Request-ID"]) == 32


def test_a_caller_may_shorten_its_time(server: Server) -> None:
    started = time.monotonic()
    reply = server.post("probe", {"sleep": 2.0}, headers={"X-Request-Timeout": "0.3"})

    assert reply.status_code == 504
    assert time.monotonic() - started < 1.5


@pytest.mark.parametrize("value", ["soon", "-1", "nan", "inf", "0"])
def test_an_impossible_time_is_400(server: Server, value: str) -> None:
    assert server.post("probe", {}, headers={"X-Request-Timeout": value}).status_code == 400


def test_a_client_that_half_sends_and_leaves_does_no_harm(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"POST /predict/probe HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")

    assert server.post("probe", {}).status_code == 200


def test_timings_are_told_in_a_header(server: Server) -> None:
    timing = server.post("probe", {"sleep": 0.1}).headers["Server-Timing"]

    assert float(timing.rpartition("inference;dur=")[2]) >= 100
