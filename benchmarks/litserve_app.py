"""The noop module behind LitServe; run by the Python of LitServe's own environment (see serving.py)."""

from __future__ import annotations

import argparse
import logging
from typing import Any

import litserve


class Noop(litserve.LitAPI):
    """What benchmarks/modules/noop does, in LitServe's terms."""

    def setup(self, device: str) -> None:
        pass

    def predict(self, request: Any) -> Any:
        return {"images": len(request.get("images", ())), "text": len(request.get("text", ""))}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--fast_queue", action="store_true")
    parser.add_argument("--workers_per_device", type=int, default=1)
    parser.add_argument("--num_api_servers", type=int, default=None)
    parser.add_argument("--api_server_worker_type", default=None)
    arguments = parser.parse_args()
    logging.disable(logging.INFO)
    server = litserve.LitServer(
        Noop(),
        accelerator="cpu",
        workers_per_device=arguments.workers_per_device,
        fast_queue=arguments.fast_queue,
    )
    server.run(
        host="127.0.0.1",
        port=arguments.port,
        num_api_servers=arguments.num_api_servers,
        api_server_worker_type=arguments.api_server_worker_type,
        log_level="warning",
        access_log=False,
        generate_client_file=False,
    )


if __name__ == "__main__":
    main()
