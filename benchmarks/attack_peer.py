"""The echo behind FastAPI and uvicorn, or behind mosec; runs in an environment of the peers' own.

    python attack_peer.py fastapi|mosec PORT LIMIT_MB [--page FILE] [--certfile FILE --keyfile FILE]

Both have their defaults, but for the size of a body, which is as large as HubServing's. Memory of each
process is limited, so that what grows without end ends it, and not the machine.
"""

from __future__ import annotations

import argparse
import resource
import sys
from typing import Any

LARGEST_BODY = 64_000_000


def serve_fastapi(arguments: argparse.Namespace) -> None:
    import uvicorn
    from fastapi import FastAPI, HTTPException
    from fastapi.responses import FileResponse

    app = FastAPI()

    @app.post("/predict/echo")
    async def echo(body: dict[str, Any]) -> dict[str, Any]:
        texts = body.get("texts", ())
        if not all(isinstance(text, str) for text in texts):
            raise HTTPException(400, "texts must be strings")
        return {"results": texts}

    @app.get("/health/live")
    async def live() -> str:
        return "live"

    @app.get("/page")
    async def page() -> FileResponse:
        return FileResponse(arguments.page)

    tls = {"ssl_certfile": arguments.certfile, "ssl_keyfile": arguments.keyfile} if arguments.certfile else {}
    uvicorn.run(app, host="127.0.0.1", port=arguments.port, log_level="error", access_log=False, **tls)


def serve_mosec(arguments: argparse.Namespace) -> None:
    from mosec import Runtime, Server, ValidationError, Worker

    class Echo(Worker):
        def forward(self, data: Any) -> Any:
            texts = data.get("texts", ())
            if not all(isinstance(text, str) for text in texts):
                raise ValidationError("texts must be strings")
            return {"results": texts}

    sys.argv = [sys.argv[0], "--address", "127.0.0.1", "--port", str(arguments.port), "--timeout", "60000"]
    sys.argv += ["--max-request-size", str(LARGEST_BODY), "--log-level", "error"]
    server = Server()
    server.register_runtime({"/predict/echo": [Runtime(Echo, start_method="fork")]})
    server.run()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=("fastapi", "mosec"))
    parser.add_argument("port", type=int)
    parser.add_argument("limit_mb", type=int)
    parser.add_argument("--page")
    parser.add_argument("--certfile")
    parser.add_argument("--keyfile")
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_DATA, (arguments.limit_mb << 20,) * 2)
    {"fastapi": serve_fastapi, "mosec": serve_mosec}[arguments.kind](arguments)


if __name__ == "__main__":
    main()
