"""Threads that fetch pictures for requests: a few, as each may be kept waiting."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from visus.serving.fetching import Fetcher
from visus.serving.refusals import overloaded, too_late

# At once, and those that may wait beside them.
WORKERS, ROOM = 16, 128


class Fetchers:
    """Fetch the pictures of requests, all of a request's within one deadline.

    Args:
        fetcher: fetches one, within its own seconds.
    """

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        # Of its own: a stranger's slow server must not keep others from being read.
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="fetch")
        self._lock = threading.Lock()
        self._waiting = 0

    async def fetch(self, urls: Sequence[str]) -> list[bytes]:
        """The bytes that lie at these addresses.

        Raises:
            Refusal: one of them is not fetched, too many wait, or it took too long.
        """
        seconds = self._fetcher.seconds
        started = self._start(urls)
        try:
            async with asyncio.timeout(seconds):
                return [await asyncio.wrap_future(future) for future in started]
        except TimeoutError as error:
            raise too_late(seconds) from error
        finally:
            for future in started:
                future.cancel()

    def close(self) -> None:
        """Fetch nothing more; what has begun ends by its own deadline."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _start(self, urls: Sequence[str]) -> "list[Future[bytes]]":
        with self._lock:
            if self._waiting and self._waiting + len(urls) > ROOM:
                raise overloaded(self._waiting, ROOM)
            self._waiting += len(urls)
        started = [self._pool.submit(self._fetcher.fetch, url) for url in urls]
        for future in started:
            # Also called for what is cancelled before it began.
            future.add_done_callback(self._done)
        return started

    def _done(self, future: "Future[bytes]") -> None:
        with self._lock:
            self._waiting -= 1
