"""Images a second of two graphs, side by side."""

import time
from statistics import median

import numpy as np
from numpy.typing import NDArray

from visus.bundles.runtime import Session
from visus.data.batches import Pixels

BATCH = 16
ROUNDS = 7


def compare_speeds(
    one: bytes, other: bytes, pixels: Pixels, rounds: int = ROUNDS
) -> tuple[float, float]:
    """Images a second of each graph, the median of several rounds in turn.

    In turn, so that a slow moment of the machine falls on both.

    Args:
        one: a serialised graph.
        other: another one of the same pictures.
        pixels: uint8 `(num_images, height, width, channels)`, at least one.
        rounds: how often each answers a batch, after one that does not count.
    """
    batch = _batch(pixels)
    sessions = [Session(one), Session(other)]
    seconds: list[list[float]] = [[], []]
    for number in range(rounds + 1):
        for session, found in zip(sessions, seconds, strict=True):
            started = time.perf_counter()
            session.scores(batch)
            if number:
                found.append(time.perf_counter() - started)
    first, second = (len(batch) / median(found) for found in seconds)
    return first, second


def _batch(pixels: Pixels) -> NDArray[np.uint8]:
    rows = np.arange(BATCH) % len(pixels)
    return np.stack([pixels[int(row)] for row in rows])
