"""Sketches: perceptual hashes of thumbnails, and which of many are almost the same.

A sketch is the slow waves of a thumbnail, the same for any brightness and contrast; its
hash is their signs (pHash; Zauner, "Implementation and benchmarking of perceptual
image hash functions", 2010). Of a few thousand pictures all are compared with all. Of
more, who is near whom is found without that: pictures lie in buckets by the signs of
their slowest waves, and each is looked for in its own bucket and in those that it would
lie in if its weakest signs were wrong
(multi-probe hashing; Lv et al., VLDB 2007).
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visus.core.cores import available_cores
from visus.data.warps import WHOLE, Window, window_matrix

# Waves a side; the mean is left out, so that a hash has 63 bits.
WAVES = 8
# Signs of a bucket's name: waves whose numbers down and right add up to at most 3.
SLOWEST = 3
# Signs that may be wrong: each doubles the buckets that are looked into.
DOUBTS = 4
# Hashes compared at once: what stays in the processor's cache.
PIECE = 65_536
# Up to so many pictures all are compared with all: that takes a nanosecond a pair, and
# buckets take ten milliseconds before the first.
FEW = 4_096
# Pairs of those compared at once.
FEW_PIECE = 2**18
# Enough that no core waits for another's last one.
TASKS_A_CORE = 16

Floats = NDArray[np.float32]
Rows = NDArray[np.intp]
_NONE: Rows = np.empty(0, np.intp)


@dataclass(frozen=True)
class Sketches:
    """One row a picture.

    Args:
        waves: float32 `(num_images, 63)`, of length 1.
        hashes: uint64 `(num_images,)`: the signs of the waves.
    """

    waves: Floats
    hashes: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.hashes)

    def take(self, rows: Rows) -> "Sketches":
        """The sketches at these positions, in this order."""
        return Sketches(self.waves[rows], self.hashes[rows])


@dataclass(frozen=True)
class Nearness:
    """How near two sketches must be.

    Args:
        distance: largest Euclidean distance of the waves, 0 to 2.
        bits: largest number of hash bits that differ.
        most: how many others a picture may be near; the nearest ones are taken.
    """

    distance: float
    bits: int
    most: int


def sketch(
    thumbnails: NDArray[np.uint8], window: Window = WHOLE, *, mirrored: bool = False
) -> Sketches:
    """The sketches of thumbnails, or of what they would be when cropped or mirrored.

    Args:
        thumbnails: uint8 `(num_images, side, side)`.
        window: the part to which they are cropped.
        mirrored: left and right are exchanged.
    """
    side = thumbnails.shape[1]
    down, right = (_cosines(side) @ window_matrix(side, edges) for edges in window)
    waves = np.matmul(np.matmul(down, thumbnails.astype(np.float32)), right.T)
    if mirrored:
        waves[:, :, 1::2] *= -1
    waves = waves.reshape(len(thumbnails), WAVES * WAVES)[:, 1:]
    lengths = np.linalg.norm(waves, axis=1, keepdims=True)
    waves = waves / np.maximum(lengths, np.float32(1e-6))
    powers = np.uint64(1) << np.arange(waves.shape[1], dtype=np.uint64)
    return Sketches(waves, (waves > 0) @ powers)


def near_pairs(
    first: Sketches, second: Sketches, nearness: Nearness
) -> tuple[Rows, Rows]:
    """Rows (of the first, of the second) that are near; never a row with itself.

    Args:
        first: what is looked for.
        second: where it is looked for: sketches of the same pictures, in their order.
        nearness: all of its bounds hold.
    """
    if not len(first):
        return _NONE, _NONE
    if len(first) <= FEW:
        ours, theirs = _all_near(first.hashes, second.hashes, nearness.bits)
        return _nearest(first, second, ours, theirs, nearness)
    buckets = _Buckets(first, second, nearness)
    cores = available_cores()
    # Most buckets of a small data set hold next to nothing: a task each would cost more
    # than what is in it.
    tasks = np.array_split(np.arange(buckets.count), TASKS_A_CORE * cores)
    with ThreadPoolExecutor(cores) as workers:
        found = [
            pairs for part in workers.map(buckets.near_in_all, tasks) for pairs in part
        ]
    ours, theirs = (np.concatenate(side) for side in zip(*found, strict=True))
    return _nearest(first, second, ours, theirs, nearness)


class _Buckets:
    """Where the second's pictures lie, and where the first's are looked for."""

    def __init__(self, first: Sketches, second: Sketches, nearness: Nearness) -> None:
        self.first, self.second, self.bits = first, second, nearness.bits
        slow = _slow_waves()
        self.count = 1 << len(slow)
        self.members = _sorted_by(_names(second.waves[:, slow]), self.count)
        probes, rows = _probes(first.waves[:, slow], nearness.distance)
        order, self.bounds = _sorted_by(probes, self.count)
        self.seekers = rows[order]

    def near_in_all(self, buckets: Rows) -> list[tuple[Rows, Rows]]:
        """The pairs of some buckets, in order."""
        return [self.near_in(bucket) for bucket in buckets.tolist()]

    def near_in(self, bucket: int) -> tuple[Rows, Rows]:
        """The pairs of one bucket whose hashes are near."""
        order, bounds = self.members
        members = order[bounds[bucket] : bounds[bucket + 1]]
        seekers = self.seekers[self.bounds[bucket] : self.bounds[bucket + 1]]
        if not (len(members) and len(seekers)):
            return _NONE, _NONE
        ours, theirs = _all_near(
            self.first.hashes[seekers], self.second.hashes[members], self.bits, PIECE
        )
        return seekers[ours], members[theirs]


def _all_near(
    first: NDArray[np.uint64],
    second: NDArray[np.uint64],
    bits: int,
    piece: int = FEW_PIECE,
) -> tuple[Rows, Rows]:
    """Which of the first and of the second differ by at most so many bits."""
    step = max(1, piece // len(second))
    ours, theirs = [], []
    for start in range(0, len(first), step):
        differ = np.bitwise_count(first[start : start + step, None] ^ second)
        # Flat: to find what is true in two dimensions takes ten times as long.
        found = np.flatnonzero(differ <= bits)
        ours.append(start + found // len(second))
        theirs.append(found % len(second))
    return np.concatenate(ours), np.concatenate(theirs)


def _names(slow: Floats) -> Rows:
    """The bucket of each row: its signs as a number."""
    return (slow > 0) @ (1 << np.arange(slow.shape[1]))


def _probes(slow: Floats, distance: float) -> tuple[Rows, Rows]:
    """The buckets to look into, and for which row."""
    weakest = np.argsort(np.abs(slow), axis=1)[:, :DOUBTS]
    # A wave that is farther from 0 than twins are from each other has a sure sign.
    doubted = np.take_along_axis(np.abs(slow), weakest, axis=1) <= distance
    flips = (np.arange(1 << DOUBTS)[:, None] >> np.arange(DOUBTS)) & 1
    changes = (1 << weakest) @ flips.T
    possible = ~((~doubted).astype(np.int64) @ flips.T).astype(bool)
    rows, columns = possible.nonzero()
    return _names(slow)[rows] ^ changes[rows, columns], rows


def _sorted_by(names: Rows, count: int) -> tuple[Rows, Rows]:
    """Positions in order of their bucket, and where each bucket begins."""
    sizes = np.bincount(names, minlength=count)
    # Sixteen bits are sorted digit by digit, several times as fast as larger numbers.
    order = np.argsort(names.astype(np.uint16), kind="stable")
    return order, np.concatenate([[0], np.cumsum(sizes)])


def _nearest(
    first: Sketches, second: Sketches, ours: Rows, theirs: Rows, nearness: Nearness
) -> tuple[Rows, Rows]:
    gaps = _squared_gaps(first, second, ours, theirs)
    keep = (gaps <= nearness.distance**2) & (ours != theirs)
    ours, theirs, gaps = ours[keep], theirs[keep], gaps[keep]
    order = np.lexsort((theirs, gaps, ours))
    ours, theirs = ours[order], theirs[order]
    # The place of each pair among those of its row.
    place = np.arange(len(ours)) - np.searchsorted(ours, ours)
    return ours[place < nearness.most], theirs[place < nearness.most]


def _squared_gaps(
    first: Sketches, second: Sketches, ours: Rows, theirs: Rows
) -> Floats:
    gaps = np.empty(len(ours), np.float32)
    for start in range(0, len(ours), PIECE):
        piece = slice(start, start + PIECE)
        apart = first.waves[ours[piece]] - second.waves[theirs[piece]]
        gaps[piece] = np.einsum("pw,pw->p", apart, apart)
    return gaps


def _slow_waves() -> Rows:
    down, right = np.divmod(np.arange(1, WAVES * WAVES), WAVES)
    return np.flatnonzero(down + right <= SLOWEST)


def _cosines(side: int) -> Floats:
    """The first waves of the orthonormal DCT-II, `(waves, side)`."""
    places = np.pi * (np.arange(side) + 0.5) / side
    waves = np.cos(np.arange(WAVES)[:, None] * places) * np.sqrt(2 / side)
    waves[0] /= np.sqrt(2)
    return np.asarray(waves, dtype=np.float32)
