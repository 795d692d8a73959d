"""Start a server on every address in a network of its own, and print whom its doors answer.

    unshare --user --map-root-user --net python -m tests.triton.on_every_address FOLDER HOST [KEY]

Nothing outside can reach that network. 127.0.0.2 stands for another address of the machine.
"""

from __future__ import annotations

import fcntl
import json
import socket
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import requests
import tritonclient.grpc as grpc
from tritonclient.utils import InferenceServerException

from tests.serving.running import Server, free_port, wait_until

SIOCSIFFLAGS, IFF_UP = 0x8914, 1
ADDRESSES = ("127.0.0.1", "127.0.0.2")


def raise_loopback() -> None:
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def http(address: str, port: int, key: str) -> str:
    """The code of a request."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    url = f"http://{address}:{port}/predict/greet"
    return str(requests.post(url, json={"names": ["a"]}, headers=headers, timeout=20).status_code)


def by_grpc(address: str, port: int, key: str) -> str:
    """The code of a call; 200 for a good one."""
    tensor = grpc.InferInput("names", [1], "BYTES")
    tensor.set_data_from_numpy(np.array([b"a"], dtype=object))
    try:
        with grpc.InferenceServerClient(f"{address}:{port}") as client:
            client.infer("greet", [tensor], headers={"authorization": f"Bearer {key}"} if key else None)
    except InferenceServerException as error:
        return str(error.status())
    return "200"


def main(folder: str, host: str, key: str = "") -> None:
    raise_loopback()
    port = free_port()
    settings: dict[str, Any] = {"host": host, "grpc_port": port}
    if key:
        settings["api_key_file"] = f"{folder}/keys"
        Path(folder, "keys").write_text(f"me:{key}\n")
        Path(folder, "keys").chmod(0o600)
    with Server(Path(folder), {"greet": {}}, **settings) as server:
        wait_until(lambda: "Stop it with" in server.log(), 30)
        found = {
            address: {
                given or "no key": [http(address, server.port, given), by_grpc(address, port, given)]
                for given in ("", key or "x", "wrong")
            }
            for address in ADDRESSES
        }
        sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
