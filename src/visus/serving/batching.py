"""Dynamic batching: requests that wait at the same time share a run of the network.

With `max_delay_seconds` 0 nobody waits for company: a free worker takes what is there,
shared fairly with the other free workers, and runs become larger by themselves when the
processor is what is short.
"""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable

import numpy as np

from visus.serving.config import EngineConfig
from visus.serving.refusals import Code, Refusal, overloaded
from visus.serving.statistics import Statistics
from visus.serving.work import (
    Answers,
    Piece,
    Pixels,
    Work,
    answered,
    cut,
    failed,
    run_failed,
    tell,
)


class Batcher:
    """The queue of one network, and the threads that empty it.

    Args:
        name: for the names of the threads.
        run: pixels `(batch, height, width, channels)`, and whether one of those who
            wait asks what can be said of them, to scores `(batch, outputs)` and that;
            several threads call it at once.
        workers: threads, so runs at once.
        config: sizes and delays.
        statistics: is told of every run.
    """

    def __init__(
        self,
        name: str,
        run: Callable[[Pixels, bool], Answers],
        workers: int,
        config: EngineConfig,
        statistics: Statistics,
    ) -> None:
        self._run = run
        self._config = config
        self._statistics = statistics
        self._pieces: deque[Piece] = deque()
        # A token a piece wakes a thread without the cost of a condition variable.
        self._tokens: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting = 0
        self._idle = 0
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True)
            for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """Pictures that no run has taken yet."""
        return self._waiting

    def put(self, work: Work) -> None:
        """Queue a request; a single one may be larger than the queue.

        Raises:
            Refusal: the queue is full, or this network is being dropped.
        """
        pieces = cut(work, self._config.max_batch)
        with self._lock:
            if self._closed:
                raise Refusal(Code.UNAVAILABLE, "This version is being dropped.")
            room = self._config.max_queue
            if self._waiting and self._waiting + work.left > room:
                raise overloaded(self._waiting, room)
            self._waiting += work.left
            self._pieces.extend(pieces)
        for _ in pieces:
            self._tokens.put(True)

    def close(self) -> None:
        """Answer what waits, then end the threads."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        for _ in self._threads:
            self._tokens.put(False)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            go_on = self._tokens.get()
            with self._lock:
                self._idle -= 1
                pieces = self._take(self._share())
            if pieces and self._config.max_delay_seconds:
                self._wait_for_more(pieces)
            if pieces:
                self._answer(pieces)
            elif not go_on:
                return
            if not go_on:
                # What came before the end is still to be answered.
                self._tokens.put(False)

    def _share(self) -> int:
        """How many pictures this worker should take, leaving others theirs."""
        if self._config.max_delay_seconds:
            return self._config.max_batch
        fair = -(-self._waiting // (self._idle + 1))
        return min(self._config.max_batch, max(1, fair))

    def _take(self, room: int) -> list[Piece]:
        """The first pieces that fit; the very first always does."""
        taken: list[Piece] = []
        while self._pieces and (not taken or self._pieces[0].rows <= room):
            piece = self._pieces.popleft()
            self._waiting -= piece.rows
            if not piece.work.over:
                taken.append(piece)
                room -= piece.rows
        return taken

    def _wait_for_more(self, pieces: list[Piece]) -> None:
        until = time.monotonic() + self._config.max_delay_seconds
        room = self._config.max_batch - sum(piece.rows for piece in pieces)
        while room > 0 and (left := until - time.monotonic()) > 0:
            try:
                if not self._tokens.get(timeout=left):
                    self._tokens.put(False)
                    return
            except queue.Empty:
                return
            with self._lock:
                fits = self._fits(room)
                more = self._take(room) if fits else []
                too_large = bool(self._pieces) and not fits
            if too_large:
                # What this woke for is another run's: whoever is free takes it.
                self._tokens.put(True)
                return
            pieces += more
            room -= sum(piece.rows for piece in more)

    def _fits(self, room: int) -> bool:
        return bool(self._pieces) and self._pieces[0].rows <= room

    def _answer(self, pieces: list[Piece]) -> None:
        began = time.monotonic()
        try:
            pixels = (
                pieces[0].pixels
                if len(pieces) == 1
                else np.concatenate([piece.pixels for piece in pieces])
            )
            judging = any(piece.work.judging for piece in pieces)
            answers = self._run(pixels, judging)
            seconds = time.monotonic() - began
            complete = answered(pieces, answers, seconds)
        except Exception as error:  # noqa: BLE001
            # Whatever it is, the thread must live on and those who wait must hear it.
            tell(failed(pieces, error), run_failed(error))
            return
        self._statistics.ran(len(pixels), seconds)
        tell(complete)
