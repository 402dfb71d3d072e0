"""Baselines against scikit-learn, and averaging against plain means of blocks."""

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.neighbors import NearestCentroid

from visus.evaluation import baselines
from visus.evaluation.baselines import (
    features,
    majority_accuracy,
    nearest_centroid_accuracy,
    nearest_centroid_answers,
)


@pytest.fixture
def split(batch):
    """Noisy pictures around one brightness a class: some are mistaken, not all."""

    def make(shape, num_train=300, num_test=120):
        generator = np.random.default_rng(1)

        def draw(count):
            targets = generator.integers(0, 4, count)
            noise = generator.normal(0, 40, (count, *shape))
            bright = 90 + 4 * targets.reshape(-1, 1, 1, 1)
            return batch(targets, np.clip(bright + noise, 0, 255).astype(np.uint8))

        return draw(num_train), draw(num_test)

    return make


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 20, 3), (32, 32, 1)])
def test_nearest_centroid_is_that_of_scikit_learn(split, shape):
    train, test = split(shape)
    oracle = NearestCentroid().fit(_flat(train), train.targets)
    expected = oracle.predict(_flat(test))
    assert 0.3 < np.mean(expected == test.targets) < 0.99
    answers = nearest_centroid_answers(train, test, num_classes=4)
    np.testing.assert_array_equal(answers, expected)
    share = nearest_centroid_accuracy(train, test, num_classes=4)
    assert share == pytest.approx(oracle.score(_flat(test), test.targets))


def test_the_pieces_do_not_show(split, monkeypatch):
    train, test = split((64, 40, 3))
    whole = nearest_centroid_answers(train, test, num_classes=4)
    monkeypatch.setattr(baselines, "PIECE_BYTES", 7 * 64 * 40 * 3)
    pieces = nearest_centroid_answers(train, test, num_classes=4)
    np.testing.assert_array_equal(pieces, whole)


def test_a_class_that_was_never_seen_is_never_answered(batch):
    black = np.zeros((3, 4, 4, 1), dtype=np.uint8)
    train, test = batch([1, 1, 1], black + 200), batch([0, 1, 1], black)
    assert nearest_centroid_answers(train, test, num_classes=3).tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "shape, blocks",
    [
        ((28, 28, 1), (1, 1)),
        ((64, 64, 3), (2, 2)),
        ((180, 180, 3), (6, 6)),
        ((100, 20, 3), (4, 1)),
        ((33, 70, 1), (2, 3)),
        ((5, 3000, 1), (1, 94)),
    ],
)
def test_features_are_means_of_whole_blocks(shape, blocks):
    pixels = np.random.default_rng(0).integers(0, 256, (3, *shape), dtype=np.uint8)
    (height, width, channels), (tall, wide) = shape, blocks
    rows, columns = height // tall, width // wide
    whole = pixels[:, : rows * tall, : columns * wide].astype(np.float64)
    expected = whole.reshape(3, rows, tall, columns, wide, channels).mean(axis=(2, 4))
    found = features(pixels)
    assert rows <= 32 and columns <= 32
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected.reshape(3, -1), rtol=1e-6)


def test_majority_is_that_of_scikit_learn(batch):
    train, test = batch([2, 0, 2, 1, 2]), batch([2, 2, 1, 0])
    oracle = DummyClassifier(strategy="most_frequent").fit(_flat(train), train.targets)
    expected = oracle.score(_flat(test), test.targets)
    assert majority_accuracy(train, test) == expected == 0.5


def _flat(pictures):
    return pictures.pixels.reshape(len(pictures), -1).astype(np.float64)
