"""Moments in which Ctrl-C has to wait: when what is kept would not fit together."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C and SIGTERM back until the block is done; keep the block short."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python delivers signals to the main thread only.
        return
    received: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _frame: received.append(number))
        for number in SIGNALS
    }
    try:
        yield
    finally:
        for name, handler in before.items():
            # None is a handler that was not set from Python, and cannot be put back.
            signal.signal(name, signal.SIG_DFL if handler is None else handler)
    for number in received:
        os.kill(os.getpid(), number)
