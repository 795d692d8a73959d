"""The gRPC gateway: the Open Inference Protocol on ``grpc_port``, in a process of its own.

    python -m hub.serving.gateway.grpc_gateway --run_dir DIR --listen FD --lifeline FD

Never inside Gunicorn: gRPC's threads do not survive a fork. The supervisor holds the port reserved; gRPC
opens it again beside that, because it cannot take over a socket. Loads no module. Started with exec.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import grpc

from hub.serving.config import server_config
from hub.serving.config.server_config import ServingConfig
from hub.serving.gateway import metrics
from hub.serving.gateway.context import Gateway, default_threads
from hub.serving.gateway.protocols.oip.grpc_service import InferenceService
from hub.serving.messages.run_dir import RunDir
from hub.serving.process import helper_arguments, lifeline, log_files, logs

log = logging.getLogger("hub.gateway")

#: When the supervisor is gone, requests get this long to finish.
ORPHAN_GRACE_SECONDS = 3
#: A message may have so much beyond the tensors that max_body_mb is about.
_ENVELOPE_BYTES = 1 << 20


def build(config: ServingConfig, run_dir: RunDir) -> grpc.Server:
    """Make a server for the configured port, not started; raises RuntimeError where it cannot be bound."""
    gateway = Gateway(config, run_dir)
    threads = default_threads(config)
    server = grpc.server(
        ThreadPoolExecutor(threads, thread_name_prefix="rpc"),
        handlers=[InferenceService(gateway).handlers()],
        options=[
            ("grpc.max_receive_message_length", gateway.limits.max_body + _ENVELOPE_BYTES),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 1),
        ],
        maximum_concurrent_rpcs=threads,  # what exceeds them is refused at once, not left unseen
    )
    host = f"[{config.host}]" if ":" in config.host else config.host
    address = f"{host}:{config.grpc_port}"
    if config.certfile is None:
        server.add_insecure_port(address)
    else:  # TLS where HTTP has it, with the same files
        key = (config.keyfile or config.certfile).read_bytes()
        pair = (key, config.certfile.read_bytes())
        server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
    return server


def main() -> int:
    arguments = helper_arguments.parse("hub.serving.gateway.grpc_gateway")
    run_dir = arguments.run_dir
    config = server_config.load(run_dir.config)
    logs.set_up(config.log_format, "grpc")
    log_files.follow_on_signal()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's to handle
    told_to_end = threading.Event()
    grace = [config.graceful_timeout]
    signal.signal(signal.SIGTERM, lambda *_: told_to_end.set())
    lifeline.watch(arguments.lifeline, partial(_end_orphaned, grace, told_to_end))
    metrics.settle_dead(run_dir)
    try:
        server = build(config, run_dir)
    except RuntimeError as error:
        log.error("the gRPC port cannot be opened: %s", error)
        return 1
    server.start()
    run_dir.up_mark("grpc_gateway").touch()
    told_to_end.wait()
    server.stop(grace[0]).wait()
    return 0


def _end_orphaned(grace: list[float], told_to_end: threading.Event) -> None:
    log.warning("the supervisor is gone; the gRPC gateway ends")
    grace[0] = min(grace[0], ORPHAN_GRACE_SECONDS)
    told_to_end.set()


if __name__ == "__main__":
    sys.exit(main())
