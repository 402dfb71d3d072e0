"""Twins: pictures that are one picture twice, byte for byte or nearly.

A hash proposes and pixels decide: hashes alone tie thousands of different digits
together. Near twins are re-encoded, resized, recolored, mirrored, or cropped by a few
percent. Small pictures and drawings have too little structure to tell that from mere
likeness: theirs must be more alike, and upright, and whole.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from visus.data.looks import Looks
from visus.data.sketches import Nearness, near_pairs, sketch
from visus.data.survey import SMALL_SIDE
from visus.data.warps import WHOLE, Window, aligned_likeness, blank_share, likeness

# What hashes propose: 99 % of re-encoded, resized and mirrored pictures, 95 % of those
# cropped by 5 %, and one in a million pairs of different photographs.
ALIKE = Nearness(distance=0.36, bits=12, most=16)
# Of those that hashes propose as crops or mirrored, fewer are worth a search.
CHANGED = Nearness(distance=0.36, bits=12, most=4)
# The like for small pictures: JPEG at quality 60 moves nine in ten by less.
EQUAL = Nearness(distance=0.06, bits=6, most=16)
# What pixels must show. Of 7,000 photographs, different ones reach 0.67, and cropped
# ones stay above 0.74; of 70,000 digits, different ones reach 0.94.
LEAST_ALIKE = 0.7
LEAST_EQUAL = 0.95
# Drawings are mostly blank: more than half of their pixels are like those around. Of
# 2,700 written characters different ones reach 0.82; resized ones stay above 0.95.
MOST_BLANK = 0.5
LEAST_DRAWN = 0.9
# Pictures alike by this much as they are need no search for a crop.
PLAINLY_ALIKE = 0.85
# Where the search for a crop begins: 2.5 or 5 % off each edge, 5 % off at a corner.
CROPS: tuple[Window, ...] = (
    ((0.025, 0.975), (0.025, 0.975)),
    ((0.05, 0.95), (0.05, 0.95)),
    ((0.0, 0.95), (0.0, 0.95)),
    ((0.0, 0.95), (0.05, 1.0)),
    ((0.05, 1.0), (0.0, 0.95)),
    ((0.05, 1.0), (0.05, 1.0)),
)
# A cluster of more different pictures must be tight, and a small part of all.
MOST_TWINS = 50
LARGEST_SHARE = 0.1
# Pairs verified at once.
PIECE = 2_048

Thumbnails = NDArray[np.uint8]
Rows = NDArray[np.intp]


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
        pairs: in order; of n exact twins, the n - 1 pairs of neighbours, of which the
            first has the near twins of them all.
        clusters: rows that pairs join, directly or through others, each in order; a
            row lies in at most one.
        refused: clusters too large to be twins: the near pairs that made them are
            none. More than 50 different pictures are too many when they are more than
            a tenth of all, or when each has fewer than 8 near twins on average: then
            they are joined by chance, one to the next.
    """

    pairs: tuple[TwinPair, ...]
    clusters: tuple[tuple[int, ...], ...]
    refused: tuple[tuple[int, ...], ...] = ()


def find_twins(
    content_hashes: Sequence[str], looks: Looks | None, *, near: bool = True
) -> Twins:
    """Find the pictures that are one picture more than once.

    Args:
        content_hashes: one a picture; "" is nobody's twin.
        looks: one row a picture, in the same order; `None`: exact twins only.
        near: whether to look for near twins too.
    """
    exact = tuple(_exact_pairs(content_hashes))
    nearly: tuple[TwinPair, ...] = ()
    if near and looks is not None:
        rows = _distinct_rows(content_hashes)
        pairs = sorted(set(_near_pairs(rows, looks)))
        nearly = tuple(TwinPair(first, second, "near") for first, second in pairs)
    joined = join_rows((pair.first, pair.second) for pair in nearly)
    refused = tuple(_too_large(joined, nearly, len(content_hashes)))
    strangers = {row for cluster in refused for row in cluster}
    kept = tuple(pair for pair in nearly if pair.first not in strangers)
    pairs_kept = tuple(sorted(exact + kept))
    clusters = join_rows((pair.first, pair.second) for pair in pairs_kept)
    return Twins(pairs_kept, clusters, refused)


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


