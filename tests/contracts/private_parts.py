"""The parts of other libraries that hub/ uses though no document of theirs promises them.

Each stands in this list with a contract test in test_private_parts.py, and its library has an upper bound in
setup.py. A new release is allowed there when the contract tests pass with it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.serving.running import ROOT


@dataclass(frozen=True)
class PrivatePart:
    """Something of another library.

    Attributes:
        library: its distribution, "python" for the standard library.
        name: as the code spells it.
        file: where it is used, below hub/.
        why: what there is no public way to.
    """

    library: str
    name: str
    file: str
    why: str


_WORKER, _ARBITER = "serving/gateway/worker.py", "serving/gateway/arbiter.py"
_CONNECTION = "serving/gateway/connection.py"
_CLUSTER, _REPLICA = "serving/ray/agent/cluster.py", "serving/ray/replica.py"
_FORM = "serving/gateway/form.py"
_METRICS = "serving/gateway/metrics.py"
_COUNTERS = "serving/gateway/counter_file.py"
_SHIPPING = "serving/ray/agent/shipping.py"
_PROGRAM = "compat/paddlehub_api/static_program.py"

PRIVATE_PARTS = (
    PrivatePart(
        "gunicorn",
        "PythonProtocol",
        "serving/gateway/incoming.py",
        "a strict parser that is fed as bytes come",
    ),
    PrivatePart("gunicorn", "LimitRequestLine", _CONNECTION, "414 for an endless line"),
    PrivatePart("gunicorn", "UnsupportedTransferCoding", _CONNECTION, "501"),
    PrivatePart("gunicorn", "init_process", _WORKER, "what is made after the fork"),
    PrivatePart("gunicorn", "init_signals", _WORKER, "signals for the event loop"),
    PrivatePart("gunicorn", "load_wsgi", _WORKER, "the app"),
    PrivatePart("gunicorn", "ssl_context", _WORKER, "Gunicorn's settings of TLS"),
    PrivatePart("gunicorn", "murder_workers", _ARBITER, "a call once a second in the master"),
    PrivatePart("gunicorn", "spawn_worker", _ARBITER, "a fork that the kernel refuses"),
    PrivatePart("gunicorn", "WORKER_BOOT_ERROR", _ARBITER, "a worker that does not come up"),
    PrivatePart("python", "_srcfile", "serving/process/logs.py", "no search for the caller of each log line"),
    PrivatePart("prometheus-client", "_labelnames", "../tools/write_reference.py", "the labels of a metric"),
    PrivatePart("prometheus-client", "MultiProcessValue", _METRICS, "no getpid per count"),
    PrivatePart("prometheus-client", "gauge_live*.db", _METRICS, "gauges of the dead"),
    PrivatePart("prometheus-client", "MmapedDict", _COUNTERS, "files that a full disk does not make deadly"),
    PrivatePart("werkzeug", "get_part_charset", _FORM, "the charsets that a field may be in"),
    PrivatePart("werkzeug", "MultipartDecoder", _FORM, "large files that are not copied, fields as bytes"),
    PrivatePart("click", "ShellComplete.source", "cli/completion.py", "a script without starting bash"),
    PrivatePart("unearth", "No matches are found.", "registry/sources/pip_download.py", "absence"),
    PrivatePart("paddlepaddle", "_rename_input", _PROGRAM, "a prefix for the variables of a program"),
    PrivatePart("paddlepaddle", "_rename_output", _PROGRAM, "the same"),
    PrivatePart("paddlepaddle", "_rename_var", _PROGRAM, "the same"),
    PrivatePart("ray", "ray._private.runtime_env.packaging", _SHIPPING, "folders that come while a job runs"),
    PrivatePart("ray", "_version", _CLUSTER, "replicas that stay when a deployment is told again"),
    PrivatePart("ray", "_blocking", _CLUSTER, "a delete that does not wait"),
    PrivatePart("ray", "ray._common.tls_utils", _REPLICA, "a replica's port on 127.0.0.1"),
    PrivatePart("ray", "ray.serve._private", _REPLICA, "the same"),
    PrivatePart("ray", "_temp_dir", "serving/ray/head.py", "Ray's sockets and logs in the run dir"),
)

#: With an underscore and yet documented: of namedtuples, of os; and PaddleHub's own.
_PUBLIC = frozenset(("_replace", "_asdict", "_fields", "_exit", "_initialize"))


def used_in(path: Path) -> Iterator[str]:
    """Yield names with a leading underscore that a file uses of something else than itself.

    That is: attributes of anything but ``self`` and ``cls``, arguments by keyword, parts of imported modules;
    what a class of the same file sets on ``self`` is its own.
    """
    tree = ast.parse(path.read_text("utf-8"))
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    own = {node.attr for node in attributes if _is_own(node) and isinstance(node.ctx, ast.Store)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not _is_own(node) and node.attr not in own:
            names = [node.attr]
        elif isinstance(node, ast.keyword) and node.arg is not None:
            names = [node.arg]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.module.startswith("hub"):
            names = [*node.module.split("."), *(alias.name for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [part for alias in node.names for part in alias.name.split(".")]
        else:
            continue
        yield from (name for name in names if name[:1] == "_" and name[:2] != "__" and name not in _PUBLIC)


def _is_own(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")


def files() -> Iterator[Path]:
    """Yield the files of hub/."""
    yield from sorted((ROOT / "hub").rglob("*.py"))
