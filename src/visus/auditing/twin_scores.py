"""Scores of pictures by the pairs of twins that they belong to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from visus.auditing.evidence import Account
from visus.data.twins import TwinPair

# A copy is proof; a near twin is what looks alike, and may be the next of a burst.
SCORES = {"exact": 0.0, "near": 0.25}


def score_rows(count: int, scores: Mapping[int, float]) -> NDArray[np.float32]:
    """1 for every picture, but for these `(count,)`."""
    every = np.ones(count, dtype=np.float32)
    for row, score in scores.items():
        every[row] = score
    return every


def worst_scores(pairs: Iterable[TwinPair]) -> dict[int, float]:
    """For each row of these pairs, the score of its surest one."""
    scores: dict[int, float] = {}
    for pair in pairs:
        for row in (pair.first, pair.second):
            scores[row] = min(scores.get(row, 1.0), SCORES[pair.kind])
    return scores


def copies(evidence: Account) -> list[list[int]]:
    """Rows of pictures that are byte for byte the same, two or more each."""
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for cluster in evidence.twins.clusters:
        for row in cluster:
            groups[evidence.dataset.records[row].content_hash].append(row)
    return [rows for content, rows in groups.items() if content and len(rows) > 1]


def others(evidence: Account, row: int) -> list[int]:
    """The twins of a picture, in order of rows."""
    for cluster in evidence.twins.clusters:
        if row in cluster:
            return [other for other in cluster if other != row]
    return []
