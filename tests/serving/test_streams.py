"""Serving methods that answer with streams: items as they come, ends, callers that leave; by every door."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from openapi_spec_validator import OpenAPIV31SpecValidator

import hub
from hub.errors import BindingError, ModuleRaisedError, RunnerLostError
from hub.mcp import tools
from tests.serving.running import ROOT, Server, free_port, wait_until
from tests.serving.running import hub as hub_command

GRPC_PORT = free_port()
END = {"status": "0"}


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file in which flow notes which of its generators have begun and ended."""
    return tmp_path_factory.mktemp("notes") / "notes"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, notes: Path) -> Iterator[Server]:
    """A server of flow, and of the module in the document."""
    folder = tmp_path_factory.mktemp("teller")
    (folder / "module.py").write_text(document("python")[0])
    modules = {
        "flow": {"init_args": {"notes": str(notes.parent)}, "timeout": 1.5},
        "teller": {"init_args": {"directory": str(folder)}},
    }
    settings = {"grpc_port": GRPC_PORT, "hang_timeout": 2.0, "reply_timeout": 1.0}
    with Server(tmp_path_factory.mktemp("home"), modules, **settings) as running:
        yield running


@pytest.fixture
def ended(notes: Path) -> Callable[[str], bool]:
    """Tell whether a generator has run its ``finally`` since the test began."""
    before = len(notes.read_text()) if notes.exists() else 0
    return lambda name: f"{name} ends" in (notes.read_text()[before:] if notes.exists() else "")


def document(language: str) -> list[str]:
    """Return the code blocks of the section on streams."""
    section = (
        (ROOT / "doc" / "modules.md").read_text("utf-8").partition("### Streams\n")[2].partition("\n##")[0]
    )
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)


def lines(reply: requests.Response) -> list[Any]:
    return [json.loads(line) for line in reply.content.split(b"\n") if line]


class Talk:
    """A connection on which one says and hears every byte."""

    def __init__(self, server: Server, path: str, body: Any, version: str = "1.1", more: str = "") -> None:
        content = json.dumps(body)
        self.socket = socket.create_connection(("127.0.0.1", server.port), 20)
        self.said = b""
        self.socket.sendall(
            f"POST /predict/{path} HTTP/{version}\r\nHost: a\r\nContent-Type: application/json\r\n{more}"
            f"Content-Length: {len(content)}\r\n\r\n{content}".encode()
        )

    def until(self, text: bytes) -> bytes:
        """All that was heard when ``text`` has come."""
        while text not in self.said:
            data = self.socket.recv(65536)
            assert data, self.said
            self.said += data
        return self.said

    def to_the_end(self) -> bytes:
        while data := self.socket.recv(65536):
            self.said += data
        return self.said

    def __enter__(self) -> Talk:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


# -- the form ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "items"),
    [
        ("flow", {"upto": 3}, [0, 1, 2]),
        ("flow/tick", {"times": 2}, [{"number": 0}, {"number": 1}]),
        ("flow/lines", {"text": "a\nb"}, ["a", "b"]),
        ("flow/found", {"text": "ab"}, ["a", "b"]),
        ("flow", {"upto": 0}, []),
    ],
)
def test_a_stream_is_a_line_for_each_item_and_a_last_one(
    server: Server, path: str, body: dict[str, Any], items: list[Any]
) -> None:
    reply = server.post(path, body)

    assert (reply.status_code, reply.headers["Content-Type"]) == (200, "application/x-ndjson")
    assert lines(reply) == [*items, END]


