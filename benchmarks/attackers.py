"""An attack, in a process of its own: ``python -m benchmarks.attackers NAME --port PORT --seconds 30 …``.

It prints a line when it is ready, begins when it gets one, and at its end prints as JSON how often its
connections were cut and what it was answered. Whoever is cut or answered comes again, so that there are as
many all the time. It has a low priority: attackers have machines of their own, whose cores the server does
not share.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import os
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import grpc

from benchmarks.attack_slow import PAUSE_SECONDS, Slow, SlowPeers

NICE = 10
SMALL_BUFFER = 4096
MB = 1_000_000


@dataclass
class Flood:
    """``count`` requests at a time, whole and at full speed; each again when it is answered."""

    port: int
    data: bytes
    count: int
    answers: Counter[str] = field(default_factory=Counter)

    def run(self, seconds: float) -> dict[str, Any]:
        end = time.monotonic() + seconds
        threads = [threading.Thread(target=self._ask, args=(end,), daemon=True) for _ in range(self.count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        return {"connections": self.count, "answers": dict(self.answers)}

    def _ask(self, end: float) -> None:
        while time.monotonic() < end:
            answer = "cut"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5) as sock:
                sock.settimeout(70)
                with contextlib.suppress(OSError):  # a refusal may come before all is sent
                    sock.sendall(self.data)
                answer = sock.recv(12)[9:12].decode() or "cut"
                while sock.recv(1 << 16):
                    pass
            self.answers[answer] += 1
            time.sleep(PAUSE_SECONDS)


@dataclass
class GrpcCalls:
    """``count`` calls at a time without a key: streams that never send, or messages of ``size`` bytes."""

    port: int
    count: int
    size: int = 0
    answers: Counter[str] = field(default_factory=Counter)

    def run(self, seconds: float) -> dict[str, Any]:
        asyncio.run(self._run(seconds))
        return {"connections": self.count, "answers": dict(self.answers)}

    async def _run(self, seconds: float) -> None:
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_send_message_length", -1)]
        channels = [grpc.aio.insecure_channel(f"127.0.0.1:{self.port}", options) for _ in range(16)]
        message = bytes(self.size)
        tasks = [
            asyncio.create_task(self._call(channels[number % len(channels)], message))
            for number in range(self.count)
        ]
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for channel in channels:
            await channel.close()

    async def _call(self, channel: Any, message: bytes) -> None:
        service = "/inference.GRPCInferenceService"
        while True:
            try:
                if message:
                    await channel.unary_unary(f"{service}/ModelInfer")(message, timeout=60)
                else:
                    await channel.stream_stream(f"{service}/ModelStreamInfer")().read()
                self.answers["OK"] += 1
            except grpc.aio.AioRpcError as error:
                self.answers[error.code().name] += 1
            await asyncio.sleep(PAUSE_SECONDS)


def head(path: str, *lines: str, method: str = "POST") -> bytes:
    return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *lines, "", "")).encode()


def whole(path: str, key: str, body: bytes) -> bytes:
    lines = ("Content-Type: application/json", f"Content-Length: {len(body)}", f"X-API-Key: {key}")
    return head(path, *lines, "Connection: close") + body


def json_of(item: bytes, size: int) -> bytes:
    """Return a request's JSON of about ``size`` bytes that has the same empty value again and again."""
    return b'{"texts": [' + b",".join([item] * (size // (len(item) + 1))) + b"]}"


def pictures(count: int) -> bytes:
    """Return a request of pictures of 4 megapixels each, of a format whose size is not in a simple header."""
    import cv2
    import numpy as np

    encoded, data = cv2.imencode(".avif", np.zeros((2000, 2000, 3), np.uint8))
    assert encoded
    return json.dumps({"images": [base64.b64encode(data.tobytes()).decode()] * count}).encode()


def make(name: str, port: int, grpc_port: int, page: str, key: str) -> SlowPeers | Flood | GrpcCalls:
    """Return the attack of that name, twice as strong as the one by which servers were first stopped."""
    json_type, with_key = "Content-Type: application/json", f"X-API-Key: {key}"
    echo = "/predict/echo"
    half = head(echo, json_type)[:-9]
    unread = head(page, method="GET") if page else half
    announced = head(echo, json_type, "Content-Length: 64000000", with_key) + b"{"
    chunked = head(echo, json_type, "Transfer-Encoding: chunked", with_key) + b"1\r\n{\r\n"
    slow: dict[str, list[Slow]] = {
        "none": [],
        "unread pages": [Slow(400, unread, buffer=SMALL_BUFFER)],
        "refused bodies": [Slow(360, head(echo, json_type, "Content-Length: 66000") + b"{", b" ", 6.0)],
        "announced bodies": [Slow(16, announced, b" "), Slow(18, chunked, b"1\r\n \r\n")],
        "half TLS": [Slow(180, b""), Slow(180, half, tls=True)],
        "silence": [Slow(2600, b"")],
        "a thousand slow ones": [
            Slow(250, unread, buffer=SMALL_BUFFER),
            Slow(250, announced, b" "),
            Slow(250, half),
            Slow(250, b""),
        ],
    }
    if name in slow:
        return SlowPeers(port, slow[name])
    floods: dict[str, Callable[[], tuple[bytes, int]]] = {
        "nested JSON": lambda: (whole(echo, key, json_of(b"[]", 60 * MB)), 2),
        "growing JSON": lambda: (whole(echo, key, json_of(b"{}", 60 * MB)), 16),
        "AVIF pictures": lambda: (whole("/predict/picture", key, pictures(64)), 2),
    }
    if name in floods:
        return Flood(port, *floods[name]())
    return GrpcCalls(grpc_port, *{"silent streams": (360, 0), "messages without key": (16, 55 * MB)}[name])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--grpc_port", type=int, default=0)
    parser.add_argument("--page", default="")
    parser.add_argument("--health")
    parser.add_argument("--key", default="")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--seconds", type=float, default=30.0)
    arguments = parser.parse_args()
    os.nice(NICE)
    attack = make(arguments.name, arguments.port, arguments.grpc_port, arguments.page, arguments.key)
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(attack.run(arguments.seconds)), flush=True)
    os._exit(0)  # threads may still wait for answers


if __name__ == "__main__":
    main()
