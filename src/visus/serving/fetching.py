"""Fetching pictures from addresses that strangers name, where that is allowed at all.

A name is resolved once, every address it has must be public, and the connection goes
to the address that was checked: a name that answers otherwise the second time gains
nothing. Redirects are followed by the same rules; proxies of the environment are not
used.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urljoin, urlsplit

from visus.serving.refusals import Refusal, invalid

MOST_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_PORTS = {"http": 80, "https": 443}
_PIECE = 64 * 2**10
# Networks in which an address of the old kind is hidden (RFC 6052, 3056).
_TRANSLATED = (
    (ipaddress.ip_network("64:ff9b::/96"), 0),
    (ipaddress.ip_network("2002::/16"), 80),
)

Resolve = Callable[[str, int], list[str]]
Connect = Callable[[str, int, float], socket.socket]


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def connect(address: str, port: int, seconds: float) -> socket.socket:
    """A connection to an address that was checked."""
    return socket.create_connection((address, port), timeout=seconds)


@dataclass(frozen=True)
class Fetcher:
    """Fetches public pictures.

    Args:
        max_bytes: of a picture.
        seconds: for all of it, redirects included.
        resolve: gives the addresses of a host.
        connect: opens a connection to one of them.
    """

    max_bytes: int = 32 * 2**20
    seconds: float = 10.0
    resolve: Resolve = field(default=resolve)
    connect: Connect = field(default=connect)

    def fetch(self, url: str) -> bytes:
        """The bytes that lie there.

        Raises:
            Refusal: the address is not public, or nothing usable came from it.
        """
        until = time.monotonic() + self.seconds
        for _ in range(MOST_REDIRECTS + 1):
            try:
                content, url = self._ask(url, until)
            except (OSError, http.client.HTTPException, ValueError) as error:
                if time.monotonic() >= until:
                    raise self._too_slow(url) from error
                # What the other side said is not repeated: it may be a secret.
                kind = type(error).__name__
                raise _not_fetched(url, f"it does not answer ({kind})") from error
            if content is not None:
                return content
        raise _not_fetched(url, f"more than {MOST_REDIRECTS} redirects")

    def _ask(self, url: str, until: float) -> tuple[bytes | None, str]:
        """The content; or `None` and where to look instead."""
        parts = _checked_parts(url)
        port = parts.port or _PORTS[parts.scheme]
        address = self._public_address(url, parts.hostname or "", port)
        own = self.connect(address, port, _left(until))
        host = parts.hostname or ""
        if parts.scheme == "https":
            context = ssl.create_default_context()
            # Shaken hands with below, once the clock runs.
            own = context.wrap_socket(
                own, server_hostname=host, do_handshake_on_connect=False
            )
        with own, _cut_off(own, until):
            if isinstance(own, ssl.SSLSocket):
                own.do_handshake()
            connection = http.client.HTTPConnection(host, port)
            connection.sock = own
            return self._asked(url, parts, connection, until)

    def _asked(
        self,
        url: str,
        parts: SplitResult,
        connection: http.client.HTTPConnection,
        until: float,
    ) -> tuple[bytes | None, str]:
        target = parts.path or "/"
        target += f"?{parts.query}" if parts.query else ""
        connection.request("GET", target, headers={"Accept": "image/*"})
        answer = connection.getresponse()
        if answer.status in _REDIRECTS:
            return None, urljoin(url, answer.headers.get("Location", ""))
        if answer.status != 200:
            raise _not_fetched(url, f"it answers {answer.status}")
        return self._content(url, answer, until), url

    def _public_address(self, url: str, host: str, port: int) -> str:
        try:
            addresses = self.resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise _not_fetched(url, "there is no such host") from error
        if not addresses or not all(map(is_public, addresses)):
            # Also where only one of several is private: which is used would be luck.
            raise _not_fetched(url, "its address is not public")
        return addresses[0]

    def _content(
        self, url: str, answer: http.client.HTTPResponse, until: float
    ) -> bytes:
        parts, size = [], 0
        while part := answer.read1(_PIECE):
            size += len(part)
            if size > self.max_bytes:
                raise _not_fetched(url, f"it is larger than {self.max_bytes} bytes")
            parts.append(part)
        if time.monotonic() >= until:
            # Cut off, which looks like the end.
            raise self._too_slow(url)
        return b"".join(parts)

    def _too_slow(self, url: str) -> Refusal:
        return _not_fetched(url, f"it takes more than {self.seconds:g} seconds")


@contextmanager
def _cut_off(own: socket.socket, until: float) -> Iterator[None]:
    """End a connection when its time is over, whatever the other side does.

    A socket's own timeout is for each read: a byte now and then would never end.
    """
    timer = threading.Timer(_left(until), _end, [own])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _end(own: socket.socket) -> None:
    with suppress(OSError):
        # Not TLS's own way, which would wait for the other side.
        socket.socket.shutdown(own, socket.SHUT_RDWR)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def is_public(address: str) -> bool:
    """Whether an address belongs to the open internet.

    Example:
        >>> is_public("169.254.169.254"), is_public("::ffff:127.0.0.1")
        (False, False)
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        for network, shift in _TRANSLATED:
            if ip in network:
                inner = ipaddress.IPv4Address((int(ip) >> shift) & 0xFFFFFFFF)
                return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _checked_parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _not_fetched(url, "it is no address") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise _not_fetched(url, "it is not http or https")
    if port is not None and port != _PORTS[parts.scheme]:
        raise _not_fetched(url, "it names another port than 80 and 443")
    if parts.username or parts.password:
        raise _not_fetched(url, "it holds a user name")
    if any(c <= " " or c == "\x7f" for c in url) or not url.isascii():
        raise _not_fetched(url, "it holds characters that no address has")
    return parts


def _not_fetched(url: str, reason: str) -> Refusal:
    return invalid(
        f"{url[:200]!r} is not fetched: {reason}.",
        "the address of a picture on the open internet.",
        "Send the picture itself.",
    )
