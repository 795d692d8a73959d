"""Private parts of other libraries are as hub/ expects them; private_parts.py lists them."""

from __future__ import annotations

import importlib.metadata
import inspect
import io
import logging
import os
import re
import subprocess
import sys
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


class Parsed:
    """What Gunicorn's parser calls, in order."""

    def __init__(self, *, skips: bool) -> None:
        from gunicorn.asgi.parser import PythonProtocol

        self.chunks: list[bytes] = []
        self.parser = PythonProtocol(
            on_headers_complete=lambda: skips,
            on_body=self.chunks.append,
            limit_request_line=100,
            limit_request_fields=10,
            limit_request_field_size=100,
        )


@contract("PythonProtocol")
def test_gunicorns_parser_leaves_a_body_alone_when_told_and_gives_back_what_it_has_of_it() -> None:
    parsed = Parsed(skips=True)
    parsed.parser.feed(b"POST /a?b HTTP/1.1\r\nHost: a\r\nX-B: C\r\nContent-Length: 3\r\n\r\nab")
    parser = parsed.parser

    assert (parser.is_complete, parser.remaining(), parsed.chunks) == (True, b"ab", [])
    assert (parser.method, parser.path, parser.http_version) == (b"POST", b"/a?b", (1, 1))
    assert parser.headers == [(b"host", b"a"), (b"x-b", b"C"), (b"content-length", b"3")]
    assert (parser.content_length, parser.is_chunked, parser.should_keep_alive) == (3, False, True)
    parser.reset()
    parser.feed(b"GET /c HTTP/1.0\r\n\r\n")
    assert (parser.path, parser.content_length, parser.should_keep_alive) == (b"/c", None, False)


@contract("PythonProtocol")
def test_gunicorns_parser_undoes_chunks_and_lets_an_error_of_ours_through() -> None:
    parsed = Parsed(skips=False)
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    parsed.parser.feed(head + b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\nGET")

    assert (b"".join(parsed.chunks), parsed.parser.is_complete) == (b"abc", True)
    assert (parsed.parser.is_chunked, parsed.parser.remaining()) == (True, b"GET")


@contract("LimitRequestLine", "UnsupportedTransferCoding")
@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"GET /" + b"a" * 200, "LimitRequestLine"),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * 200, "LimitRequestHeaders"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: odd\r\n\r\n", "UnsupportedTransferCoding"),
        (b"GET / HTTP/9.9\r\n\r\n", "InvalidHTTPVersion"),
    ],
)
def test_gunicorns_parser_says_what_is_wrong_by_the_class_of_its_errors(data: bytes, name: str) -> None:
    from gunicorn.asgi import parser

    with pytest.raises(getattr(parser, name)) as raised:
        Parsed(skips=True).parser.feed(data)

    assert isinstance(raised.value, parser.ParseError)


@contract("init_process", "init_signals", "load_wsgi")
def test_gunicorns_worker_makes_signals_and_app_after_the_fork_and_then_runs() -> None:
    from gunicorn.workers.base import Worker

    source = inspect.getsource(Worker.init_process)

    assert parameters(Worker.run) == ["self"]
    assert source.index("self.init_signals()") < source.index("self.load_wsgi()") < source.index("self.run()")
    assert "set_wakeup_fd" in inspect.getsource(Worker.init_signals)  # which the loop's own must not be


@contract("ssl_context")
def test_gunicorns_context_for_tls_is_made_of_its_settings() -> None:
    from gunicorn import sock

    assert parameters(sock.ssl_context) == ["conf"]


@contract("murder_workers")
def test_gunicorns_master_looks_after_its_workers_in_its_loop_and_ends_by_stop_iteration() -> None:
    from gunicorn.arbiter import Arbiter

    source = inspect.getsource(Arbiter.run)

    assert parameters(Arbiter.murder_workers) == ["self"]
    assert "self.murder_workers()" in source
    assert re.search(r"except \(?StopIteration", source)


# -- the standard library --------------------------------------------------------------------------


@contract("spawn_worker", "WORKER_BOOT_ERROR")
def test_gunicorns_master_starts_workers_by_a_method_and_ends_for_one_that_does_not_come_up() -> None:
    from gunicorn.arbiter import Arbiter

    spawn = inspect.getsource(Arbiter.spawn_worker)

    assert parameters(Arbiter.spawn_worker) == ["self"]
    assert spawn.index("self.worker_age += 1") < spawn.index("os.fork()")
    assert "self.cfg.post_fork(self, worker)" in spawn
    assert "self.WORKER_BOOT_ERROR" in spawn
    assert "self.spawn_worker()" in inspect.getsource(Arbiter.spawn_workers)


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


# -- Werkzeug, click, unearth --------------------------------------------------------------------------------


@contract("get_part_charset")
def test_werkzeug_knows_which_charsets_a_field_may_be_in() -> None:
    from werkzeug.datastructures import Headers
    from werkzeug.formparser import MultiPartParser

    kinds = ("text/plain; charset=ISO-8859-1", "text/plain; charset=utf-7", "text/plain")
    found = [MultiPartParser().get_part_charset(Headers([("content-type", kind)])) for kind in kinds]

    assert found == ["iso-8859-1", "utf-8", "utf-8"]


@contract("MultipartDecoder")
def test_werkzeug_tells_the_parts_of_a_form_as_events() -> None:
    from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

    decoder = MultipartDecoder(b"x", max_parts=2)
    part = b'--x\r\nContent-Disposition: form-data; name="f"%b\r\n\r\n\xff\r\n'
    found: list[Event] = []
    for chunk in (part % b"" + part % b'; filename="g"' + b"--x--\r\n", None):
        decoder.receive_data(chunk)
        while not isinstance(event := decoder.next_event(), (Epilogue, NeedData)):
            found.append(event)

    assert [type(event) for event in found[1:]] == [Field, Data, File, Data]
    field, text, file, content = found[1:]
    assert isinstance(field, Field) and isinstance(file, File)
    assert (field.name, file.name, file.filename) == ("f", "f", "g")
    assert text == content == Data(b"\xff", more_data=False)


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
