"""Fetches a file that a request names by its URL, without opening a way into the server's own network.

Only public addresses are connected to. A name is resolved once, every address that it has is checked, and
the connection goes to a checked address, so that a second answer of the name server changes nothing. Each
redirect is a new URL to be checked. Proxies are not used: behind one nobody could check addresses.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import queue
import socket
import ssl
import string
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from hub.errors import InvalidInputError

MAX_REDIRECTS: Final = 4
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_PORTS: Final = {"http": 80, "https": 443}
#: Addresses that stand for an IPv4 address, which may be a private one: NAT64's well-known prefix.
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
#: Networks that belong to a site, whatever the ipaddress of this Python calls them: the site-local addresses
#: of old, NAT64 of one's own, segment routing.
_SITE_LOCAL: Final = tuple(map(ipaddress.ip_network, ("fec0::/10", "64:ff9b:1::/48", "5f00::/16")))
#: The resolver cannot be told to stop, so a thread asks it; as many may do so at once.
_RESOLVERS: Final = threading.BoundedSemaphore(16)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: From host and port to addresses; raises OSError.
Resolve = Callable[[str, int], Sequence[str]]


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host, by the system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(text: str) -> bool:
    """Tell whether an address is a public one, in whatever way an IPv4 address is written."""
    try:
        address: Address = ipaddress.ip_address(text)
    except ValueError:  # with a zone: a link-local one
        return False
    if isinstance(address, ipaddress.IPv6Address):
        nat64 = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
        if any(address in network for network in _SITE_LOCAL):
            return False
        address = nat64 or address.ipv4_mapped or address.sixtofour or address
    return address.is_global and not address.is_multicast and not address.is_reserved


@dataclass(frozen=True)
class Fetcher:
    """Fetches what is allowed, within limits.

    Attributes:
        max_bytes: longest content that is read.
        seconds: for all of it, redirects included.
        resolve, may_connect: how names become addresses, and which of these are allowed.
    """

    max_bytes: int
    seconds: float
    resolve: Resolve = resolve
    may_connect: Callable[[str], bool] = is_public

    def fetch(self, url: str) -> bytes:
        """Return the content behind an http or https URL; raises InvalidInputError with the reason."""
        deadline = time.monotonic() + self.seconds
        for _ in range(MAX_REDIRECTS + 1):
            content, location = self._get(url, deadline)
            if location is None:
                return content
            url = urljoin(url, location)
        raise _refused(f"more than {MAX_REDIRECTS} redirects")

    def _get(self, url: str, deadline: float) -> tuple[bytes, str | None]:
        """Return the content, or where to look instead."""
        parts, host, port = _parse(url)
        try:
            with self._connect(parts.scheme, host, port, deadline) as connection:
                path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                connection.request("GET", path, headers={"Accept-Encoding": "identity"})
                response = connection.getresponse()
                if response.status in _REDIRECTS and response.getheader("Location"):
                    return b"", response.getheader("Location")
                if response.status != 200:
                    raise _refused(f"{host} answers {response.status} {response.reason}")
                if response.getheader("Content-Encoding", "identity") != "identity":
                    raise _refused(f"{host} sends it compressed, which was not asked for")
                return self._read(response, deadline), None
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            if time.monotonic() >= deadline:
                raise self._too_slow() from error
            raise _refused(f"{host}: {type(error).__name__} {error}") from error

    def _read(self, response: http.client.HTTPResponse, deadline: float) -> bytes:
        content = response.read(self.max_bytes + 1)
        if len(content) > self.max_bytes:
            raise _refused(f"it has more than {self.max_bytes / 1e6:g} MB")
        if time.monotonic() >= deadline:  # cut off, which looks like an end
            raise self._too_slow()
        if response.length:  # what was announced and did not come; None or 0 where all is well
            raise _refused("the connection ended before all of it came")
        return content

    @contextlib.contextmanager
    def _connect(
        self, scheme: str, host: str, port: int, deadline: float
    ) -> Iterator[http.client.HTTPConnection]:
        """Open a connection to a checked address of the host, cut off at the deadline."""
        addresses = _in_time(lambda: self.resolve(host, port), deadline)
        for address in addresses:
            if not self.may_connect(address):
                raise _refused(f"{host} is at {address}, which is not a public address")
        sock = _open(host, addresses, port, deadline)
        if scheme == "https":
            sock = ssl.create_default_context().wrap_socket(
                sock, server_hostname=host, do_handshake_on_connect=False
            )
        # However slowly it drips, in the handshake, the headers or the content: then it is over.
        timer = threading.Timer(max(0.0, deadline - time.monotonic()), _cut_off, [sock])
        timer.daemon = True
        timer.start()
        try:
            if isinstance(sock, ssl.SSLSocket):
                sock.do_handshake()
            connection = http.client.HTTPConnection(host, port)
            connection.sock = sock
            connection.default_port = _PORTS[scheme]  # which the header Host leaves out
            yield connection
        finally:
            timer.cancel()
            sock.close()

    def _too_slow(self) -> InvalidInputError:
        return _refused(f"it did not come within {self.seconds:g} s")


def _in_time(resolve: Callable[[], Sequence[str]], deadline: float) -> Sequence[str]:
    """Return what ``resolve`` returns; raises what it raises, and TimeoutError at the deadline."""
    answer: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answer.put(resolve())
        except Exception as error:
            answer.put(error)
        finally:
            _RESOLVERS.release()

    if not _RESOLVERS.acquire(timeout=max(0.0, deadline - time.monotonic())):
        raise TimeoutError
    try:
        threading.Thread(target=ask, daemon=True).start()
    except RuntimeError:
        _RESOLVERS.release()
        raise
    try:
        found = answer.get(timeout=max(0.0, deadline - time.monotonic()))
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(found, Exception):
        raise found
    return found


def _parse(url: str) -> tuple[SplitResult, str, int]:
    """Return the URL's parts, its host as ASCII and its port; raises InvalidInputError."""
    if any(character <= " " or character == "\x7f" for character in url):
        raise _refused("it has blanks or control characters")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        host = host and (host if ":" in host else host.encode("idna").decode())
    except (ValueError, UnicodeError) as error:
        raise _refused(str(error)) from error
    if parts.scheme not in _PORTS or not host:
        raise _refused("only http:// and https:// with a host are fetched")
    if parts.username is not None or parts.password is not None:
        raise _refused("a user name or password in it is not used here")
    # Characters beyond ASCII are written as a browser does.
    path, query = (quote(text, safe=string.printable) for text in (parts.path, parts.query))
    return parts._replace(path=path, query=query), host, port or _PORTS[parts.scheme]


def _open(host: str, addresses: Sequence[str], port: int, deadline: float) -> socket.socket:
    """Open a connection to the first address of a host that answers; raises OSError."""
    for number, address in enumerate(addresses, 1):
        try:
            remaining = max(0.001, deadline - time.monotonic())
            return socket.create_connection((address, port), timeout=remaining)
        except OSError:
            if number == len(addresses):
                raise
    raise _refused(f"{host} has no address")


def _cut_off(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        # An SSLSocket's own would take the encryption off under the thread that reads.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _refused(reason: str) -> InvalidInputError:
    return InvalidInputError(f"Invalid input file: the URL cannot be fetched: {reason}")
