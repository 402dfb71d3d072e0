"""Work: the pictures of one request on their way through the runs of a network."""

import asyncio
import threading
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from visus.bundles.judged import Judged, join_judged
from visus.serving.refusals import Code, Refusal

Pixels = NDArray[np.uint8]
Scores = NDArray[np.float32]
# What a run gives: scores, and what can be said of each picture, where that was asked.
Answers = tuple[Scores, Judged | None]


class Work:
    """One request's pictures, and who waits for their scores.

    A request larger than a run is cut into pieces that several runs answer; the last
    piece to be answered tells whoever waits.

    Args:
        pixels: uint8 `(batch, height, width, channels)`, prepared.
        outputs: scores that each picture gets.
        loop: of the coroutine that waits.
        judging: whether it is to be told what can be said of each picture.
    """

    __slots__ = (
        "_judged",
        "compute_seconds",
        "future",
        "judging",
        "left",
        "lock",
        "loop",
        "over",
        "pixels",
        "queue_seconds",
        "queued",
        "scores",
    )

    def __init__(
        self,
        pixels: Pixels,
        outputs: int,
        loop: asyncio.AbstractEventLoop,
        *,
        judging: bool = False,
    ) -> None:
        self.pixels = pixels
        self.judging = judging
        self._judged: dict[int, Judged | None] = {}
        self.scores: Scores = np.empty((len(pixels), outputs), np.float32)
        self.left = len(pixels)
        self.loop = loop
        self.future: asyncio.Future[None] = loop.create_future()
        self.lock = threading.Lock()
        self.over = False
        self.queued = time.monotonic()
        self.queue_seconds = 0.0
        self.compute_seconds = 0.0

    @property
    def judged(self) -> Judged | None:
        """What can be said of each picture; `None`: not asked for, or not known."""
        return join_judged([self._judged[first] for first in sorted(self._judged)])

    def put(self, first: int, scores: Scores, judged: Judged | None) -> None:
        """The answers to consecutive pictures from `first` on."""
        self.scores[first : first + len(scores)] = scores
        if self.judging:
            self._judged[first] = judged

    def finish(self, error: Refusal | None = None) -> None:
        """Tell whoever waits, on their own thread."""
        if self.future.done():
            return
        if error is not None:
            self.future.set_exception(error)
        else:
            self.future.set_result(None)

    def give_up(self) -> None:
        """Nobody waits any more: pieces that have not begun are left out."""
        self.over = True


class Piece:
    """Consecutive pictures of one request, answered by one run."""

    __slots__ = ("first", "rows", "work")

    def __init__(self, work: Work, first: int, rows: int) -> None:
        self.work = work
        self.first = first
        self.rows = rows

    @property
    def pixels(self) -> Pixels:
        """Its rows of the request's pictures."""
        return self.work.pixels[self.first : self.first + self.rows]


def cut(work: Work, size: int) -> list[Piece]:
    """The request in pieces of at most `size` pictures."""
    count = len(work.pixels)
    return [
        Piece(work, first, min(size, count - first)) for first in range(0, count, size)
    ]


def answered(
    pieces: Sequence[Piece], answers: Answers, run_seconds: float
) -> list[Work]:
    """Put each piece's answers in their place; the requests that are now complete."""
    complete, row, began = [], 0, time.monotonic() - run_seconds
    scores, judged = answers
    for piece in pieces:
        work, end = piece.work, row + piece.rows
        own = judged.take(range(row, end)) if judged and work.judging else None
        row, some = end, scores[row:end]
        with work.lock:
            work.put(piece.first, some, own)
            work.left -= piece.rows
            work.compute_seconds += run_seconds
            if not work.left and not work.over:
                work.over = True
                work.queue_seconds = max(0.0, began - work.queued)
                complete.append(work)
    return complete


def failed(pieces: Sequence[Piece], error: BaseException) -> list[Work]:
    """The requests that this run would have answered, each now over."""
    works = []
    for work in dict.fromkeys(piece.work for piece in pieces):
        with work.lock:
            if not work.over:
                work.over = True
                works.append(work)
    return works


def tell(works: Sequence[Work], error: Refusal | None = None) -> None:
    """Wake all who wait; those of one event loop with one call into it."""
    loops: dict[asyncio.AbstractEventLoop, list[Work]] = {}
    for work in works:
        loops.setdefault(work.loop, []).append(work)
    for loop, own in loops.items():
        # A loop that was closed meanwhile has nobody left who waits.
        if not loop.is_closed():
            loop.call_soon_threadsafe(_finish_all, own, error)


def _finish_all(works: list[Work], error: Refusal | None) -> None:
    for work in works:
        work.finish(error)


def run_failed(error: BaseException) -> Refusal:
    """The network itself could not answer: no fault of the request."""
    return Refusal(
        Code.INTERNAL,
        received=f"The network failed: {type(error).__name__}: {error}",
        expected="scores.",
        remedy="Report it with the log of the server.",
    )
