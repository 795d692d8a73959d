"""Private parts of other libraries are as hub/ expects them; private_parts.py lists them."""

from __future__ import annotations

import concurrent.futures
import importlib.metadata
import inspect
import io
import logging
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.contracts import private_parts
from tests.contracts.private_parts import PRIVATE_PARTS
from tests.serving.running import ROOT

pytestmark = pytest.mark.unit

#: A part's name → the contract test that fails when it is gone.
CONTRACTS: dict[str, str] = {}


def contract(*parts: str) -> Any:
    """Mark the test of these parts."""

    def mark(test: Any) -> Any:
        CONTRACTS.update(dict.fromkeys(parts, test.__name__))
        return test

    return mark


# -- the list --------------------------------------------------------------------------------------


def test_every_part_has_a_contract_test_and_every_test_a_part() -> None:
    assert {part.name for part in PRIVATE_PARTS} == set(CONTRACTS)


@pytest.mark.parametrize("part", PRIVATE_PARTS, ids=lambda part: f"{part.library} {part.name}")
def test_a_part_is_used_where_the_list_says(part: private_parts.PrivatePart) -> None:
    assert part.name in (ROOT / "hub" / part.file).read_text("utf-8")


def test_no_file_uses_a_private_part_that_is_not_listed() -> None:
    listed = {part for each in PRIVATE_PARTS for part in each.name.split(".")}
    unlisted = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in private_parts.files()
        for name in private_parts.used_in(path)
        if name not in listed
    }

    assert unlisted == set()


def test_a_library_whose_private_parts_are_used_has_an_upper_bound() -> None:
    setup = (ROOT / "setup.py").read_text("utf-8")
    wanted = {part.library for part in PRIVATE_PARTS} - {"python"}
    bounded = {
        requirement.name
        for requirement in map(Requirement, re.findall(r'"([a-z][\w-]*(?:\[\w+\])?>=[^"]+)"', setup))
        if any(each.operator in ("<", "<=") for each in requirement.specifier)
    }

    assert wanted <= bounded


# -- Gunicorn --------------------------------------------------------------------------------------


