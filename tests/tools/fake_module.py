"""A module that runs nowhere: a small HTTP server that keeps what it was sent and answers as told."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LINE = {"text": "你好 100%", "confidence": 0.9876, "text_region": [[10, 10], [90, 10], [90, 30], [10, 30]]}


class FakeModule(ThreadingHTTPServer):
    """Answers the n-th request with the n-th of ``replies``, and from then on with the last."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies: list[tuple[int, bytes]] = [(200, envelope([[LINE]]))]
        self.requests: list[dict[str, Any]] = []
        self.connections = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/predict/ocr_system"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one segment: in two, the client's delayed acknowledgement costs 40 ms a request.
    wbufsize = -1
    server: FakeModule

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        replies, seen = self.server.replies, len(self.server.requests)
        self.server.requests.append({"path": self.path, "headers": self.headers, "body": json.loads(body)})
        code, reply = replies[min(seen, len(replies) - 1)]
        if code == 0:  # as a server that dies
            self.close_connection = True
            return
        self.send_response(code)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def envelope(results: Any, *, status: str = "0", msg: str = "") -> bytes:
    return json.dumps({"msg": msg, "results": results, "status": status}).encode()