@pytest.mark.parametrize("accept", ["text/event-stream", "text/event-stream, */*;q=0.1"])
def test_accept_asks_for_server_sent_events(server: Server, accept: str) -> None:
    reply = server.post("flow", {"upto": 2}, headers={"Accept": accept})

    assert reply.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert reply.text == 'data: 0\n\ndata: 1\n\nevent: end\ndata: {"status":"0"}\n\n'


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html, */*"])
def test_every_other_accept_gets_lines(server: Server, accept: str) -> None:
    reply = server.post("flow", {"upto": 1}, headers={"Accept": accept})

    assert reply.headers["Content-Type"] == "application/x-ndjson"


def test_an_item_arrives_before_the_next_is_made(server: Server) -> None:
    with Talk(server, "flow/tick", {"times": 2, "pause": 60}) as talk:
        assert b'{"number":0}' in talk.until(b'{"number":0}\n')


def test_a_line_separator_in_a_text_does_not_end_its_line(server: Server) -> None:
    with hub.Client(server.url) as client:
        found = client.stream("flow", method="fail", after=2, how="input")
        assert [next(found), next(found)] == ["item 0\u2028", "item 1\u2028"]


def test_a_stream_is_never_compressed_and_no_proxy_keeps_it(server: Server) -> None:
    reply = server.post("flow", {"upto": 1}, headers={"Accept-Encoding": "gzip"})

    assert "Content-Encoding" not in reply.headers
    assert (reply.headers["X-Accel-Buffering"], reply.headers["Cache-Control"]) == ("no", "no-store")


def test_a_connection_is_kept_after_a_stream(server: Server) -> None:
    with Talk(server, "flow", {"upto": 2}) as talk:
        talk.until(b"0\r\n\r\n")
        talk.socket.sendall(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b'{"live":true}' in talk.until(b"true}")


def test_a_request_that_came_during_a_stream_is_answered_after_it(server: Server) -> None:
    with Talk(server, "flow/tick", {"times": 2, "pause": 0.2}) as talk:
        talk.socket.sendall(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
        said = talk.until(b"true}")
        assert said.index(b'"status":"0"') < said.index(b'"live"')


def test_to_http_1_0_the_end_of_the_connection_is_the_end(server: Server) -> None:
    with Talk(server, "flow", {"upto": 2}, "1.0", "Connection: keep-alive\r\n") as talk:
        head, _, body = talk.to_the_end().partition(b"\r\n\r\n")

    assert b"chunked" not in head
    assert b"Connection: close" in head
    assert body == b'0\n1\n{"status":"0"}\n'


@pytest.mark.parametrize("path", ["flow", "flow/tick"])
def test_head_and_get_are_refused_as_everywhere(server: Server, path: str) -> None:
    url = f"{server.url}/predict/{path}"

    assert requests.head(url, timeout=9).status_code == requests.get(url, timeout=9).status_code == 405


def test_openapi_has_both_media_types_and_the_schema_of_an_item(server: Server) -> None:
    document = server.get("/openapi.json").json()
    OpenAPIV31SpecValidator(document).validate()
    content = document["paths"]["/predict/flow"]["post"]["responses"]["200"]["content"]

    assert content.keys() == {"application/x-ndjson", "text/event-stream"}
    assert content["application/x-ndjson"]["schema"]["anyOf"] == [
        {"title": "An item", "type": "integer"},
        {"$ref": "#/components/schemas/StreamEnd"},
    ]
    models = {name: document["paths"][f"/v2/models/{name}/infer"]["post"] for name in ("flow", "flow.pid")}
    assert ["200" in post["responses"] for post in models.values()] == [False, True]
    assert models["flow"]["responses"] == {"501": {"$ref": "#/components/responses/501"}}


def test_a_form_fills_the_arguments_of_a_stream(server: Server) -> None:
    reply = server.post("flow", json=None, files={"upto": (None, "2")})

    assert lines(reply) == [0, 1, END]


# -- errors -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "code", "said"),
    [
        ("flow", {"upto": -1}, 400, "`upto` must be int from 0"),
        ("flow", {"to": 1}, 400, "unknown argument `to`"),
        ("flow/fail", {}, 500, "flow raised KeyError: 'gone'"),
        ("flow/fail", {"how": "input"}, 400, "no such thing"),
        ("flow/fail", {"how": "json"}, 500, "a value of type object has no JSON form"),
        ("flow/tick", {"times": 0, "end": "bad"}, 500, "flow raised ValueError: bad"),
        ("flow/wrong", {}, 500, "must return an iterator"),
        ("flow/nothing", {}, 404, "no serving method nothing"),
        ("flow?format=text", {"upto": 1}, 400, "leave format out"),
    ],
)
def test_an_error_before_the_first_item_is_an_ordinary_reply(
    server: Server, path: str, body: dict[str, Any], code: int, said: str
) -> None:
    reply = server.post(path, body)

    assert (reply.status_code, reply.json()["results"]) == (code, "")
    assert said in reply.json()["msg"]


@pytest.mark.parametrize(
    ("path", "body", "said", "error"),
    [
        ("flow/fail", {"after": 1}, "flow raised KeyError: 'gone'", "ModuleRaisedError"),
        ("flow/fail", {"after": 1, "how": "input"}, "no such thing", "InvalidInputError"),
        ("flow/fail", {"after": 1, "how": "json"}, "has no JSON form", "ModuleRaisedError"),
        ("flow/tick", {"times": 1, "end": "bad"}, "flow raised ValueError: bad", "ModuleRaisedError"),
    ],
)
def test_a_later_error_is_the_last_line(
    server: Server, path: str, body: dict[str, Any], said: str, error: str
) -> None:
    *items, last = lines(server.post(path, body))

    assert len(items) == 1
    assert said in last.pop("msg")
    assert last == {"results": "", "status": "101", "error": error}


def test_the_time_between_two_items_is_limited(server: Server, ended: Callable[[str], bool]) -> None:
    reply = server.post("flow/tick", {"times": 2, "pause": 60}, headers={"X-Request-Timeout": "0.3"})

    item, last = lines(reply)
    assert item == {"number": 0}
    assert (last["error"], last["status"]) == ("DeadlineError", "101")
    assert "no further item of its stream within 0.3 s" in last["msg"]
    wait_until(lambda: ended("tick"))


def test_the_whole_of_a_stream_is_limited(server: Server) -> None:
    *items, last = lines(server.post("flow/tick", {"times": 100, "pause": 0.5}))

    assert len(items) >= 3
    assert "not over within 2 s (hang_timeout)" in last["msg"]


def test_before_the_first_item_the_deadline_is_an_ordinary_one(server: Server) -> None:
    reply = server.post("flow/work", {"seconds": 9, "first": False}, headers={"X-Request-Timeout": "0.2"})

    assert (reply.status_code, reply.headers["X-Hub-Error"]) == (504, "DeadlineError")


# -- callers that leave, or take nothing ------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "first"),
    [
        ("tick", {"times": 2, "pause": 3600}, b'{"number":0}'),
        ("work", {"seconds": 3600}, b"0"),
        ("work", {"seconds": 3600, "sleeps": True}, b"0"),
        ("count", {"upto": 1_000_000, "pause": 0.01}, b"1"),
    ],
)
def test_a_caller_that_leaves_ends_the_generator_and_frees_its_place(
    server: Server, ended: Callable[[str], bool], path: str, body: dict[str, Any], first: bytes
) -> None:
    name = "flow" if path == "count" else f"flow/{path}"
    runner = server.post("flow/pid", {}).json()["results"]
    with Talk(server, name, body) as talk:
        talk.until(first + b"\n")
    wait_until(lambda: ended(path), 5)

    wait_until(lambda: f'"POST /predict/{name}" 499 ' in server.log())
    assert server.post("flow/pid", {}).json()["results"] == runner


def test_a_caller_that_takes_nothing_is_cut_and_holds_little_memory(
    server: Server, ended: Callable[[str], bool]
) -> None:
    with Talk(server, "flow/large", {"size": 1_000_000, "times": 1000}):
        wait_until(lambda: ended("large"), 10)  # after reply_timeout
        gateway = next(each for each in server.state().processes if each.role == "gateway")
        status = Path(f"/proc/{gateway.pid}/status").read_text()

    assert int(status.partition("VmHWM:")[2].split()[0]) * 1024 < 300_000_000
    assert server.post("flow/pid", {}).status_code == 200


def test_a_slow_caller_gets_every_item(server: Server) -> None:
    with Talk(server, "flow/large", {"size": 300_000, "times": 20}) as talk:
        talk.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        received = 0
        while b'{"status":"0"}' not in talk.said[-100:]:
            time.sleep(0.002)
            data = talk.socket.recv(65536)
            assert data, talk.said[-100:]
            received += len(data)
            talk.said = talk.said[-200:] + data

    assert received > 20 * 300_000


# -- what does not stream ---------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "route"), [("flow", "flow"), ("flow.tick", "flow/tick")])
def test_v2_answers_501_with_the_route_to_use(server: Server, model: str, route: str) -> None:
    url = f"{server.url}/v2/models/{model}"
    tensor = {"name": "input", "datatype": "BYTES", "shape": [1], "data": ["{}"]}
    reply = server.session.post(f"{url}/infer", json={"inputs": [tensor]}, timeout=30)

    assert reply.status_code == 501
    assert f"call it at POST /predict/{route}" in reply.json()["error"]
    told = server.session.get(f"{url}/config", timeout=30).json()["parameters"]["stream"]["string_value"]
    assert f"POST /predict/{route}" in told


def test_grpc_answers_unimplemented_with_the_route_to_use(server: Server) -> None:
    grpc = pytest.importorskip("tritonclient.grpc")
    np = pytest.importorskip("numpy")
    wait_until(lambda: "Started GRPCInferenceService" in server.log())
    tensor = grpc.InferInput("upto", [1], "INT64")
    tensor.set_data_from_numpy(np.array([2]))

    with (
        grpc.InferenceServerClient(f"127.0.0.1:{GRPC_PORT}") as client,
        pytest.raises(Exception, match=r"UNIMPLEMENTED.*POST /predict/flow"),
    ):
        client.infer("flow", [tensor])


def test_ordinary_methods_of_the_module_still_have_their_envelope(server: Server) -> None:
    assert server.post("flow/first", {}).json() == {"msg": "", "results": 0, "status": "0"}
    assert server.post("flow/all_letters", {"text": "ab"}).json()["results"] == [0, 1]


# -- clients ----------------------------------------------------------------------------------------


def test_a_client_yields_items_as_they_come(server: Server, ended: Callable[[str], bool]) -> None:
    with hub.Client(server.url) as client:
        assert list(client.stream("flow", upto=3)) == [0, 1, 2]
        endless = client.stream("flow", method="tick", times=2, pause=3600)
        assert next(endless) == {"number": 0}
        endless.close()
        wait_until(lambda: ended("tick"))


def test_an_asynchronous_client_yields_items_as_they_come(server: Server) -> None:
    async def ask() -> list[Any]:
        async with hub.AsyncClient(server.url) as client:
            return [item async for item in client.stream("flow", method="tick", times=2)]

    assert asyncio.run(ask()) == [{"number": 0}, {"number": 1}]


def test_a_plain_call_joins_the_items(server: Server) -> None:
    async def ask() -> Any:
        async with hub.AsyncClient(server.url) as client:
            return await client.predict("flow", upto=2)

    with hub.Client(server.url) as client:
        assert client.predict("flow", upto=2) == asyncio.run(ask()) == [0, 1]
        assert client.predict("flow", method="found", text="ab") == ["a", "b"]


def test_a_client_raises_the_error_at_the_end(server: Server) -> None:
    with hub.Client(server.url) as client:
        found = client.stream("flow", method="fail", after=1)
        assert next(found) == "item 0\u2028"
        with pytest.raises(ModuleRaisedError, match="KeyError"):
            next(found)
        with pytest.raises(ModuleRaisedError, match="KeyError"):
            client.predict("flow", method="fail", after=1)
        with pytest.raises(BindingError):
            next(client.stream("flow", upto=-1))


def test_a_client_streams_the_list_of_an_ordinary_method(server: Server) -> None:
    with hub.Client(server.url) as client:
        assert list(client.stream("flow", method="all_letters", text="ab")) == [0, 1]
        assert list(client.stream("flow", method="first")) == [0]


# -- figures ----------------------------------------------------------------------------------------


def _figure(server: Server, name: str) -> float:
    found = [line for line in server.get("/metrics").text.splitlines() if line.startswith(name)]
    return sum(float(line.split()[-1]) for line in found)


def test_a_stream_is_counted_and_logged_when_it_is_over_by_how_it_ended(server: Server) -> None:
    wait_until(lambda: _figure(server, 'hub_requests_in_flight{module="flow"}') == 0)
    failed = 'hub_requests_total{code="500",module="flow"}'
    before, seconds = _figure(server, failed), _figure(server, "hub_request_seconds_sum")
    with Talk(server, "flow/tick", {"times": 3, "pause": 0.2, "end": "bad"}) as talk:
        talk.until(b'{"number":0}')
        assert _figure(server, 'hub_requests_in_flight{module="flow"}') == 1
        talk.until(b"bad")

    wait_until(lambda: _figure(server, failed) > before)
    assert _figure(server, "hub_request_seconds_sum") - seconds >= 0.6
    wait_until(lambda: _figure(server, 'hub_requests_in_flight{module="flow"}') == 0)
    wait_until(lambda: '"POST /predict/flow/tick" 500 ' in server.log())


def test_hub_mcp_has_a_tool_for_each_stream(server: Server) -> None:
    found = tools.from_document(server.get("/openapi.json").json(), may_read=False)

    assert {"flow", "flow-tick", "flow-first"} <= {tool.name for tool in found}


# -- the document -------------------------------------------------------------------------------------


def test_the_documents_requests_are_answered_as_it_says(server: Server) -> None:
    (commands,), (answers,) = document("shell"), document("text")
    printed = ""
    for command in commands.splitlines():
        words = shlex.split(command.replace("http://127.0.0.1:8866", server.url))
        printed += subprocess.run([*words, "-sS"], capture_output=True, text=True, check=True).stdout

    assert printed == answers


def test_the_documents_call_in_python_prints_the_items(server: Server) -> None:
    script = document("python")[1].replace("http://127.0.0.1:8866", server.url)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "one\ntwo\n"


# -- last, since it harms the runner -----------------------------------------------------------------


def test_a_runner_killed_in_the_middle_is_told_in_the_last_line_and_nothing_runs_again(
    server: Server, notes: Path
) -> None:
    before = notes.read_text().count("count runs")
    with Talk(server, "flow", {"upto": 1000, "pause": 0.05}) as talk:
        talk.until(b"1\n")
        server.kill_runner("flow")
        *_, last = [each for each in talk.until(b"0\r\n\r\n").split(b"\r\n") if each.startswith(b"{")]

    assert json.loads(last)["error"] == RunnerLostError.__name__
    assert "ended in the middle of this stream, after" in json.loads(last)["msg"]
    assert notes.read_text().count("count runs") == before + 1
    assert server.post("flow", {"upto": 1}).status_code == 200


# -- reload and stop, of a server of their own --------------------------------------------------------


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that gives its requests two seconds to finish."""
    folder = tmp_path_factory.mktemp("home")
    modules = {"flow": {"init_args": {"notes": str(folder)}}}
    with Server(folder, modules, graceful_timeout=2) as running:
        yield running


def test_a_reload_lets_a_stream_finish_while_others_go_to_the_next_generation(other: Server) -> None:
    before = other.post("flow/pid", {}).json()["results"]
    with Talk(other, "flow/tick", {"times": 10, "pause": 0.15}) as talk:
        talk.until(b'{"number":0}')
        reloaded = hub_command("serving", "reload", "flow", "--port", str(other.port), home=other.home)
        assert reloaded.returncode == 0, reloaded.stdout
        assert other.post("flow/pid", {}).json()["results"] != before
        said = talk.until(b"0\r\n\r\n")

    assert b'{"number":9}' in said
    assert b'{"status":"0"}' in said


def test_a_server_that_stops_ends_a_stream_with_an_error_and_not_with_a_cut(other: Server) -> None:
    with Talk(other, "flow/tick", {"times": 2, "pause": 3600}) as endless:
        endless.until(b'{"number":0}')
        other.process.terminate()
        said = endless.to_the_end()

    assert said.endswith(b"0\r\n\r\n")
    last = json.loads(said.split(b"\r\n")[-4])
    assert (last["error"], last["status"]) == ("UnavailableError", "101")
    assert "the server is stopping" in last["msg"]
    assert other.process.wait(20) == 0
