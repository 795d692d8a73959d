"""The gRPC gateway: the Open Inference Protocol on ``grpc_port``, in a process of its own.

    python -m hub.serving.gateway.grpc_gateway --run_dir DIR --listen FD --lifeline FD

Never inside Gunicorn: gRPC's threads do not survive a fork. The supervisor holds the port reserved; gRPC
opens it again beside that, because it cannot take over a socket. Loads no module. Started with exec.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import Final

import grpc
import uvloop

from hub.address import in_url
from hub.serving.config import server_config
from hub.serving.config.server_config import ServingConfig
from hub.serving.gateway import metrics
from hub.serving.gateway.context import Gateway, default_threads
from hub.serving.gateway.protocols.oip.grpc_calls import Calls, KeyCheck, largest_message
from hub.serving.gateway.protocols.oip.grpc_service import InferenceService
from hub.serving.messages.run_dir import RunDir
from hub.serving.process import helper_arguments, lifeline, log_files, logs

log = logging.getLogger("hub.gateway")

#: When the supervisor is gone, requests get this long to finish.
ORPHAN_GRACE_SECONDS: Final = 3
#: Calls beyond those that threads answer: they wait for their callers. More are refused at once.
_WAITING_CALLS: Final = 1000
#: gRPC's own limits of a connection, in milliseconds.
_CONNECTIONS: Final = (
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.max_connection_idle_ms", 60_000),  # without a call; clients connect again by themselves
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    # A window that grows would let callers send what nobody has asked for yet.
    ("grpc.http2.bdp_probe", 0),
)


def build(config: ServingConfig, host: str, gateway: Gateway, calls: Calls, threads: int) -> grpc.aio.Server:
    """Make a server for the configured port, not started; raises RuntimeError where it cannot be bound.

    ``host`` is the very address that HTTP listens on: gRPC would take all that a name stands for.
    """
    server = grpc.aio.server(
        handlers=[InferenceService(gateway).handlers(calls)],
        interceptors=[KeyCheck(gateway.keys)]
        if config.api_key_file is not None
        else [],  # each call pays for it
        options=[
            ("grpc.max_receive_message_length", largest_message(gateway.limits.max_body)),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 1),
            *_CONNECTIONS,
        ],
        maximum_concurrent_rpcs=threads + _WAITING_CALLS,
    )
    address = f"{in_url(host)}:{config.grpc_port}"
    if config.certfile is None:
        server.add_insecure_port(address)
    else:  # TLS where HTTP has it, with the same files
        key = (config.keyfile or config.certfile).read_bytes()
        pair = (key, config.certfile.read_bytes())
        server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
    return server


async def serve(config: ServingConfig, host: str, run_dir: RunDir, lifeline_end: int) -> int:
    """Answer until told to end; return the exit code."""
    loop, told_to_end = asyncio.get_running_loop(), asyncio.Event()
    grace = [config.graceful_timeout]
    loop.add_signal_handler(signal.SIGTERM, told_to_end.set)
    end = partial(loop.call_soon_threadsafe, told_to_end.set)
    lifeline.watch(lifeline_end, partial(_end_orphaned, grace, end))
    gateway, threads = Gateway(config, run_dir), default_threads(config)
    calls = Calls(gateway, threads)
    try:
        server = build(config, host, gateway, calls, threads)
    except RuntimeError as error:
        log.error("the gRPC port cannot be opened: %s", error)
        return 1
    await server.start()
    run_dir.up_mark("grpc_gateway").touch()
    await told_to_end.wait()
    calls.end_streams()
    await server.stop(grace[0])
    return 0


def main() -> int:
    arguments = helper_arguments.parse("hub.serving.gateway.grpc_gateway")
    run_dir = arguments.run_dir
    config = server_config.load(run_dir.config)
    logs.set_up(config.log_format, "grpc")
    log_files.follow_on_signal()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's to handle
    metrics.settle_dead(run_dir)
    with socket.socket(fileno=arguments.listen) as reserved:
        host = reserved.getsockname()[0]
        return uvloop.run(serve(config, host, run_dir, arguments.lifeline))


def _end_orphaned(grace: list[float], end: Callable[[], object]) -> None:
    log.warning("the supervisor is gone; the gRPC gateway ends")
    grace[0] = min(grace[0], ORPHAN_GRACE_SECONDS)
    end()


if __name__ == "__main__":
    sys.exit(main())
