"""A process of its own for /metrics and /health on ``metrics_port``: it answers when the gateway cannot.

python -m hub.serving.gateway.metrics_server --run_dir DIR --listen FD --lifeline FD
"""

from __future__ import annotations

import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from hub import envelope
from hub.serving.gateway import metrics
from hub.serving.messages import state
from hub.serving.messages.run_dir import RunDir
from hub.serving.process import helper_arguments, log_files


def make_handler(run_dir: RunDir) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, metrics.render(run_dir), metrics.CONTENT_TYPE)
            elif self.path == "/health/live":
                self._answer(200, b'{"live":true}')
            elif self.path == "/health/ready":
                server = state.read(run_dir.state)
                self._answer(200 if server.ready else 503, envelope.dumps(server.readiness()))
            else:
                self._answer(
                    404, envelope.failure("here are /metrics, /health/live and /health/ready", "101")
                )

        def _answer(self, code: int, body: bytes, kind: str = "application/json") -> None:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing: scrapes are not worth a line each."""

    return Handler


def main() -> None:
    arguments = helper_arguments.parse("hub.serving.gateway.metrics_server")
    log_files.follow_on_signal()
    server = ThreadingHTTPServer(("", 0), make_handler(arguments.run_dir), bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=arguments.listen)
    server.socket.setblocking(True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.read(arguments.lifeline, 1)  # until the supervisor is gone, or ends this process


if __name__ == "__main__":
    main()