def _distinct_rows(content_hashes: Sequence[str]) -> Rows:
    first_rows: dict[str, int] = {}
    for row, content in enumerate(content_hashes):
        first_rows.setdefault(content or f"row {row}", row)
    return np.array(list(first_rows.values()), dtype=np.intp)


def _near_pairs(rows: Rows, looks: Looks) -> Iterator[tuple[int, int]]:
    thumbnails = looks.thumbnails[rows]
    large = np.maximum(looks.heights, looks.widths)[rows] > SMALL_SIDE
    rich = large & (blank_share(thumbnails) <= MOST_BLANK)
    (drawn,), (photos,) = large.nonzero(), rich.nonzero()
    found = [photos[pair] for pair in _alike(thumbnails[photos])]
    if len(photos) < len(drawn):
        pairs = _equal(thumbnails[drawn], ALIKE, LEAST_DRAWN)
        found += [drawn[pair] for pair in pairs if not rich[drawn[pair]].all()]
    if len(drawn) < len(rows):
        pairs = _equal(thumbnails, EQUAL, LEAST_EQUAL)
        found += [pair for pair in pairs if not large[pair].all()]
    for pair in found:
        first, second = sorted(rows[pair].tolist())
        yield first, second


def _equal(thumbnails: Thumbnails, nearness: Nearness, least: float) -> Iterator[Rows]:
    """Pairs of rows whose pictures are alike as they are."""
    sketches = sketch(thumbnails)
    for ours, theirs in _pieces(*near_pairs(sketches, sketches, nearness)):
        alike = likeness(thumbnails[ours], thumbnails[theirs])
        yield from np.stack([ours, theirs], axis=1)[alike >= least]


def _alike(thumbnails: Thumbnails) -> Iterator[Rows]:
    """Pairs of rows whose pictures are one, but for coding, color, a side or a crop."""
    plain = sketch(thumbnails)
    yield from _confirmed(thumbnails, WHOLE, near_pairs(plain, plain, ALIKE))
    for window in CROPS:
        cropped = sketch(thumbnails, window)
        yield from _confirmed(thumbnails, window, near_pairs(cropped, plain, CHANGED))
    mirrored = sketch(thumbnails, mirrored=True)
    proposed = near_pairs(mirrored, plain, CHANGED)
    yield from _confirmed(thumbnails, WHOLE, proposed, mirrored=True)


def _confirmed(
    thumbnails: Thumbnails,
    window: Window,
    proposed: tuple[Rows, Rows],
    *,
    mirrored: bool = False,
) -> Iterator[Rows]:
    for ours, theirs in _pieces(*proposed):
        whole, part = thumbnails[ours], thumbnails[theirs]
        alike = _verified(whole[:, :, ::-1] if mirrored else whole, part, window)
        yield from np.stack([ours, theirs], axis=1)[alike]


def _verified(whole: Thumbnails, part: Thumbnails, window: Window) -> NDArray[np.bool_]:
    alike = likeness(whole, part) >= PLAINLY_ALIKE
    (others,) = (~alike).nonzero()
    aligned = aligned_likeness(whole[others], part[others], window)
    alike[others] = aligned >= LEAST_ALIKE
    return alike


def _pieces(ours: Rows, theirs: Rows) -> Iterator[tuple[Rows, Rows]]:
    for start in range(0, len(ours), PIECE):
        piece = slice(start, start + PIECE)
        yield ours[piece], theirs[piece]


def _too_large(
    clusters: Iterable[tuple[int, ...]], pairs: Iterable[TwinPair], num_images: int
) -> Iterator[tuple[int, ...]]:
    twins = Counter(row for pair in pairs for row in (pair.first, pair.second))
    for cluster in clusters:
        loose = sum(twins[row] for row in cluster) < ALIKE.most / 2 * len(cluster)
        large = len(cluster) > LARGEST_SHARE * num_images
        if len(cluster) > MOST_TWINS and (loose or large):
            yield cluster
