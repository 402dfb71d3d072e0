"""Work in threads whose results come in order; few are ahead, so memory stays flat."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import TypeVar

from visus.core.cores import available_cores

Item = TypeVar("Item")
Done = TypeVar("Done")
# Asked between two items of a piece: whether nobody wants the rest any more.
Stopped = Callable[[], bool]
# Pieces for each core that wait to be taken or are under way.
PIECES_AHEAD = 2


def in_order(
    work: Callable[[Sequence[Item], Stopped], Done], items: Sequence[Item], size: int
) -> Iterator[Done]:
    """What `work` makes of each piece of the items, in their order.

    Threads: codecs, resizing and ONNX Runtime let go of Python's lock while they work.

    Args:
        work: called in a thread with a piece, and with what it asks between two items.
        items: all of them.
        size: of a piece.
    """
    stopped = Event()
    cores = available_cores()
    workers = ThreadPoolExecutor(cores)
    ahead: deque[Future[Done]] = deque()
    try:
        for first in range(0, len(items), size):
            piece = items[first : first + size]
            ahead.append(workers.submit(work, piece, stopped.is_set))
            if len(ahead) > PIECES_AHEAD * cores:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        # Ctrl-C waits for the item under way, not for all that are asked for.
        stopped.set()
        workers.shutdown(cancel_futures=True)
