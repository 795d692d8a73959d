"""Archives for tests, good and hostile, and a small web server that can fail as networks do."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

MODULE = b"""\
from hub.module import Module, moduleinfo, serving

@moduleinfo(name="sample", version="1.0.0", summary="says it again")
class Sample(Module):
    @serving
    def say(self, texts):
        return texts
"""


def tar(path: Path, *members: tarfile.TarInfo | tuple[str, bytes]) -> Path:
    """A .tar or .tar.gz of files ``(name, content)`` and of members as they are."""
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as tape:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tape.addfile(member, io.BytesIO(bytes(member.size)) if member.size else None)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                tape.addfile(info, io.BytesIO(member[1]))
    return path


def tar_member(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def zipped(path: Path, *members: zipfile.ZipInfo | tuple[str, bytes]) -> Path:
    """A .zip of files ``(name, content)``; a ZipInfo is written with the content ``/etc/passwd``."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members:
            if isinstance(member, zipfile.ZipInfo):
                archive.writestr(member, "/etc/passwd")
            else:
                archive.writestr(member[0], member[1])
    return path


def zip_member(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    return info


def header_bomb(path: Path) -> Path:
    """A gzip file whose first header says that its own text is 4 GB long."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 4 << 30
    path.write_bytes(gzip.compress(info.tobuf() + bytes(1 << 20)))
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Web:
    """Serves ``files`` (path → bytes); ``trouble`` may answer a request in another way first."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.trouble: Callable[[BaseHTTPRequestHandler, bytes], bool] = lambda handler, content: False
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.asked.append(self.path)
                content = web.files.get(self.path)
                if content is None:
                    self.send_error(404)
                elif not web.trouble(self, content):
                    send(self, content)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def put(self, path: str, file: Path) -> str:
        """Serve a file; its address."""
        self.files[path] = file.read_bytes()
        return self.url + path

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def send(handler: BaseHTTPRequestHandler, content: bytes, *, length: int | None = None) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content) if length is None else length))
    handler.end_headers()
    handler.wfile.write(content)


def break_off(handler: BaseHTTPRequestHandler, content: bytes) -> bool:
    """Promise all, send half, hang up."""
    send(handler, content[: len(content) // 2], length=len(content))
    return True
