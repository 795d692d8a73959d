"""Connecting a process to Ray. It is a driver then, and dies if its node's Ray does."""

from __future__ import annotations

import logging
import socket
from typing import Final

import ray

from hub.errors import ServerError

#: Ray itself tries for minutes where nobody listens.
REACH_SECONDS: Final = 3.0
#: Names of actors are looked up in it; Ray Serve has its own.
NAMESPACE: Final = "hub"


def connect(address: str) -> None:
    """Connect this process to the cluster at ``auto`` or ``host:port``.

    In the main thread Ray takes over SIGTERM; in another it leaves signals alone.

    Raises:
        ServerError: there is none, or it refuses the connection; the message says what to look at.
    """
    # It logs each deployment and connection; what goes wrong is an error to the one that asked for it.
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    try:
        if address != "auto":
            host, _, port = address.rpartition(":")
            socket.create_connection((host.strip("[]"), int(port)), REACH_SECONDS).close()
        ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, logging_level=logging.ERROR)
    except OSError as error:  # ConnectionError, which Ray raises, is one
        raise ServerError(f"no Ray cluster can be reached at {address}: {error}") from error
    except (RuntimeError, ray.exceptions.RayError) as error:
        raise ServerError(f"the Ray cluster at {address} cannot be used: {error}") from error
