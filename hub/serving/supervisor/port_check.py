"""The last look before a server is called ready: that it answers over its port."""

from __future__ import annotations

import http.client
import os
import ssl
import threading
from typing import Final

from hub import address
from hub.serving.config.server_config import ServingConfig

#: A connection waits in the kernel's queue until the gateway is up; then it asks again.
ANSWER_SECONDS: Final = 5.0


class PortCheck:
    """Asks ``/health/ready`` as a caller would, in a thread, so that the supervisor does not wait for it."""

    def __init__(self, config: ServingConfig) -> None:
        self._host = address.reachable(config.host)
        self._port = config.port
        self._has_tls = config.certfile is not None
        self._thread: threading.Thread | None = None
        self._answer: int | None = None
        self._woken = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def descriptors(self) -> list[int]:
        """Return what to poll for reading, so that the supervisor wakes when there is an answer."""
        return [self._woken] if self._thread is not None and self._thread.is_alive() else []

    def status(self) -> int | None:
        """Return the HTTP status of an answer that came since the last call, and have the next asked for.

        None: nothing has answered by now.
        """
        if self._thread is not None and self._thread.is_alive():
            return None
        answer, self._answer = self._answer, None
        if self._thread is not None:
            os.eventfd_read(self._woken)
        self._thread = None
        if answer is None:
            thread = threading.Thread(target=self._ask, daemon=True, name="port-check")
            thread.start()
            self._thread = thread
        return answer

    def close(self) -> None:
        """Let go of the descriptor; a question under way is of no interest any more."""
        if self._thread is not None:
            self._thread.join(ANSWER_SECONDS)
        os.close(self._woken)

    def _ask(self) -> None:
        try:
            self._answer = self._get()
        except (OSError, http.client.HTTPException):
            self._answer = None
        finally:
            os.eventfd_write(self._woken, 1)

    def _get(self) -> int:
        if self._has_tls:
            # It is our own certificate, and made for the name by which others know this machine.
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                self._host, self._port, timeout=ANSWER_SECONDS, context=context
            )
        else:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", "/health/ready", headers={"Connection": "close"})
            return connection.getresponse().status
        finally:
            connection.close()
