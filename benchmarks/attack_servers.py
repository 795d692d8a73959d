"""The servers that are attacked: HubServing, and an echo behind FastAPI with uvicorn and behind mosec."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import flask_swagger_ui

from benchmarks import environment, machine
from benchmarks.server import HubServer, free_port, stop, wait_until_ready

KEY = "0123456789abcdef"
ECHO = machine.ROOT / "modules" / "echo"
#: Of the peers' environment.
NAME = "attacked"
PACKAGES = ("fastapi", "uvicorn", "mosec")
PAGE = "/ui/swagger-ui-bundle.js"
#: Of each process of a peer.
PEER_LIMIT_MB = 2048
#: So few that two pictures of four megapixels are too many by far; the default takes gigabytes either way.
MAX_PIXELS = 8_000_000


@dataclass(frozen=True)
class Attacked:
    """A server that is up.

    Attributes:
        page: the path of a large file, for who reads slowly; "" where there is none.
        health: a path that a monitor asks.
        grpc_port: 0 where there is none.
        pids: returns its processes.
    """

    name: str
    port: int
    pids: Callable[[], list[int]]
    page: str = ""
    health: str = "/health/live"
    grpc_port: int = 0
    tls: bool = False

    def words(self) -> list[str]:
        """Return it as arguments for the attackers and the caller."""
        words = ["--port", str(self.port), "--page", self.page, "--health", self.health, "--key", KEY]
        return [*words, "--grpc_port", str(self.grpc_port), *(["--tls"] if self.tls else [])]


@contextmanager
def hubserving(folder: Path, *, tls: bool = False) -> Iterator[Attacked]:
    """Run ``hub serving start`` with a key, gRPC and its defaults otherwise."""
    keys = folder / "keys"
    keys.write_text(f"honest:{KEY}\n")
    settings = {"api_key_file": str(keys), "max_pixels": MAX_PIXELS, "grpc_port": free_port()}
    if tls:
        settings |= dict(zip(("certfile", "keyfile"), certify(folder), strict=True))
    modules = {"echo": {"init_args": {"directory": str(ECHO)}}, "picture": {}}
    with HubServer(modules, **settings) as server:
        pids = lambda: server.pids  # noqa: E731
        yield Attacked("HubServing", server.port, pids, PAGE, grpc_port=settings["grpc_port"], tls=tls)


@contextmanager
def peer(kind: str, folder: Path, *, tls: bool = False) -> Iterator[Attacked]:
    """Run ``fastapi`` or ``mosec``."""
    port = free_port()
    page = Path(flask_swagger_ui.__file__).with_name("dist") / Path(PAGE).name  # the same file
    words = [kind, str(port), str(PEER_LIMIT_MB), "--page", str(page)]
    certificate, key = certify(folder) if tls else ("", "")
    if tls:
        words += ["--certfile", certificate, "--keyfile", key]
    script = Path(__file__).with_name("attack_peer.py")
    with tempfile.NamedTemporaryFile(suffix=".log") as log:
        process = subprocess.Popen(
            [str(environment.interpreter(NAME, PACKAGES)), str(script), *words],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        attacked = Attacked(kind, port, lambda: machine.tree(process.pid), tls=tls)
        if kind == "mosec":
            attacked = replace(attacked, name="mosec", health="/metrics")
        else:
            attacked = replace(attacked, name="FastAPI", page="/page")
        try:
            scheme = "https" if tls else "http"
            wait_until_ready(
                f"{scheme}://127.0.0.1:{port}{attacked.health}", process, Path(log.name), certificate
            )
            yield attacked
        finally:
            stop(process)


def certify(folder: Path) -> tuple[str, str]:
    """Return the files of a certificate of our own and of its key."""
    certificate, key = str(folder / "cert.pem"), str(folder / "key.pem")
    if not Path(key).exists():
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", key, "-out", certificate],
            check=True, capture_output=True,
        )  # fmt: skip
    return certificate, key


def install() -> str:
    """Make the peers' environment where it is not there yet; return why that failed, or ""."""
    try:
        environment.interpreter(NAME, PACKAGES)
    except environment.NotInstallableError as error:
        return str(error)
    return ""


def versions() -> str:
    """Return the peers' versions, as pip names them."""
    pip = [str(environment.interpreter(NAME, PACKAGES)), "-m", "pip", "list", "--format", "freeze"]
    lines = subprocess.run(pip, check=True, capture_output=True, text=True).stdout.splitlines()
    return ", ".join(line for line in lines if line.partition("==")[0] in PACKAGES)
