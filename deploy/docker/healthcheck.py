"""The image's HEALTHCHECK: exit code 0 when every server of this container has all its modules ready.

Finds port and TLS by itself, so it is right for any command line and for a packed SDK's server.sh as well.
"""

from __future__ import annotations

import json
import ssl
import sys
from pathlib import Path
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

from hub import address
from hub.serving.process import pidfile
from hub.serving.process.pidfile import PidFile

TIMEOUT_SECONDS = 8.0


def check(server: PidFile) -> None:
    """Raise OSError when the server does not answer, or answers that it is not ready."""
    has_tls = json.loads((Path(server.run_dir) / "config.json").read_text())["certfile"] is not None
    scheme = "https" if has_tls else "http"
    # It is asked by this address, for which its certificate was not made.
    trusting = ssl._create_unverified_context() if has_tls else None
    url = address.url(scheme, address.reachable(server.host), server.port) + "/health/ready"
    # No proxy: one that http_proxy names, for downloads, knows nothing of this container.
    opener = build_opener(ProxyHandler({}), HTTPSHandler(context=trusting))
    opener.open(url, timeout=TIMEOUT_SECONDS).close()


def main() -> int:
    servers = [server for server in pidfile.records() if server.is_running()]
    try:
        for server in servers:
            check(server)
    except OSError as error:
        sys.stderr.write(f"{error}\n")  # `docker inspect` shows it
        return 1
    return 0 if servers else 1


if __name__ == "__main__":
    sys.exit(main())
