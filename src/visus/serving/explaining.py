"""Why a model answers so, over the network: bounded work in threads of its own.

How a picture is explained is nothing that serving knows: it is given a function for it.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visus.bundles import Bundle
from visus.core.errors import VisusError
from visus.serving.config import ExplainConfig
from visus.serving.refusals import Code, Refusal, invalid, overloaded, too_late
from visus.serving.work import Pixels


@dataclass(frozen=True)
class Question:
    """What is to be explained.

    Args:
        bundle: the model.
        pixels: uint8 `(height, width, channels)`, prepared.
        name: of the picture, for titles.
        method: how; `None`: the usual way.
        class_name: which class; `None`: the one that is answered.
        drawn: whether a panel is wanted.
    """

    bundle: Bundle
    pixels: Pixels
    name: str
    method: str | None
    class_name: str | None
    drawn: bool


@dataclass(frozen=True)
class Explained:
    """An answer, explained.

    Args:
        facts: plain data: what was answered, and by which method it is explained.
        values: float32 `(height, width)`; above 0 speaks for the class.
        panel: a PNG file, where one was wanted.
    """

    facts: dict[str, Any]
    values: NDArray[np.float32]
    panel: bytes | None


# Raises where nobody waits any more; to be called now and then.
GoOn = Callable[[], None]
# Raises a `VisusError` where the question cannot be answered.
Explain = Callable[[Question, GoOn], Explained]


class Explaining:
    """A few threads that explain, and a short queue before them.

    Args:
        explain: explains one answer.
        config: how many threads, how many may wait, and for how long.
    """

    def __init__(self, explain: Explain, config: ExplainConfig) -> None:
        self._explain = explain
        self._config = config
        self._pool = ThreadPoolExecutor(config.workers, thread_name_prefix="explain")
        self._waiting = 0
        self._closed = threading.Event()

    @property
    def waiting(self) -> int:
        """Questions that are worked on, or wait for it."""
        return self._waiting

    async def ask(self, question: Question) -> Explained:
        """Explain; from the event loop's thread.

        Raises:
            Refusal: too many wait, it took too long, or the question is wrong.
        """
        if self._waiting >= self._config.max_queue:
            raise overloaded(self._waiting, self._config.max_queue)
        if self._closed.is_set():
            raise Refusal(Code.UNAVAILABLE, "The server is about to stop.")
        patience = _Patience(self._config.deadline_seconds, self._closed)
        future = self._pool.submit(self._explain, question, patience.go_on)
        self._waiting += 1
        try:
            async with asyncio.timeout(patience.seconds):
                return await asyncio.wrap_future(future)
        except TimeoutError as error:
            raise too_late(patience.seconds) from error
        except Refusal:
            raise
        except VisusError as error:
            raise invalid(error.received, error.expected, error.remedy) from error
        finally:
            # The network is asked no more for somebody who has left.
            patience.end()
            self._waiting -= 1

    def close(self) -> None:
        """Explain nothing more; what has begun ends at its next step."""
        self._closed.set()
        self._pool.shutdown(wait=False, cancel_futures=True)


class _Patience:
    def __init__(self, seconds: float, closed: threading.Event) -> None:
        self.seconds = seconds
        self._closed = closed
        self._until = time.monotonic() + seconds
        self._over = threading.Event()

    def end(self) -> None:
        self._over.set()

    def go_on(self) -> None:
        over = self._over.is_set() or time.monotonic() > self._until
        if over or self._closed.is_set():
            raise too_late(self.seconds)
