"""A service that answers as those of language models do, for pipelines that ask one.

What it says follows from what it is asked, so that two servers get the same only if they ask the same.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: What the pipelines are asked for: the service knows a value for the first, and says of the second that it
#: does not.
KEYS = ["name", "sum"]
UNKNOWN = "未知"
#: A translation must end with it, the prompt says.
END = "<<END>>"


def _answer(messages: Any) -> str:
    text = json.dumps(messages, sort_keys=True, ensure_ascii=False)
    chosen = "方法B" if "方法" in text else hashlib.sha256(text.encode()).hexdigest()
    end = END if END in text else ""
    return json.dumps({KEYS[0]: chosen, KEYS[1]: UNKNOWN}, ensure_ascii=False) + end


class _Service(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        reply: dict[str, Any] = {"model": asked["model"], "usage": {"prompt_tokens": 1, "total_tokens": 1}}
        if self.path.endswith("/embeddings"):
            vectors = [list(hashlib.sha256(text.encode()).digest()[:8]) for text in asked["input"]]
            reply["data"] = [{"index": at, "embedding": vector} for at, vector in enumerate(vectors)]
        else:
            message = {"role": "assistant", "content": _answer(asked["messages"])}
            reply |= {"id": "a", "object": "chat.completion", "created": 0}
            reply["choices"] = [{"index": 0, "finish_reason": "stop", "message": message}]
        content = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def language_model() -> Iterator[str]:
    """Serve on 127.0.0.1; yield the ``base_url``."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Service)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