def parameters(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    first, second = socket.socketpair()
    with first, second:
        yield first, second


def worker() -> Any:
    """Return one of Gunicorn's threaded workers, not started."""
    from gunicorn.config import Config
    from gunicorn.workers.gthread import ThreadWorker

    return ThreadWorker(1, 1, [], None, 30, Config(), logging.getLogger("test"))


@contract("accept", "set_accept_enabled", "on_pending_socket_readable", "enqueue_req")
def test_gunicorns_worker_accepts_and_hands_on_by_methods_that_can_be_replaced() -> None:
    made = worker()

    assert parameters(made.accept) == ["listener"]
    assert parameters(made.set_accept_enabled) == ["enabled"]
    assert parameters(made.on_pending_socket_readable) == ["conn", "client"]
    assert parameters(made.enqueue_req) == ["conn"]
    source = inspect.getsource(type(made))
    assert "self.accept)" in source
    assert "self.set_accept_enabled(False)" in inspect.getsource(made.run)


@contract("handle", "handle_request", "_keepalive_after")
def test_gunicorns_worker_handles_a_request_by_methods_that_can_be_replaced() -> None:
    made = worker()
    source = inspect.getsource(made.handle)

    assert parameters(made.handle) == ["conn"]
    assert parameters(made.handle_request) == ["req", "conn"]
    assert parameters(made._keepalive_after) == ["conn", "keepalive"]
    assert "self._keepalive_after(conn, self.handle_request(req, conn))" in source
    assert "self.handle, conn" in inspect.getsource(made.enqueue_req)


@contract("nr_conns", "pending_conns", "murder_pending")
def test_gunicorns_worker_counts_connections_and_looks_at_those_that_wait() -> None:
    made = worker()

    assert (made.nr_conns, len(made.pending_conns)) == (0, 0)
    assert made.worker_connections > 0
    assert parameters(made.murder_pending) == []
    assert "self.murder_pending()" in inspect.getsource(made.run)
    assert "self.pending_conns" in inspect.getsource(made.murder_pending)
    assert "self.nr_conns -= 1" in inspect.getsource(made.finish_request)


@contract("TConn")
def test_gunicorns_connection_is_made_of_a_socket_and_its_addresses(pair: Any) -> None:
    from gunicorn.config import Config
    from gunicorn.workers.gthread import TConn

    conn = TConn(Config(), pair[0], ("127.0.0.1", 1), ("127.0.0.1", 2))
    before = (conn.timeout, conn.data_ready)
    conn.set_timeout()
    conn.close()

    assert before == (None, False)
    assert conn.timeout > 0
    assert conn.sock.fileno() == -1
    assert "conn.data_ready" in inspect.getsource(type(worker()).handle)


@contract("parser.mesg.body.reader")
def test_gunicorns_parser_knows_how_much_of_a_body_is_unread_and_can_be_told_to_forget_it(pair: Any) -> None:
    from gunicorn.config import Config
    from gunicorn.http import get_parser

    pair[1].sendall(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
    parser = get_parser(Config(), pair[0], ("127.0.0.1", 1))
    request = next(parser)
    before = parser.mesg.body.reader.length
    request.body.read(3)
    after = parser.mesg.body.reader.length
    parser.mesg = None
    pair[1].sendall(b"GET /b HTTP/1.1\r\nHost: a\r\n\r\n")

    assert (before, after, next(parser).path) == (3, 0, "/b")


def response(sock: socket.socket) -> Any:
    from gunicorn.config import Config
    from gunicorn.http import get_parser
    from gunicorn.http.wsgi import Response

    request = next(get_parser(Config(), sock, ("127.0.0.1", 1)))
    return Response(request, sock, Config())


@contract("__self__.force_close")
def test_gunicorns_start_response_belongs_to_a_response_that_can_be_made_to_close(pair: Any) -> None:
    pair[1].sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    made = response(pair[0])
    made.status_code, made.response_length = 200, 0
    before = made.should_close()
    made.start_response.__self__.force_close()

    assert (before, made.should_close()) == (False, True)


@contract("gunicorn.socket")
def test_gunicorns_environ_holds_the_connection(pair: Any) -> None:
    from gunicorn.config import Config
    from gunicorn.http import get_parser, wsgi

    pair[1].sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    request = next(get_parser(Config(), pair[0], ("127.0.0.1", 1)))

    assert wsgi.default_environ(request, pair[0], Config())["gunicorn.socket"] is pair[0]


@contract("murder_workers")
def test_gunicorns_master_looks_after_its_workers_in_its_loop_and_ends_by_stop_iteration() -> None:
    from gunicorn.arbiter import Arbiter

    source = inspect.getsource(Arbiter.run)

    assert parameters(Arbiter.murder_workers) == ["self"]
    assert "self.murder_workers()" in source
    assert re.search(r"except \(?StopIteration", source)


@contract("write_error")
def test_gunicorns_answer_to_what_is_not_http_goes_through_util() -> None:
    from gunicorn import util
    from gunicorn.workers.base import Worker

    assert len(parameters(util.write_error)) == 4
    assert "util.write_error(client, status_int, reason, mesg)" in inspect.getsource(Worker.handle_error)


# -- the standard library --------------------------------------------------------------------------


@contract("_work_queue")
def test_a_thread_pool_has_a_queue_of_what_waits_for_a_thread() -> None:
    leave = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(leave.wait, 5)
        pool.submit(int)
        pool.submit(int)
        waiting = pool._work_queue.qsize()
        leave.set()

    assert waiting == 2


@contract("_srcfile")
def test_logging_looks_for_no_caller_without_its_own_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging, "_srcfile", None)
    lines = io.StringIO()
    log = logging.Logger("test")
    handler = logging.StreamHandler(lines)
    handler.setFormatter(logging.Formatter("%(filename)s"))
    log.addHandler(handler)
    log.info("x")

    assert lines.getvalue() == "(unknown file)\n"


# -- prometheus_client -----------------------------------------------------------------------------


@contract("_labelnames")
def test_a_metric_of_prometheus_knows_its_labels() -> None:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
    from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

    registry = CollectorRegistry()
    made = [kind(f"a_{kind.__name__}", "text", ("module", "code"), registry=registry)
            for kind in (Counter, Gauge, Histogram)]  # fmt: skip
    made += [
        kind("a", "text", labels=["module", "code"]) for kind in (CounterMetricFamily, GaugeMetricFamily)
    ]

    assert {tuple(metric._labelnames) for metric in made} == {("module", "code")}


COUNTS = """
import sys
from prometheus_client import CollectorRegistry, Counter, Gauge, values
asked = []
values.ValueClass = values.MultiProcessValue(lambda: asked.append(1) or 4711)
registry = CollectorRegistry()
Counter("requests", "text", registry=registry).inc()
Gauge("in_flight", "text", registry=registry, multiprocess_mode="livesum").set(1)
print(bool(asked))
"""


@contract("MultiProcessValue", "gauge_live*.db")
def test_prometheus_names_its_files_by_the_process_id_that_it_is_given(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COUNTS],
        env={"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PATH": "", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout == "True\n"
    assert {path.name for path in tmp_path.iterdir()} == {"counter_4711.db", "gauge_livesum_4711.db"}


COUNTS_OURS = """
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from hub.serving.gateway import counter_file
counter_file.use()
registry = CollectorRegistry()
Counter("requests", "text", ("module",), registry=registry).labels("a").inc(3)
MultiProcessCollector(registry)
print([line for line in generate_latest(registry).decode().splitlines() if line.startswith("requests_total")])
"""


@contract("MmapedDict")
def test_prometheus_reads_what_is_counted_into_files_of_ours(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COUNTS_OURS],
        env={"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PATH": "", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert """'requests_total{module="a"} 3.0'""" in done.stdout


# -- Flask, click, unearth -------------------------------------------------------------------------


@contract("_get_current_object")
def test_flasks_request_can_be_looked_up_once() -> None:
    from flask import Flask, Request, request

    with Flask("test").test_request_context("/a"):
        found = request._get_current_object()  # type: ignore[attr-defined]

        assert type(found) is Request
        assert found.path == "/a"


@contract("ShellComplete.source")
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_clicks_base_class_writes_the_script_of_each_shell(shell: str) -> None:
    import click
    from click.shell_completion import ShellComplete, get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    script = ShellComplete.source(kind(click.Group("hub"), {}, "hub", "_HUB_COMPLETE"))

    assert f"_HUB_COMPLETE={shell}_complete" in script


@contract("No matches are found.")
def test_unearth_says_in_these_words_that_there_is_no_such_package(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "unearth", "--find-link", str(tmp_path), "no-such-package"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "No matches are found.")


# -- Paddle ----------------------------------------------------------------------------------------


PREFIXES = """
import paddle
from hub.compat.paddlehub_api.static_program import add_vars_prefix
paddle.enable_static()
program = paddle.static.Program()
with paddle.static.program_guard(program):
    paddle.scale(paddle.static.data("x", [2]), 2.0)
add_vars_prefix(program, "p_")
(scale,) = program.global_block().ops
print(scale.input_arg_names, scale.output_arg_names, sorted(program.global_block().vars))
"""


@contract("_rename_input", "_rename_output", "_rename_var")
def test_the_variables_of_a_paddle_program_can_be_renamed() -> None:
    environment = {
        **os.environ,
        "FLAGS_enable_pir_api": "0",
    }  # Paddle's older programs, which 1.x modules build
    command = [sys.executable, "-W", "ignore", "-c", PREFIXES]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)

    assert done.stdout == "['p_x'] ['p_scale_0.tmp_0'] ['p_scale_0.tmp_0', 'p_x']\n"


# -- Ray -------------------------------------------------------------------------------------------


def needs_ray() -> None:
    try:
        importlib.metadata.version("ray")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("Ray is not installed")


@contract("ray._private.runtime_env.packaging")
def test_ray_takes_an_archive_into_its_store_and_pins_it() -> None:
    needs_ray()
    from ray._private.runtime_env import packaging

    assert packaging.GCS_STORAGE_MAX_SIZE > 1 << 20
    assert parameters(packaging.package_exists) == ["pkg_uri"]
    assert parameters(packaging.upload_package_to_gcs) == ["pkg_uri", "pkg_bytes"]
    assert parameters(packaging.pin_runtime_env_uri) == ["uri", "expiration_s"]


@contract("_version")
def test_a_deployment_of_ray_serve_has_a_version_that_can_be_set() -> None:
    needs_ray()
    from ray import serve

    made = serve.deployment(type("Replica", (), {}))
    made._version = "hub-1"

    assert made.version == "hub-1"
    assert made.options(num_replicas=3).version == "hub-1"


@contract("_blocking", "_temp_dir")
def test_ray_takes_these_two_arguments() -> None:
    needs_ray()
    import ray
    from ray import serve

    assert inspect.signature(serve.delete).parameters["_blocking"].default is True
    assert 'kwargs.pop("_temp_dir", None)' in inspect.getsource(ray.init)


@contract("ray._common.tls_utils", "ray.serve._private")
def test_a_replica_of_ray_serve_opens_its_port_by_a_function_that_can_be_replaced() -> None:
    needs_ray()
    from ray._common.tls_utils import add_port_to_grpc_server
    from ray.serve._private import replica

    assert parameters(add_port_to_grpc_server) == ["server", "address"]
    assert replica.add_port_to_grpc_server is add_port_to_grpc_server
    assert "add_port_to_grpc_server(self._server, " in inspect.getsource(replica)
