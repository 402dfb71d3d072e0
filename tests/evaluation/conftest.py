"""Small batches and predictions whose figures are known beforehand."""

import numpy as np
import pytest

from visus.bundles.predictions import Predictions
from visus.data.batches import Batch


@pytest.fixture
def batch():
    """Makes pictures with the given targets; gray noise unless pixels are given."""

    def make(targets, pixels=None):
        targets = np.asarray(targets, dtype=np.int32)
        if pixels is None:
            shape = (len(targets), 8, 8, 1)
            pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        weights = np.ones(len(targets), dtype=np.float32)
        ids = tuple(f"picture-{row}" for row in range(len(targets)))
        return Batch(pixels, targets, weights, ids)

    return make


@pytest.fixture
def answered():
    """Makes predictions that give these class numbers with the score `sure`."""

    def make(ids, answers, names, *, targets=None, sure=0.9):
        sure = np.broadcast_to(np.float32(sure), len(ids))
        rest = (1 - sure) / max(len(names) - 1, 1)
        scores = np.repeat(rest[:, None], len(names), axis=1)
        scores[np.arange(len(ids)), np.asarray(answers)] = sure
        known = None if targets is None else np.asarray(targets, dtype=np.int32)
        return Predictions(tuple(ids), scores, tuple(names), known)

    return make
