"""Encoded pictures to pixels, in a bounded number of workers.

The one decoder of Visus, with its limits: what a server makes of a file is what
training made of it.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from visus.core.cores import available_cores
from visus.data.decode import DecodeFailure
from visus.data.opening import open_content
from visus.data.preprocess import PreprocessSpec
from visus.serving.config import EngineConfig
from visus.serving.refusals import invalid, overloaded
from visus.serving.work import Pixels


class Decoders:
    """Threads that decode; codecs leave Python while they work.

    Args:
        config: how many, and how many pictures may wait.
    """

    def __init__(self, config: EngineConfig) -> None:
        self._room = config.max_queue
        self._pool = ThreadPoolExecutor(
            config.decoders or available_cores(), thread_name_prefix="decode"
        )
        self._lock = threading.Lock()
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """Pictures that are not decoded yet."""
        return self._waiting

    def start(
        self, contents: Sequence[bytes], spec: PreprocessSpec
    ) -> "list[Future[Pixels]]":
        """Begin to decode a request's pictures.

        Raises:
            Refusal: too many wait already.
        """
        count = len(contents)
        with self._lock:
            if self._waiting and self._waiting + count > self._room:
                raise overloaded(self._waiting, self._room)
            self._waiting += count
        started = []
        for number, content in enumerate(contents):
            future = self._pool.submit(_decode, content, spec, number)
            # Also called for what is cancelled before it began.
            future.add_done_callback(self._done)
            started.append(future)
        return started

    def close(self) -> None:
        """End the threads; nothing new may come."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _done(self, future: "Future[Pixels]") -> None:
        with self._lock:
            self._waiting -= 1


def stacked(pictures: Sequence[Pixels]) -> Pixels:
    """The pictures of a request as one batch."""
    return pictures[0][None] if len(pictures) == 1 else np.stack(pictures)


def _decode(content: bytes, spec: PreprocessSpec, number: int) -> Pixels:
    try:
        return open_content(content, spec)
    except DecodeFailure as failure:
        raise invalid(
            f"Picture {number} cannot be read ({failure.verdict}): {failure.reason}",
            "a picture file, such as JPEG or PNG.",
            "Send it whole, or save it again as PNG.",
        ) from failure
