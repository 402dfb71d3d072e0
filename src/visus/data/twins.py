"""Twins: pictures that are one picture twice, byte for byte or nearly."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from visus.data.looks import Looks


@dataclass(frozen=True, order=True)
class TwinPair:
    """Two rows that show one picture; `first` < `second`.

    Args:
        first: row of the one.
        second: row of the other.
        kind: "exact": equal content hashes; "near": verified on pixels.
    """

    first: int
    second: int
    kind: Literal["exact", "near"]


@dataclass(frozen=True)
class Twins:
    """Which pictures are one picture more than once.

    Args:
        pairs: in order; of n exact twins, n - 1 pairs of neighbours.
        clusters: rows that pairs join, directly or through others, each in order; a
            row lies in at most one.
        refused: clusters too large to be twins: what joined them is no pair here.
    """

    pairs: tuple[TwinPair, ...]
    clusters: tuple[tuple[int, ...], ...]
    refused: tuple[tuple[int, ...], ...] = ()


def find_twins(content_hashes: Sequence[str], looks: Looks) -> Twins:
    """Find the pictures that are one picture more than once.

    Args:
        content_hashes: one a picture; "" is nobody's twin.
        looks: one row a picture, in the same order.
    """
    pairs = tuple(_exact_pairs(content_hashes))
    clusters = join_rows((pair.first, pair.second) for pair in pairs)
    return Twins(pairs, clusters)


def join_rows(joined: Iterable[tuple[int, int]]) -> tuple[tuple[int, ...], ...]:
    """The clusters that these pairs of rows make, in order (union-find)."""
    parent: dict[int, int] = {}

    def root(row: int) -> int:
        while parent.setdefault(row, row) != row:
            parent[row] = row = parent[parent[row]]
        return row

    for first, second in joined:
        low, high = sorted((root(first), root(second)))
        parent[high] = low
    clusters: defaultdict[int, list[int]] = defaultdict(list)
    for row in sorted(parent):
        clusters[root(row)].append(row)
    return tuple(tuple(clusters[first]) for first in sorted(clusters))


def _exact_pairs(content_hashes: Sequence[str]) -> list[TwinPair]:
    rows: defaultdict[str, list[int]] = defaultdict(list)
    for row, content in enumerate(content_hashes):
        if content:
            rows[content].append(row)
    return sorted(
        TwinPair(first, second, "exact")
        for equal in rows.values()
        for first, second in pairwise(equal)
    )
