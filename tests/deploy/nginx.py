"""The example's nginx: deploy/nginx/hubserving.conf in a real one, with ports and paths of a test."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from tests.serving.running import ROOT, free_port, wait_until

CONF = ROOT / "deploy" / "nginx" / "hubserving.conf"
KEY = "a-key-of-sixteen-letters"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


def replaced(text: str, changes: dict[str, str]) -> str:
    """``text`` with each key replaced, which must be there exactly once."""
    for old, new in changes.items():
        assert text.count(old) == 1, f"{CONF.name} has {old!r} {text.count(old)} times"
        text = text.replace(old, new)
    return text


def make_certificate(folder: Path) -> Path:
    """A self-signed certificate for 127.0.0.1, and ``privkey.pem`` beside it."""
    certificate = folder / "fullchain.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    words += ["-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
    words += ["-keyout", str(folder / "privkey.pem"), "-out", str(certificate)]
    subprocess.run(words, check=True, capture_output=True)
    return certificate


class Nginx:
    """The example's configuration with ports and paths of this test, and nothing else changed."""

    def __init__(self, folder: Path, servers: list[int], changes: dict[str, str] | None = None) -> None:
        self.port, self.plain_port = free_port(), free_port()
        self.certificate = make_certificate(folder)
        first, second = servers
        places = {
            "server 127.0.0.1:8866 ": f"server 127.0.0.1:{first} ",
            "server 127.0.0.1:8867 ": f"server 127.0.0.1:{second} ",
            "    listen 443 ssl;": f"    listen 127.0.0.1:{self.port} ssl;",
            "    listen 80;": f"    listen 127.0.0.1:{self.plain_port};",
            "    listen [::]:443 ssl;": "",  # not every machine has IPv6
            "    listen [::]:80;": "",
            "/etc/ssl/hubserving/fullchain.pem": str(self.certificate),
            "/etc/ssl/hubserving/privkey.pem": str(folder / "privkey.pem"),
        }
        (folder / "hubserving.conf").write_text(replaced(CONF.read_text(), {**places, **(changes or {})}))
        temporary = "".join(
            f"{kind}_temp_path {folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (folder / "nginx.conf").write_text(
            f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log info;\n"
            "events { worker_connections 512; }\n"
            "http { log_format upstreams '$status of $upstream_status';\n"
            f"access_log {folder}/access.log upstreams;\n{temporary}include {folder}/hubserving.conf; }}\n"
        )
        self.folder = folder
        assert NGINX is not None
        self._words = [
            NGINX,
            "-p",
            str(folder),
            "-c",
            str(folder / "nginx.conf"),
            "-e",
            str(folder / "error.log"),
        ]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def check(self) -> str:
        """What ``nginx -t`` says."""
        return subprocess.run([*self._words, "-t"], capture_output=True, text=True, timeout=20).stderr

    def start(self) -> None:
        self.process = subprocess.Popen(self._words)
        wait_until(lambda: socket.socket().connect_ex(("127.0.0.1", self.port)) == 0, what="nginx listens")

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(20)

    def call(
        self, path: str, body: Any = None, *, key: str | None = KEY, **options: Any
    ) -> requests.Response:
        headers = {"X-API-Key": key, **options.pop("headers", {})} if key else {}
        method = "GET" if body is None else "POST"
        asked = {"json": body} if body is not None and "data" not in options else {}
        return requests.request(
            method,
            self.url + path,
            headers=headers,
            verify=str(self.certificate),
            timeout=40,
            **asked,
            **options,
        )

    def error_log(self) -> str:
        return (self.folder / "error.log").read_text()


@contextlib.contextmanager
def running(folder: Path, servers: list[int], changes: dict[str, str] | None = None) -> Iterator[Nginx]:
    nginx = Nginx(folder, servers, changes)
    nginx.start()
    try:
        yield nginx
    finally:
        nginx.stop()
