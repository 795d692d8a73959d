"""The honest caller, a process of its own: a new connection every 50 ms, and /health/live each second.

    python -m benchmarks.attack_caller --port PORT --key KEY [--tls] [--grpc]

It prints a line when it begins and calls until its input ends; then it prints what came of each call, as
JSON. The calls keep to their clock: a slow answer delays none of the next ones. Nothing is tried again; 5 s
without the whole answer is lost.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import ssl
import sys
import time
from collections.abc import Awaitable, Callable

EVERY_SECONDS = 0.05
HEALTH_EVERY = 20
PATIENCE_SECONDS = 5.0
BODY = json.dumps({"texts": ["x" * 985]}).encode()

#: Sends a request and returns its HTTP code.
Ask = Callable[[], Awaitable[int]]
#: (whether it was a health check, when it began, seconds or None where it is lost, the code or 0).
Row = tuple[bool, float, float | None, int]


def http_asker(port: int, request: bytes, tls: bool) -> Ask:
    context = None
    if tls:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    async def ask() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        try:
            writer.write(request)
            answer = await reader.read()
        finally:
            writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 ") or not body:
            raise ConnectionError("no whole answer")
        return int(head[9:12])

    return ask


def grpc_asker(port: int, key: str) -> Ask:
    import grpc

    from hub.serving.gateway.protocols.oip.messages import MESSAGES, SERVICE

    message = MESSAGES["ModelInferRequest"](model_name="echo")
    message.inputs.add(name="texts", datatype="BYTES", shape=[1]).contents.bytes_contents.append(b"x" * 985)
    data = message.SerializeToString()
    options = [("grpc.use_local_subchannel_pool", 1)]
    codes = {grpc.StatusCode.UNAVAILABLE: 503, grpc.StatusCode.RESOURCE_EXHAUSTED: 503}

    async def ask() -> int:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options) as channel:
            try:
                await channel.unary_unary(f"/{SERVICE}/ModelInfer")(data, metadata=(("x-api-key", key),))
            except grpc.aio.AioRpcError as error:
                return codes.get(error.code(), 500)
        return 200

    return ask


async def call(ask: Ask, is_health: bool, rows: list[Row]) -> None:
    begun, code = time.monotonic(), 0
    seconds: float | None = None
    with contextlib.suppress(TimeoutError, OSError, EOFError):
        code = await asyncio.wait_for(ask(), PATIENCE_SECONDS)
        seconds = time.monotonic() - begun
    rows.append((is_health, begun, seconds, code))


async def run(ask: Ask, health: Ask) -> list[Row]:
    rows: list[Row] = []
    over = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, over.set)
    tasks: set[asyncio.Task[None]] = set()
    begun, number = time.monotonic(), 0
    while not over.is_set():
        tasks.add(asyncio.create_task(call(ask, False, rows)))
        if number % HEALTH_EVERY == 0:
            tasks.add(asyncio.create_task(call(health, True, rows)))
            tasks = {task for task in tasks if not task.done()}
        number += 1
        await asyncio.sleep(max(0.0, begun + number * EVERY_SECONDS - time.monotonic()))
    await asyncio.gather(*tasks)
    return rows


def request(method: str, path: str, key: str, body: bytes = b"") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {key}\r\nConnection: close\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--page")
    parser.add_argument("--health", default="/health/live")
    parser.add_argument("--key", default="")
    parser.add_argument("--grpc_port", type=int, default=0)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--grpc", action="store_true", help="call by gRPC")
    arguments = parser.parse_args()
    health = http_asker(arguments.port, request("GET", arguments.health, arguments.key), arguments.tls)
    if arguments.grpc:
        ask = grpc_asker(arguments.grpc_port, arguments.key)
    else:
        data = request("POST", "/predict/echo", arguments.key, BODY)
        ask = http_asker(arguments.port, data, arguments.tls)
    gc.freeze()
    print("ready", flush=True)
    print(json.dumps(asyncio.run(run(ask, health))))


if __name__ == "__main__":
    main()
