"""HTTP's limits that uvicorn has not: time for a header, bytes of it, chunks, doors.

uvicorn waits for ever for a request that does not come or comes byte by byte (measured:
five kinds of slow connections were all still open after 40 seconds).
"""

import asyncio
import logging
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from visus.serving.config import HttpConfig

# A body in pieces of a byte each costs a call of Python a byte; Triton's own bound.
MOST_CHUNKS = 65_536
# Not one of the process's loggers: what strangers send wrong is counted, not told.
_QUIET = logging.Logger("visus.serving", logging.CRITICAL + 1)
_FIXED = b"content-type: application/json\r\nconnection: close\r\n"


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection.

    Args:
        limits: of its requests.
        further: as uvicorn gives them.
    """

    def __init__(self, *, limits: HttpConfig, **further: Any) -> None:
        super().__init__(**further)
        self.logger = _QUIET
        self._limits = limits
        self._header_timer: asyncio.TimerHandle | None = None
        self._header_bytes = 0
        self._chunks = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take it, or say that there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self._limits.max_connections:
            self._end(503, "Too many connections.", more=b"retry-after: 1\r\n")
            return
        self._expect_header()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, unless the header has become too long."""
        if self.transport.is_closing():
            return
        idle = self.cycle is None or self.cycle.response_complete
        if self._header_timer is None and idle:
            self._expect_header()
        if self._header_timer is not None:
            self._header_bytes += len(data)
        super().data_received(data)
        if self._header_timer is not None:
            if self._header_bytes > self._limits.max_header_bytes:
                self._end(431, "The header is too long.")

    def on_headers_complete(self) -> None:
        """The header came in time."""
        self._stop_clock()
        self._chunks = 0
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        """Another chunk of a body whose length was not told."""
        self._chunks += 1
        if self._chunks > MOST_CHUNKS:
            raise ValueError("too many chunks")

    def _expect_header(self) -> None:
        self._header_bytes = 0
        self._header_timer = self.loop.call_later(
            self._limits.header_seconds, self._too_late
        )

    def _stop_clock(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _too_late(self) -> None:
        self._header_timer = None
        if self._header_bytes:
            self._end(408, "The header did not come in time.")
        else:
            # Nobody asked anything, so there is nothing to answer.
            self.transport.close()

    def _end(self, status: int, words: str, more: bytes = b"") -> None:
        """Answer outside any request, and close."""
        self._stop_clock()
        if self.transport.is_closing():
            return
        body = b'{"error":"%b"}' % words.encode()
        self.transport.write(
            b"HTTP/1.1 %d Refused\r\n%bcontent-length: %d\r\n%b\r\n%b"
            % (status, _FIXED, len(body), more, body)
        )
        self.transport.close()
