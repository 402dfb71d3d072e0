"""Reading a request's body: so many bytes, in so much time, also once unpacked."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

from visus.serving.config import HttpConfig
from visus.serving.http.exchange import Request
from visus.serving.refusals import Code, Refusal, invalid

Receive = Callable[[], Awaitable[dict[str, Any]]]

# A client that is still sending does not see an answer; so much is read and dropped.
_MOST_DROPPED = 64 * 2**20
_DROP_SECONDS = 5.0
_WINDOW = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class Gone(Exception):
    """The client left; nobody is there to answer."""


async def read_body(receive: Receive, request: Request, config: HttpConfig) -> bytes:
    """The whole body, unpacked.

    Raises:
        Refusal: too large, too slow, or packed in a way that is not known.
        Gone: the connection was closed.
    """
    if not _has_body(request):
        return b""
    length = request.header(b"content-length")
    if length.isdecimal() and _is_more(length, config.max_body_bytes):
        if request.header(b"expect").lower() != "100-continue":
            await _drop(receive)
        raise _too_large(config.max_body_bytes)
    body = await _received(receive, config)
    packing = request.header(b"content-encoding").lower()
    return _unpacked(body, packing, config.max_body_bytes) if packing else body


def _is_more(digits: str, most: int) -> bool:
    # Python reads no number of thousands of digits.
    return len(digits) > 19 or int(digits) > most


def _has_body(request: Request) -> bool:
    headers = request.headers
    length = headers.get(b"content-length")
    return (length is not None and length != b"0") or b"transfer-encoding" in headers


async def _received(receive: Receive, config: HttpConfig) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(config.body_seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                part: bytes = message.get("body", b"")
                size += len(part)
                if size > config.max_body_bytes:
                    break
                parts.append(part)
                if not message.get("more_body"):
                    return part if len(parts) == 1 else b"".join(parts)
    except TimeoutError as error:
        raise _too_slow(config.body_seconds) from error
    parts.clear()
    if message.get("more_body"):
        await _drop(receive)
    raise _too_large(config.max_body_bytes)


async def _drop(receive: Receive) -> None:
    """Read on without keeping, so that the client can see why it is refused."""
    dropped, more = 0, True
    try:
        async with asyncio.timeout(_DROP_SECONDS):
            while more and dropped < _MOST_DROPPED:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                dropped += len(message.get("body", b""))
                more = message.get("more_body", False)
    except TimeoutError:
        return


def _unpacked(body: bytes, packing: str, most: int) -> bytes:
    if packing == "identity":
        return body
    if packing not in _WINDOW:
        raise Refusal(
            Code.INVALID_ARGUMENT,
            f"A body packed as {packing[:40]!r}.",
            "gzip, deflate, or not packed at all.",
            "Send it unpacked.",
            status=415,
        )
    unpacker = zlib.decompressobj(_WINDOW[packing])
    try:
        content = unpacker.decompress(body, most)
    except zlib.error as error:
        raise invalid(
            f"A body that is no whole {packing}: {error}.",
            "what its Content-Encoding says.",
            "Send it unpacked.",
        ) from error
    if unpacker.unconsumed_tail:
        raise _too_large(most)
    if not unpacker.eof:
        raise invalid(f"The {packing} of the body is cut.", "all of it.", "Send all.")
    return content


def _too_large(most: int) -> Refusal:
    return Refusal(
        Code.INVALID_ARGUMENT,
        "The body is too large.",
        f"at most {most} bytes, also once unpacked.",
        "Send fewer pictures at once.",
        status=413,
    )


def _too_slow(seconds: float) -> Refusal:
    return Refusal(
        Code.DEADLINE_EXCEEDED,
        f"The body did not come within {seconds:g} seconds.",
        "all of it.",
        "Send it faster, or fewer pictures at once.",
        status=408,
    )
